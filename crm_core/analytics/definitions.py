"""Every metric that cards and courses can show, whatever it measures."""

from __future__ import annotations

from crm_core.analytics.metrics import METRICS, Definition
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS
from crm_core.analytics.service_metrics import SERVICE_METRICS

DEFINITIONS: dict[str, Definition] = {**METRICS, **SERVICE_METRICS, **PIPELINE_METRICS}
"""Definitions by id; of sales and customers, tickets, and deals."""
