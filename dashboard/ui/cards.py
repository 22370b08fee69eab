"""KPI cards: value, change with its direction, sparkline, and the way to the rows behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from crm_core.analytics.definitions import DEFINITIONS
from crm_core.analytics.kpis import Kpi
from crm_core.analytics.service_values import ServiceKpi
from crm_core.charts.scale import say
from dashboard import nav
from dashboard.i18n import _, fmt, texts

CARD_WIDTH = 150


def kpi_cards(
    metrics: Mapping[str, Kpi] | Mapping[str, ServiceKpi],
    ids: Sequence[str],
    *,
    trends: Mapping[str, Sequence[Any]],
    address: Mapping[str, str],
    rows: str = "rows",
) -> None:
    """One card a metric; `trends` gives each one's sparkline, `address` the filters its rows open with on page `rows`.

    What the changes are against is said once, above the cards: a phone has no room for it in each.
    """
    with st.grid(min(len(ids), 4), min_column_width=CARD_WIDTH, gap="small", key="kpi_cards"):
        for metric_id in ids:
            with st.container(border=True, height="stretch", gap="xsmall", key=f"kpi_{metric_id}"):
                _card(metrics[metric_id], trends.get(metric_id), address, rows)


def _card(kpi: Kpi | ServiceKpi, trend: Sequence[Any] | None, address: Mapping[str, str], rows: str) -> None:
    metric = DEFINITIONS[kpi.id]
    color = {"up": "normal", "down": "inverse", None: "off"}[metric.better]
    values = [float(value) for value in trend if value is not None] if trend is not None else []
    st.metric(
        _(metric.name),
        metric_text(kpi.id, kpi.value, compact=True),
        change_text(kpi),
        delta_color=color,  # type: ignore[arg-type]
        help=_(metric.formula),
        chart_data=values if len(values) > 1 else None,
        chart_type="area",
    )
    if isinstance(kpi, ServiceKpi) and kpi.p90 is not None:
        spread = {"p90": metric_text(kpi.id, kpi.p90), "mean": metric_text(kpi.id, kpi.mean)}
        st.caption(_("90% within {p90} · mean {mean}", **spread))
    target = nav.page(rows)
    if target is not None and kpi.n:
        label = _("{n} rows", n=fmt().number(kpi.n))
        st.page_link(target, label=label, icon=":material/table_rows:", query_params={**address, "metric": kpi.id})
    else:
        st.caption(_("No rows"))


def metric_text(metric_id: str, value: Decimal | float | None, *, compact: bool = False) -> str:
    """A metric's value as this reader writes it; a dash where there is no data."""
    if value is None:
        return "–"
    unit = DEFINITIONS[metric_id].unit
    if unit == "money":
        return fmt().money(Decimal(value), compact=compact)
    if unit == "ratio":
        return fmt().percent(float(value))
    if unit == "hours":
        return say(value, "hours", _=texts(), formats=fmt())
    if unit == "days":
        return say(round(float(value), 1), "days", _=texts(), formats=fmt())
    return fmt().number(value)


def change_text(kpi: Kpi | ServiceKpi) -> str | int | None:
    """The change against the comparison, of a share in percentage points; 0 without change, None without a base."""
    if DEFINITIONS[kpi.id].unit == "ratio":
        if kpi.value is None or kpi.previous is None:
            return None
        points = round((float(kpi.value) - float(kpi.previous)) * 100, 1)
        return _("{points} pp", points=f"{points:+.1f}") if points else 0
    if kpi.change is None:
        return None
    return fmt().percent(kpi.change, signed=True) if round(kpi.change, 3) else 0
