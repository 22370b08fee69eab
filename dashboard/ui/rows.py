"""The parts of the page of rows behind a number."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.analytics import drill
from crm_core.analytics.kpis import KpiParams, kpis
from crm_core.analytics.metrics import METRICS
from crm_core.analytics.periods import Period
from crm_core.charts import order_times
from crm_core.translation import N_
from dashboard import session
from dashboard.i18n import _, column_format, fmt
from dashboard.ui import customers
from dashboard.ui.cards import metric_text
from dashboard.ui.downloads import rows_downloads

PER_PAGE = 25
DOWNLOAD_LIMIT = 1_000_000
TITLES = {
    "order_number": N_("Order"),
    "ordered_at": N_("Date"),
    "customer_ref": N_("Reference"),
    "customer_name": N_("Customer"),
    "product_code": N_("Product code"),
    "product_name": N_("Product"),
    "kind": N_("Kind"),
    "quantity": N_("Quantity"),
    "unit_price": N_("Unit price"),
    "amount": N_("Amount"),
    "discount": N_("Discount"),
    "country": N_("Country"),
    "orders": N_("Orders"),
    "sales": N_("Sales"),
    "counted": N_("Counted"),
    "channel": N_("Channel"),
    "customer_id": N_("Customer number"),
    "status": N_("Status"),
    "first_ordered_on": N_("First order"),
    "is_repeat": N_("Ordered again"),
    "sales_before": N_("Sales before"),
    "net_sales": N_("Net sales"),
}
STATUSES = order_times.STATUSES | {"other": N_("Refunds only")}
MONEY = ("amount", "discount", "counted", "sales", "sales_before", "net_sales")
KINDS = {"sale": N_("Sale"), "refund": N_("Refund"), "adjustment": N_("Adjustment")}


def wanted() -> tuple[str, KpiParams] | None:
    """The metric and the window the address names."""
    address = st.query_params
    if "metric" not in address:
        kept = st.session_state.get("rows.address")
        if kept is None:
            return None
        st.query_params.update(kept)
        address = st.query_params
    try:
        period = Period(date.fromisoformat(address["from"]), date.fromisoformat(address["to"]))
    except (KeyError, ValueError):
        return None
    if address["metric"] not in METRICS:
        return None
    st.session_state["rows.address"] = address.to_dict()
    params = KpiParams(
        period=period, compare="previous", country=address.get("country"), channel=address.get("channel")
    )
    return address["metric"], params


def headline(metric_id: str, params: KpiParams) -> str:
    """The number itself."""
    from dashboard.ui import outcome

    report = outcome.report("rows", kpis, params)
    value = metric_text(metric_id, report.metrics[metric_id].value)
    return _("{metric}: {value}", metric=_(METRICS[metric_id].name), value=value)


def page_number(question: Any) -> int:
    """The page of rows shown."""
    return customers.page_number("rows", question)


def rows_page(metric_id: str, params: KpiParams, number: int) -> tuple[pd.DataFrame, int]:
    """One page of rows and how many there are."""
    with session.workspace().warehouse.open() as snapshot:
        tables = snapshot.tables(session.actor().scope)
        return drill.rows_behind(tables, metric_id, params, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows as this reader writes them. Money is put into words: a column's own format writes €-52.00."""
    out = frame.copy()
    if "country" in out:
        out["country"] = [customers.country(code) for code in out["country"]]
    if "kind" in out:
        out["kind"] = [_(KINDS.get(kind, kind)) for kind in out["kind"]]
    if "status" in out:
        out["status"] = [_(STATUSES.get(status, status)) for status in out["status"]]
    for name in ("customer_ref", "customer_name"):
        if name in out:
            out[name] = out[name].fillna("")
    if "first_ordered_on" in out:
        out["first_ordered_on"] = [fmt().date(day) for day in out["first_ordered_on"]]
    out = out.drop(columns="customer_id", errors="ignore")
    for name in out.columns.intersection([*MONEY, "unit_price"]):
        said = fmt().price if name == "unit_price" else fmt().money
        out[name] = [said(amount) for amount in out[name]]
    if "is_repeat" in out:
        out["is_repeat"] = [_("Yes") if repeat else _("No") for repeat in out["is_repeat"]]
    for name in out.columns:
        if name.endswith("_at"):
            out[name] = out[name].dt.tz_convert(fmt().timezone)
    return out


def columns(frame: pd.DataFrame) -> dict[str, Any]:
    """Titles and formats of the columns."""
    config: dict[str, Any] = {}
    for name in frame.columns:
        title = _(TITLES.get(name, name))
        if name in (*MONEY, "unit_price"):
            config[name] = st.column_config.TextColumn(title, alignment="right")
        elif name in {"quantity", "orders"}:
            config[name] = st.column_config.NumberColumn(title, format=column_format("count"))
        elif name.endswith("_at"):
            config[name] = st.column_config.DatetimeColumn(
                title, format=column_format("instant"), timezone=fmt().timezone
            )
        else:
            config[name] = st.column_config.Column(title)
    return config


def pager(total: int) -> None:
    """Pages of rows."""
    customers.pager("rows", max(1, math.ceil(total / PER_PAGE)))


def download(metric_id: str, params: KpiParams) -> None:
    """All of the rows as files, for those who may export."""
    rows_downloads(
        lambda tables: drill.rows_behind(tables, metric_id, params, limit=DOWNLOAD_LIMIT)[0],
        titles=TITLES,
        file_name=f"{metric_id}_{params.period.start}_{params.period.end}",
        key="rows.download",
    )
