"""Analyses: functions from a snapshot's tables to reports, and what keeps and computes their reports."""
