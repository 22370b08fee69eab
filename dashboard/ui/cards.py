"""KPI cards: value, change with its direction, sparkline, and the way to the rows behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import streamlit as st

from crm_core.analytics.definitions import DEFINITIONS
from crm_core.analytics.service_values import ServiceKpi
from crm_core.charts.scale import say
from crm_core.translation import N_
from dashboard import nav
from dashboard.i18n import _, fmt, texts

if TYPE_CHECKING:
    from crm_core.analytics.figures import Figure
    from crm_core.analytics.standings import Standing, Status

CARD_WIDTH = 150
WORDS: dict[Status, str] = {
    "met": N_("target met"),
    "missed": N_("target missed"),
    "on_course": N_("on course"),
    "behind": N_("behind"),
}
SIGNS: dict[Status, str] = {
    "met": ":green[:material/check_circle:]",
    "missed": ":red[:material/cancel:]",
    "on_course": ":blue[:material/trending_up:]",
    "behind": ":orange[:material/warning:]",
}
"""What a standing is said by: words and a sign, never a colour alone."""


def kpi_cards(
    metrics: Mapping[str, Figure],
    ids: Sequence[str],
    *,
    trends: Mapping[str, Sequence[Any]],
    address: Mapping[str, str],
    rows: str = "rows",
    standings: Mapping[str, Standing] | None = None,
    key: str = "kpi",
) -> None:
    """One card a metric; `trends` gives each one's sparkline, `address` the filters its rows open with on page `rows`,
    `standings` how it stands against its target. `key` tells the cards of several rows of a page apart.

    What the changes are against is said once, above the cards: a phone has no room for it in each.
    """
    with st.grid(min(len(ids), 4), min_column_width=CARD_WIDTH, gap="small", key=f"{key}_cards"):
        for metric_id in ids:
            with st.container(border=True, height="stretch", gap="xsmall", key=f"{key}_{metric_id}"):
                _card(metrics[metric_id], trends.get(metric_id), (standings or {}).get(metric_id), address, rows)


def _card(
    kpi: Figure, trend: Sequence[Any] | None, held: Standing | None, address: Mapping[str, str], rows: str
) -> None:
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
    if held is not None:
        st.caption(standing_text(held))
    target = nav.page(rows)
    if target is not None and kpi.n:
        label = _("{n} rows", n=fmt().number(kpi.n))
        st.page_link(target, label=label, icon=":material/table_rows:", query_params={**address, "metric": kpi.id})
    else:
        st.caption(_("No rows"))


def standing_text(held: Standing) -> str:
    """The target, how much of it is reached, and whether that is well: "104% of €50,000: target met"."""
    target = metric_text(held.metric, held.target, compact=True)
    word = _(WORDS[held.status])
    if held.share is None:
        said = _("of {target}: {word}", target=target, word=word)
    else:
        said = _("{share} of {target}: {word}", share=fmt().percent(held.share, 0), target=target, word=word)
    return f"{SIGNS[held.status]} {said}"


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


def change_text(kpi: Figure) -> str | int | None:
    """The change against the comparison, of a share in percentage points; 0 without change, None without a base."""
    if DEFINITIONS[kpi.id].unit == "ratio":
        if kpi.value is None or kpi.previous is None:
            return None
        points = round((float(kpi.value) - float(kpi.previous)) * 100, 1)
        return _("{points} pp", points=f"{points:+.1f}") if points else 0
    if kpi.change is None:
        return None
    return fmt().percent(kpi.change, signed=True) if round(kpi.change, 3) else 0
