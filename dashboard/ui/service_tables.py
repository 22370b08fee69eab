"""The tables of the Service page: by group, what is due, topics, and numbers behind its charts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.analytics.service import ServiceReport
from crm_core.analytics.service_due import DueReport
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.ticket_topics import TopicsReport
from crm_core.charts.service import age, weekdays
from crm_core.translation import N_
from dashboard.i18n import _, fmt, ngettext, texts
from dashboard.ui import service
from dashboard.ui.cards import metric_text
from dashboard.ui.drawing import grid
from dashboard.ui.opening import opening_column
from dashboard.ui.page import Page

STEPS = {"response": N_("First answer"), "resolution": N_("Resolution")}
TRENDS = {"more": N_("More often"), "less": N_("Less often"), "same": N_("As before")}
TOPICS_SHOWN, DUE_SHOWN = 12, 10
GROUPED = {
    "opened": N_("New"),
    "resolved": N_("Resolved"),
    "backlog": N_("Open"),
    "first_response": N_("First reply"),
    "resolution": N_("Resolution"),
    "sla_attainment": N_("In time"),
    "csat": N_("Satisfied"),
}
"""What the table of groups shows, in words short enough for its columns."""
_WIDE, _NARROW = 74, 44


def breakdown(page: Page, report: ServiceReport, names: Mapping[tuple[str, Any], str]) -> None:
    """Service by what tickets are about and who works on them; a row opens its tickets."""
    labels = {name: _(label) for name, label in service.DIMENSIONS.items()}
    dimension = page.choice("by", _("By"), labels, default="category", label_visibility="collapsed")
    rows = report.breakdown[report.breakdown["dimension"] == dimension].reset_index(drop=True)
    shown = pd.DataFrame({"value": [service.name_of(names, dimension, value) for value in rows["value"]]})
    config: dict[str, Any] = {"value": st.column_config.TextColumn(labels[dimension], pinned=True, width=118)}
    for name, title in GROUPED.items():
        metric = SERVICE_METRICS[name]
        parts = {name: (_(title), rows[name])}
        if metric.kind == "duration":
            parts[f"{name}_p90"] = (_("90% within"), rows[f"{name}_p90"])
        for key, (label, values) in parts.items():
            shown[key] = [metric_text(name, _known(value)) for value in values]
            said = _("{metric}: {formula}", metric=_(metric.name), formula=_(metric.formula))
            config[key] = st.column_config.TextColumn(label, alignment="right", help=said, width=_WIDE)
        if metric.kind in ("duration", "share"):
            shown[f"{name}_n"] = [fmt().number(n) for n in rows[f"{name}_n"]]
            config[f"{name}_n"] = st.column_config.TextColumn(_("n"), alignment="right", width=_NARROW)
    state: Any = st.dataframe(
        shown, key=f"service_by_{dimension}", hide_index=True, lazy=False, column_config=config, on_select="rerun",
        selection_mode="single-row", alt=_("Service by {dimension}", dimension=labels[dimension]),
        height="content" if len(shown) < 12 else 420,
    )  # fmt: skip
    picked = state.selection.rows
    if picked and picked[0] < len(rows):
        value = rows["value"].iloc[picked[0]]
        code = service.code_of(0 if value is None else value)
        label = _("{name}: open the tickets", name=shown.iloc[picked[0], 0])
        address = service.address_of(report, metric="opened") | {dimension: code}
        page.link("service_tickets", label, icon=":material/table_rows:", **address)
    else:
        st.caption(_("Choose a row to open its tickets."))


def due(page: Page, found: DueReport, names: Mapping[tuple[str, Any], str]) -> None:
    """What is late or due within a day, the most urgent first."""
    late = ngettext("{n} ticket is late", "{n} tickets are late", found.n_late)
    soon = ngettext("{n} is due within a day", "{n} are due within a day", found.n_soon)
    st.caption(_("{late}, {soon}.", late=late, soon=soon))
    rows = found.tickets.head(DUE_SHOWN)
    if len(rows):
        ids = [int(row_id) for row_id in rows["ticket_id"]]
        table = pd.DataFrame(
            {
                "number": rows["number"],
                _("Subject"): rows["subject"],
                _("Step"): [_(STEPS[step]) for step in rows["step"]],
                _("Time left"): [_left(hours) for hours in rows["hours_left"]],
                _("Assigned to"): [service.name_of(names, "assignee_id", _whole(key)) for key in rows["assignee_id"]],
            }
        )
        opening = {"number": opening_column(_("Ticket"), key="service_due", page="ticket", ids=ids)}
        grid(
            table, key="service_due", alt=_("Late or due within a day"), columns=opening, right=[_("Time left")],
            height="content",
        )  # fmt: skip
    page.link("tickets", _("All tickets by what is due"), icon=":material/confirmation_number:")


def topics(found: TopicsReport) -> None:
    """What the tickets are about, those that changed first."""
    rows = found.topics.head(TOPICS_SHOWN)
    kinds = {"category": _("Category"), "word": _("Word")}
    table = pd.DataFrame(
        {
            _("Topic"): rows["topic"],
            _("Kind"): [kinds[kind] for kind in rows["kind"]],
            _("Tickets"): [fmt().number(n) for n in rows["n"]],
            _("Share"): [fmt().percent(share) for share in rows["share"]],
            _("Share before"): [fmt().percent(share) for share in rows["previous_share"]],
            _("Change"): [_(TRENDS[trend]) if isinstance(trend, str) else "–" for trend in rows["trend"]],
        }
    )
    right = [_("Tickets"), _("Share"), _("Share before")]
    grid(table, key="service_topics", alt=_("What tickets are about"), right=right, height="content")


def series_table(report: ServiceReport, metric: str) -> pd.DataFrame:
    """The chart's numbers."""
    rows = report.series
    return pd.DataFrame(
        {
            _("From"): [fmt().date(day) for day in rows["start"]],
            _(SERVICE_METRICS[metric].name): [metric_text(metric, _known(value)) for value in rows[metric]],
            "n": [fmt().number(n) for n in rows[f"{metric}_n"]],
            _("Complete"): [_("Yes") if done else _("No") for done in rows["is_complete"]],
        }
    )


def hours_table(report: ServiceReport) -> pd.DataFrame:
    """Tickets by hour of the week, a row a weekday."""
    counts = report.by_hour["opened"].to_numpy().reshape(7, 24)
    table = pd.DataFrame({_("Day"): weekdays(fmt())})
    for hour in range(24):
        table[f"{hour:02}"] = [fmt().number(int(n)) for n in counts[:, hour]]
    return table


def ages_table(report: ServiceReport) -> pd.DataFrame:
    """Open tickets by age."""
    rows = report.ageing
    ages = [age(low, high, texts()) for low, high in zip(rows["from_days"], rows["to_days"], strict=True)]
    return pd.DataFrame({_("Age"): ages, _("Tickets"): [fmt().number(int(n)) for n in rows["tickets"]]})


def _left(hours: float) -> str:
    said = metric_text("first_response", abs(hours))
    return _("{time} late", time=said) if hours < 0 else said


def _known(value: Any) -> Any:
    return None if value is None or value != value else value


def _whole(value: Any) -> int | None:
    return None if value is None or value != value else int(value)
