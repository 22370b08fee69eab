"""The deals behind a number of the pipeline: as a table, as pages, as a file."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.analytics import pipeline_drill
from crm_core.analytics.periods import Period
from crm_core.analytics.pipeline import PipelineParams, pipeline
from crm_core.analytics.pipeline_groups import DIMENSIONS
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS
from crm_core.translation import N_
from dashboard import nav, session
from dashboard.i18n import _, fmt
from dashboard.ui import customers, outcome
from dashboard.ui.cards import metric_text
from dashboard.ui.deal_groups import group_names, owner_names
from dashboard.ui.downloads import rows_downloads
from dashboard.ui.opening import opening_column
from dashboard.ui.page import Page
from dashboard.ui.pipeline import ROWS_PAGE, address

PER_PAGE = 25
TITLES = {
    "deal_id": N_("Deal number"),
    "number": N_("Number"),
    "name": N_("Deal"),
    "customer_ref": N_("Reference"),
    "customer_name": N_("Customer"),
    "owner_id": N_("Owner"),
    "stage": N_("Stage"),
    "outcome": N_("Outcome"),
    "amount": N_("Amount"),
    "chance": N_("Chance to win"),
    "weighted": N_("Weighted value"),
    "opened_at": N_("Opened"),
    "closed_at": N_("Closed"),
    "cycle_days": N_("Days to close"),
    "expected_close_on": N_("Expected close"),
    "days_late": N_("Days late"),
    "idle_days": N_("Days idle"),
    "usual_days": N_("Usual at most"),
}
OUTCOMES = {"open": N_("Open"), "won": N_("Won deal"), "lost": N_("Lost deal")}
ALL = ("name", "number", "customer_name", "owner_id", "stage", "outcome", "amount", "chance", "weighted", "opened_at",
       "closed_at", "cycle_days", "expected_close_on", "days_late", "idle_days", "usual_days")  # fmt: skip
STUCK = {
    "slipping": ("name", "customer_name", "stage", "amount", "expected_close_on", "days_late"),
    "stale": ("name", "customer_name", "stage", "amount", "idle_days", "usual_days"),
}
WHATS = {
    "reached": N_("reached it in the period"),
    "advanced": N_("reached it and went further"),
    "lost": N_("reached it and were lost"),
    "undecided": N_("reached it and are undecided"),
    "opened": N_("opened in the period and reached it"),
    "open": N_("open in it at the end of the period"),
}
OUTLOOK: dict[str, Callable[[], str]] = {
    "overdue": lambda: _("Open deals expected earlier"),
    "later": lambda: _("Open deals expected later"),
    "undated": lambda: _("Open deals without an expected close"),
}
SHORT = 8
"""Rows of a list on the Pipeline page; the others are one click away."""


def wanted() -> tuple[str, PipelineParams] | None:
    """The number and the window the address names."""
    if "metric" not in st.query_params:
        kept = st.session_state.get("deals_behind.address")
        if kept is None:
            return None
        st.query_params.update(kept)
    asked = st.query_params
    try:
        period = Period(date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"]))
    except (KeyError, ValueError):
        return None
    st.session_state["deals_behind.address"] = asked.to_dict()
    return asked["metric"], PipelineParams(period)


def found(code: str, params: PipelineParams, number: int, per_page: int = PER_PAGE) -> tuple[pd.DataFrame, int] | None:
    """One page of the deals and how many there are; None where the code names no number."""
    with session.workspace().warehouse.open() as snapshot:
        tables = snapshot.tables(session.actor().scope)
        try:
            return pipeline_drill.deals_behind(tables, code, params, limit=per_page, offset=(number - 1) * per_page)
        except KeyError:
            return None


def title(code: str, params: PipelineParams) -> tuple[str, str]:
    """What the deals are of, and how that number is computed."""
    if code in STUCK:
        metric = PIPELINE_METRICS[f"{code}_deals"]
        return _(metric.name), _(metric.formula)
    report = outcome.report("deals_behind", pipeline, params)
    if code in PIPELINE_METRICS:
        metric = PIPELINE_METRICS[code]
        value = metric_text(code, report.metrics[code].value)
        return _("{metric}: {value}", metric=_(metric.name), value=value), _(metric.formula)
    kind, part, rest = _parted(code)
    if kind == "stage":
        name = report.stages.set_index("code")["name"][part]
        return _("{label}: {choice}", label=_(str(name)), choice=_(WHATS[rest])), ""
    if kind == "group":
        found = report.groups[report.groups["dimension"] == part].reset_index(drop=True)
        names = dict(zip([key or "" for key in found["key"]], group_names(part, found), strict=True))
        return _("{label}: {choice}", label=_(DIMENSIONS[part]), choice=names.get(rest) or rest or _("Not set")), _(
            "Closed deals"
        )
    if kind == "outlook":
        return OUTLOOK[part]() if part in OUTLOOK else _month(part), ""
    return _("Opened in the period and won"), ""


def _parted(code: str) -> tuple[str, str, str]:
    """The kind of a code, what it is of, and which part of that."""
    kind, _colon, rest = code.partition(":")
    first, _colon, last = rest.rpartition(":") if kind == "stage" else rest.partition(":")
    return kind, first, last


def _month(day: str) -> str:
    return _("Won or expected in {month}", month=fmt().month(date.fromisoformat(day)))


def table(rows: pd.DataFrame, names: tuple[str, ...], *, key: str, alt: str) -> None:
    """The deals as this reader writes them; a name opens the deal where there is a page of deals."""
    columns = {name: _said(rows, name) for name in names}
    frame = pd.DataFrame({name: said for name, said in columns.items() if any(said)})
    config: dict[str, Any] = {name: _column(name) for name in frame.columns}
    if nav.page("deal") is not None:
        ids = [int(row_id) for row_id in rows["deal_id"]]
        config["name"] = opening_column(_(TITLES["name"]), key=key, page="deal", ids=ids)
    st.dataframe(frame, key=key, alt=alt, hide_index=True, lazy=False, column_config=config, height="content")


def shortlist(page: Page, code: str, params: PipelineParams, why: str) -> None:
    """The first of the slipping or stale deals, and the way to all of them."""
    metric = PIPELINE_METRICS[f"{code}_deals"]
    st.subheader(_(metric.name), anchor=False)
    rows, total = found(code, params, 1, SHORT) or (pd.DataFrame(), 0)
    if not total:
        st.caption(_("None: {formula}", formula=_(metric.formula)))
        return
    st.caption(_("{why}: {n} deals", why=why, n=fmt().number(total)))
    table(rows, STUCK[code], key=f"pipeline_{code}", alt=_(metric.name))
    if total > SHORT:
        label = _("All {n} deals", n=fmt().number(total))
        page.link(ROWS_PAGE, label, icon=":material/table_rows:", **address(params.period), metric=code)


def pager(total: int) -> None:
    """Pages of deals."""
    customers.pager("deals_behind", max(1, math.ceil(total / PER_PAGE)))


def download(code: str, params: PipelineParams) -> None:
    """All of the deals as files, for those who may export."""
    rows_downloads(
        lambda tables: pipeline_drill.deals_behind(tables, code, params, limit=None)[0],
        titles=TITLES,
        file_name=f"{code.replace(':', '_')}_{params.period.start}_{params.period.end}",
        key="deals_behind.download",
    )


def _said(rows: pd.DataFrame, name: str) -> list[str]:
    """A column in words; nothing where there is nothing."""
    named = owner_names([int(key) for key in rows[name].dropna().unique()]) if name == "owner_id" else {}
    ways: dict[str, Callable[[Any], str]] = {
        "stage": lambda value: _(str(value)),
        "outcome": lambda value: _(OUTCOMES[value]),
        "amount": fmt().money,
        "weighted": fmt().money,
        "chance": fmt().percent,
        "opened_at": fmt().on,
        "closed_at": fmt().on,
        "expected_close_on": fmt().date,
        "owner_id": lambda value: named.get(int(value), str(value)),
        "days_late": lambda value: fmt().number(int(value)) if value else "",
    } | dict.fromkeys(("cycle_days", "idle_days", "usual_days"), lambda value: fmt().number(value, 1))
    say = ways.get(name, str)
    return ["" if pd.isna(value) else say(value) for value in rows[name]]


def _column(name: str) -> Any:
    is_number = name in {"amount", "weighted", "chance", "cycle_days", "days_late", "idle_days", "usual_days"}
    return st.column_config.TextColumn(
        _(TITLES[name]), alignment="right" if is_number else "left", pinned=True if name == "name" else None
    )
