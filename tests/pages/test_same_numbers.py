"""Screen, CSV, XLSX, command line and rows give one number, for every metric, whatever is asked."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from typer.testing import CliRunner

from crm_core.access import SYSTEM, Actor, Role, Scope
from crm_core.analytics.definitions import AREA_OF, AREAS, DEFINITIONS
from crm_core.analytics.extent import ExtentParams, extent
from crm_core.analytics.figures import Question, figures_of, rows_behind
from crm_core.analytics.figures_table import figures_table
from crm_core.analytics.periods import Period
from crm_core.analytics.service_extent import ServiceExtentParams, service_extent
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.analytics.service_params import TicketFilter
from crm_core.cli import app
from crm_core.cli.output import options
from crm_core.db.models import Customer
from crm_core.formats import Formats
from crm_core.reports.spreadsheet import csv_bytes, xlsx_bytes
from crm_core.translation import translator
from crm_core.workspace import Workspace
from dashboard.ui import cards
from tests.pages.conftest import TODAY

SMALLEST = Decimal("0.0001")
ORDERS = ("sales", "customers", "retention")


@pytest.fixture(scope="module")
def asked(demo_workspace: Workspace) -> Iterator[st.SearchStrategy[Question]]:
    """Questions over any days of the last two years, narrowed by what the records name, or by nothing."""
    orders = demo_workspace.analyses.run(extent, ExtentParams(), actor=SYSTEM)
    tickets = demo_workspace.analyses.run(service_extent, ServiceExtentParams(), actor=SYSTEM).values

    def one_of(names: Any) -> st.SearchStrategy[Any]:
        return st.sampled_from([None, *names])

    days = st.tuples(st.integers(30, 700), st.sampled_from([1, 7, 28, 31, 90, 180]))
    periods = days.map(lambda drawn: Period(TODAY - timedelta(drawn[0]), TODAY - timedelta(drawn[0] - drawn[1])))
    only = st.builds(
        TicketFilter,
        category=one_of(tickets["category"]), channel=one_of(tickets["channel"]), priority=one_of(tickets["priority"]),
    )  # fmt: skip
    yield st.builds(
        Question, periods, st.sampled_from(["previous", "year", "none"]), one_of(orders.countries),
        one_of(orders.channels), only=only, grain=st.sampled_from(["day", "week", "month"]),
    )  # fmt: skip
    options.data_dir = None


@pytest.fixture(autouse=True)
def _reader(monkeypatch: pytest.MonkeyPatch, demo_workspace: Workspace) -> None:
    """What cards write, an English reader reads."""
    formats = Formats("en", demo_workspace.currency, demo_workspace.timezone)
    monkeypatch.setattr(cards, "fmt", lambda: formats)
    monkeypatch.setattr(cards, "texts", lambda: translator("en"))


def rapport(workspace: Workspace, question: Question, *command: str, **narrowed: str | None) -> dict[str, Any]:
    """The metrics as the command line prints them."""
    options.data_dir = workspace.settings.data_dir
    period = question.period
    given_options = [part for name, value in narrowed.items() if value for part in (f"--{name}", value)]
    dates = ["--from", str(period.start), "--to", str(period.end), "--compare", question.compare]
    result = CliRunner().invoke(app, [*command, *dates, *given_options, "--json"])
    assert result.exit_code == 0, result.output
    metrics: dict[str, Any] = json.loads(result.stdout)["metrics"]
    return metrics


def printed(workspace: Workspace, question: Question) -> dict[str, Any]:
    only = question.only
    sales = rapport(workspace, question, "kpis", country=question.country, channel=question.channel)
    service = rapport(
        workspace, question, "tickets", category=only.category, channel=only.channel, priority=only.priority
    )
    return sales | service | rapport(workspace, question, "pipeline")


def read_csv(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    rows = csv.DictReader(io.StringIO(csv_bytes(frame).decode("utf-8-sig")))
    return {row["id"]: dict(row) for row in rows}


def read_xlsx(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    head, *rows = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(frame))).active.iter_rows(values_only=True)
    return {row[1]: dict(zip(head, row, strict=True)) for row in rows}


def same(found: Any, value: Any) -> bool:
    """Whether a cell holds the value: exactly as far as the file can say, which for Excel is 15 digits."""
    if value is None:
        return found in (None, "")
    if isinstance(value, Decimal):
        return Decimal(str(found)).quantize(SMALLEST) == value.quantize(SMALLEST)
    return float(found) == pytest.approx(float(value), rel=1e-14)


@settings(max_examples=4, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.data())
def test_every_metric_is_one_number_on_screen_in_files_and_on_the_command_line(
    demo_workspace: Workspace, asked: st.SearchStrategy[Question], data: st.DataObject
) -> None:
    question = data.draw(asked)
    found = figures_of(partial(demo_workspace.analyses.run, actor=SYSTEM), question)
    table = figures_table(found, {})
    in_csv, in_xlsx, on_line = read_csv(table), read_xlsx(table), printed(demo_workspace, question)
    assert set(in_csv) == set(in_xlsx) == set(found.metrics) == set(DEFINITIONS)
    for name, figure in found.metrics.items():
        line = on_line[name]
        assert (line["n"], int(in_csv[name]["n"]), in_xlsx[name]["n"]) == (figure.n,) * 3, name
        for key in ("value", "previous", "change"):
            value = getattr(figure, key)
            assert same(line[key], value), (name, key)
            assert same(in_csv[name][key], value), (name, key)
            assert same(in_xlsx[name][key], value), (name, key)
        shown = cards.metric_text(name, figure.value)
        typed = None if line["value"] is None else type(figure.value)(line["value"])
        assert cards.metric_text(name, typed) == shown
        assert (shown == "–") == (figure.value is None)


@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.data())
def test_every_metric_can_be_made_again_of_the_rows_it_opens(
    demo_workspace: Workspace, asked: st.SearchStrategy[Question], data: st.DataObject
) -> None:
    question = replace(data.draw(asked), compare="none")
    found = figures_of(partial(demo_workspace.analyses.run, actor=SYSTEM), question)
    with demo_workspace.warehouse.open() as snapshot:
        tables = snapshot.tables(SYSTEM.scope)
        for name, figure in found.metrics.items():
            rows, total = rows_behind(tables, name, question, limit=None)
            assert len(rows) == total, name
            counted = rows["status"].isin(ACTIVE).sum() if name == "arpc" else total
            assert counted == figure.n, name
            if figure.value is not None:
                assert same(remade(name, rows), figure.value), (name, remade(name, rows), figure.value)


def test_numbers_and_rows_of_a_viewer_hold_their_own_customers_alone(demo_workspace: Workspace) -> None:
    question = Question(Period(TODAY - timedelta(365), TODAY), "none")
    with demo_workspace.read() as session:
        owner = session.scalar(select(Customer.owner_id).where(Customer.owner_id.is_not(None)).limit(1))
    viewer = Actor(owner, "Somebody", Role.MANAGER, Scope(owner_id=owner))
    everybody, mine = (
        figures_of(partial(demo_workspace.analyses.run, actor=actor), question).metrics for actor in (SYSTEM, viewer)
    )
    with demo_workspace.warehouse.open() as snapshot:
        tables = snapshot.tables(viewer.scope)
        for name in ("orders", "gross_sales", "active_customers", "opened", "backlog", "opened_deals", "open_deals"):
            _rows, n_rows = rows_behind(tables, name, question, limit=1)
            assert mine[name].n == n_rows, name
            assert mine[name].n < everybody[name].n, name


def test_every_metric_has_a_way_to_be_made_again() -> None:
    assert set(AREA_OF) == {name for area in AREAS.values() for name in area.metrics}
    sales = {name for area in ORDERS for name in AREAS[area].metrics}
    in_lines = {name for name in sales if DEFINITIONS[name].rows == "lines"}
    counts = {name for name in sales if name.endswith("_customers") and DEFINITIONS[name].unit == "count"}
    assert sales == {*in_lines, *counts, "orders", *OF_ROWS} - set(AREAS["pipeline"].metrics)
    assert set(AREAS["pipeline"].metrics) <= set(OF_ROWS)


def remade(name: str, rows: pd.DataFrame) -> Any:
    """The metric of its rows, as docs/metrics.md says it."""
    if name in OF_ROWS:
        return OF_ROWS[name](rows)
    if name in SERVICE_METRICS:
        kind = SERVICE_METRICS[name].kind
        return {"share": rows["counted"].mean, "duration": rows["counted"].median}.get(kind, rows["counted"].sum)()
    return total(rows["counted"]) if DEFINITIONS[name].rows == "lines" else len(rows)


ACTIVE = ("new", "returning", "resurrected")


def total(values: pd.Series[Any]) -> Decimal:
    return sum((Decimal(value) for value in values if value is not None), Decimal(0))


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(SMALLEST, ROUND_HALF_EVEN)


def won(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["outcome"] == "won"]


def average_won(rows: pd.DataFrame) -> Decimal:
    priced = won(rows)[won(rows)["amount"].notna()]
    return total(priced["amount"]) / len(priced)


def velocity(rows: pd.DataFrame) -> Decimal:
    n_open = (rows["outcome"] == "open").sum()
    rate = Decimal(len(won(rows))) / int((rows["outcome"] != "open").sum())
    return rounded(int(n_open) * average_won(rows) * rate / Decimal(float(won(rows)["cycle_days"].median())))


OF_ROWS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "guest_share": lambda rows: float(
        total(rows["counted"][rows["customer_ref"].isna()]) / total(rows["counted"])
    ),
    "aov": lambda rows: rounded(total(rows["sales"]) / len(rows)),
    "repeat_rate": lambda rows: rows["is_repeat"].mean(),
    "churn_rate": lambda rows: (rows["status"] == "dormant").mean(),
    "nrr": lambda rows: float(total(rows["sales"]) / total(rows["sales_before"])),
    "gross_retention": lambda rows: float(
        total(rows[["sales", "sales_before"]].min(axis=1)) / total(rows["sales_before"])
    ),
    "arpc": lambda rows: rounded(total(rows["net_sales"]) / int(rows["status"].isin(ACTIVE).sum())),
    "win_rate": lambda rows: (rows["outcome"] == "won").mean(),
    "win_rate_value": lambda rows: float(total(won(rows)["amount"]) / total(rows["amount"])),
    "won_deals": len,
    "lost_deals": len,
    "won_value": lambda rows: total(rows["amount"]),
    "average_won_value": lambda rows: rounded(average_won(rows)),
    "cycle_median": lambda rows: rows["cycle_days"].median(),
    "cycle_p90": lambda rows: rows["cycle_days"].quantile(0.9),
    "opened_deals": len,
    "open_deals": len,
    "open_value": lambda rows: total(rows["amount"]),
    "weighted": lambda rows: total(rows["weighted"]),
    "velocity": velocity,
    "forecast": lambda rows: total(won(rows)["amount"]) + total(rows["weighted"]),
    "slipping_deals": lambda rows: (rows["days_late"] > 0).sum(),
    "stale_deals": lambda rows: (rows["idle_days"] > rows["usual_days"]).sum(),
}  # fmt: skip
"""Every metric that is neither a number of rows nor a sum of what they count."""
