"""The parts of the page of tickets behind a number of service."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.analytics.periods import Period
from crm_core.analytics.service_drill import TicketsParams, TicketsReport
from crm_core.analytics.service_metrics import SERVICE_METRICS, Occurrences
from crm_core.analytics.service_params import TicketFilter
from crm_core.analytics.service_tables import Part
from crm_core.analytics.service_values import value_of as metric_of
from crm_core.errors import Invalid
from crm_core.records.tickets import STATES
from crm_core.translation import N_
from dashboard.i18n import _, fmt
from dashboard.ui import customers, service
from dashboard.ui.cards import metric_text
from dashboard.ui.downloads import downloads
from dashboard.ui.opening import opening_column

PER_PAGE = 25
TITLES = {
    "number": N_("Ticket"),
    "subject": N_("Subject"),
    "category": N_("Category"),
    "channel": N_("Channel"),
    "priority": N_("Priority"),
    "team_id": N_("Team"),
    "assignee_id": N_("Assigned to"),
    "state": N_("State"),
    "opened_at": N_("Opened"),
    "first_replied_at": N_("First reply"),
    "resolved_at": N_("Resolved"),
    "at": N_("Counted at"),
    "counted": N_("Counted"),
}


def wanted() -> TicketsParams | None:
    """The metric, window and tickets the address names."""
    address = st.query_params
    if "metric" not in address:
        kept = st.session_state.get("service_tickets.address")
        if kept is None:
            return None
        address.update(kept)
    if address["metric"] not in SERVICE_METRICS:
        return None
    try:
        period = Period(date.fromisoformat(address["from"]), date.fromisoformat(address["to"]))
        only: dict[str, Any] = {
            name: service.value_of(name, address.get(name, service.ANY)) for name in service.DIMENSIONS
        }
        numbers = {name: int(address[name]) for name in ("weekday", "hour", "age", "until") if name in address}
        part = Part(numbers.get("weekday"), numbers.get("hour"), numbers.get("age"), numbers.get("until") or None)
    except (KeyError, ValueError, Invalid):
        return None
    st.session_state["service_tickets.address"] = address.to_dict()
    hours = service.business_hours() if address.get("hours") == "business" else None
    return TicketsParams(
        period, "none", TicketFilter(**only), hours, service.now(), metric=address["metric"], part=part
    )


def value_said(params: TicketsParams, report: TicketsReport) -> str:
    """The number itself, from its tickets."""
    metric, rows = SERVICE_METRICS[params.metric], report.tickets
    at = rows["ticket_id"].to_numpy(dtype="int64")
    found = metric_of(metric, Occurrences(at, at, rows["counted"].to_numpy(dtype="float64")))
    return _("{metric}: {value}", metric=_(metric.name), value=metric_text(params.metric, found.value))


def table(report: TicketsReport, names: Mapping[tuple[str, Any], str], number: int) -> None:
    """One page of the tickets; clicking a number opens the ticket."""
    rows = report.tickets.iloc[(number - 1) * PER_PAGE : number * PER_PAGE]
    key = f"service_tickets.{number}"
    ids = [int(row) for row in rows["ticket_id"]]
    config: dict[str, Any] = {
        "number": opening_column(_(TITLES["number"]), key=key, page="ticket", ids=ids)
    }  # fmt: skip
    shown = said(rows, names)
    config |= {
        name: st.column_config.TextColumn(_(title), alignment="right" if name == "counted" else "left")
        for name, title in TITLES.items()
        if name != "number"
    }
    st.dataframe(
        shown, key=key, hide_index=True, lazy=False, column_config=config, height="content",
        alt=_("Tickets behind a number"),
    )  # fmt: skip


def worded(rows: pd.DataFrame, names: Mapping[tuple[str, Any], str]) -> pd.DataFrame:
    """The tickets with codes and keys in words; numbers and times stay what they are."""
    shown = rows.copy()
    for dimension in service.DIMENSIONS:
        values = [None if value != value or value is None else value for value in rows[dimension]]
        keys = [int(value) if value is not None and dimension.endswith("_id") else value for value in values]
        shown[dimension] = ["" if key is None else service.name_of(names, dimension, key) for key in keys]
    shown["state"] = [_(STATES.get(state, state)) for state in rows["state"]]
    return shown


def said(rows: pd.DataFrame, names: Mapping[tuple[str, Any], str]) -> pd.DataFrame:
    """The tickets as this reader writes them."""
    shown = worded(rows, names)
    for name in ("opened_at", "first_replied_at", "resolved_at", "at"):
        shown[name] = ["" if pd.isna(at) else fmt().instant(at.to_pydatetime()) for at in rows[name]]
    shown["counted"] = [fmt().number(value, 2) for value in rows["counted"]]
    return shown[list(TITLES)]


def pager(total: int) -> None:
    """Pages of tickets."""
    customers.pager("service_tickets", max(1, math.ceil(total / PER_PAGE)))


def download(params: TicketsParams, report: TicketsReport, names: Mapping[tuple[str, Any], str]) -> None:
    """All of the tickets as files, for those who may export."""
    titles = {name: _(title) for name, title in TITLES.items()}
    frame = worded(report.tickets, names)[list(titles)].rename(columns=titles)
    file_name = f"tickets_{params.metric}_{params.period.start}_{params.period.end}"
    downloads(lambda: frame, file_name=file_name, key="service_tickets.download")
