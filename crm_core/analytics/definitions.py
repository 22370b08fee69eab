"""The contract of key figures: every metric there is, whatever it measures, and the area of work it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from crm_core.analytics.metrics import METRICS, Definition
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.translation import N_

DEFINITIONS: dict[str, Definition] = {**METRICS, **SERVICE_METRICS, **PIPELINE_METRICS}
"""Definitions by id; of sales and customers, tickets, and deals."""


@dataclass(frozen=True)
class Area:
    """Metrics that one looks at together, in the order to show them."""

    id: str
    name: str
    metrics: tuple[str, ...]


_OF_CUSTOMERS = (
    "active_customers", "new_customers", "returning_customers", "resurrected_customers", "dormant_customers", "arpc",
)  # fmt: skip
_OF_RETENTION = ("repeat_rate", "churn_rate", "nrr", "gross_retention")

AREAS: dict[str, Area] = {
    area.id: area
    for area in (
        Area("sales", N_("Sales"), tuple(name for name in METRICS if name not in (*_OF_CUSTOMERS, *_OF_RETENTION))),
        Area("customers", N_("Customers"), _OF_CUSTOMERS),
        Area("retention", N_("Retention"), _OF_RETENTION),
        Area("service", N_("Service"), tuple(SERVICE_METRICS)),
        Area("pipeline", N_("Pipeline"), tuple(PIPELINE_METRICS)),
    )
}
"""Every metric is in exactly one of these."""

AREA_OF: dict[str, str] = {metric: area.id for area in AREAS.values() for metric in area.metrics}
"""The area of each metric."""
