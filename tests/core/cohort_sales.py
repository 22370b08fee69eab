"""Cohorts of a few literal sales, for the tests of cohorts by subject."""

from __future__ import annotations

from datetime import date
from typing import Any

from crm_core.analytics.cohorts import CohortParams, CohortReport, cohorts
from crm_core.analytics.periods import Period
from tests.core.tables import Line, Order, make_tables

YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))


def bought(*when: tuple[int, str], zone: str = "Europe/Berlin", **options: Any) -> CohortReport:
    """The report of sales of 1, each by a customer at a local time."""
    orders = [Order(number, at, customer) for number, (customer, at) in enumerate(when, 1)]
    tables = make_tables(orders, [Line(order.id, "1") for order in orders], timezone=zone)
    return cohorts(tables, CohortParams(options.pop("period", YEAR), **options))


def row(report: CohortReport, cohort: date) -> list[int]:
    """How many were retained in each window of the cohort."""
    return report.cells.loc[report.cells["cohort"] == cohort, "retained"].tolist()
