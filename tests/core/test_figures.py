"""The contract of key figures: one registry, one question for every area, and the rows of any number."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from crm_core.analytics.definitions import AREA_OF, AREAS, DEFINITIONS
from crm_core.analytics.figures import SOURCES, Ask, Question, figures_of, rows_behind
from crm_core.analytics.metrics import METRICS
from crm_core.analytics.periods import Period
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS
from crm_core.analytics.service_metrics import SERVICE_METRICS
from crm_core.cli.kpis import AreaName
from crm_core.errors import Invalid
from crm_core.warehouse import Tables
from tests.core.deal_frames import Deal, deal_tables, path
from tests.core.tables import Line, Order, make_tables
from tests.core.ticket_tables import Ticket, reply, ticket_tables

FEBRUARY = Question(Period.parse("2024-02-01", "2024-03-01"), "none")


@pytest.fixture(scope="module")
def whole_tables() -> dict[str, Tables]:
    """By the name of the analysis that reads them: two orders, two tickets, two deals of February."""
    return {
        "overview": make_tables(
            [Order(1, "2024-02-05 10:00", 1), Order(2, "2024-02-06 10:00", 2)], [Line(1, "5"), Line(2, "7")]
        ),
        "service": ticket_tables(
            [Ticket(1, "2024-02-05 10:00", [reply("2024-02-05 12:00")]), Ticket(2, "2024-02-06 10:00")]
        ),
        "pipeline": deal_tables(
            [Deal(1, path("2024-02-01 new", "2024-02-03 won"), "5"), Deal(2, path("2024-02-02 new"), "6")]
        ),
    }


@pytest.fixture(scope="module")
def ask(whole_tables: dict[str, Tables]) -> Ask:
    return lambda analysis, params: analysis(whole_tables[analysis.name], params)


def test_every_metric_is_in_exactly_one_area() -> None:
    listed = Counter(metric for area in AREAS.values() for metric in area.metrics)
    assert listed == Counter(dict.fromkeys(DEFINITIONS, 1))
    assert set(AREA_OF) == set(DEFINITIONS)
    assert len(DEFINITIONS) == len(METRICS) + len(SERVICE_METRICS) + len(PIPELINE_METRICS)


@pytest.mark.parametrize("metric_id", DEFINITIONS)
def test_every_metric_says_what_it_is(metric_id: str) -> None:
    metric = DEFINITIONS[metric_id]
    assert metric.id == metric_id
    assert all((metric.name, metric.formula, metric.placed_by, metric.excluded))
    assert metric.unit in {"money", "count", "ratio", "hours", "days"}
    assert metric.better in {"up", "down", None}
    kinds = {"service": {"tickets"}, "pipeline": {"deals"}}
    assert metric.rows in kinds.get(AREA_OF[metric_id], {"lines", "orders", "customers"})


def test_figures_of_every_area_come_in_the_order_of_the_registry(ask: Ask) -> None:
    found = figures_of(ask, FEBRUARY).metrics
    assert list(found) == [metric for area in AREAS.values() for metric in area.metrics]
    assert {name: figure.id for name, figure in found.items()} == {name: name for name in found}
    shown = {name: found[name].value for name in ("orders", "active_customers", "opened", "won_deals", "open_deals")}
    assert shown == {"orders": 2, "active_customers": 2, "opened": 2, "won_deals": 1, "open_deals": 1}


def test_only_the_analyses_of_the_areas_asked_for_are_run(ask: Ask) -> None:
    asked: list[str] = []

    def counting(analysis: Any, params: Any) -> Any:
        asked.append(analysis.name)
        return ask(analysis, params)

    found = figures_of(counting, FEBRUARY, ("customers", "retention")).metrics
    assert asked == ["overview"]
    assert set(found) == {*AREAS["customers"].metrics, *AREAS["retention"].metrics}


def test_as_many_rows_lie_behind_a_metric_as_its_n_says(ask: Ask, whole_tables: dict[str, Tables]) -> None:
    for metric_id, figure in figures_of(ask, FEBRUARY).metrics.items():
        tables = whole_tables[SOURCES[AREA_OF[metric_id]].analysis.name]
        rows, total = rows_behind(tables, metric_id, FEBRUARY, limit=None)
        assert (len(rows), total) == (figure.n, figure.n), metric_id


def test_the_command_line_names_every_area() -> None:
    assert [name.value for name in AreaName] == list(AREAS)


def test_rows_behind_a_ticket_metric_come_in_pages(whole_tables: dict[str, Tables]) -> None:
    tables = whole_tables["service"]
    every, total = rows_behind(tables, "opened", FEBRUARY, limit=None)
    first, _ = rows_behind(tables, "opened", FEBRUARY, limit=1)
    second, _ = rows_behind(tables, "opened", FEBRUARY, limit=1, offset=1)
    assert (total, list(every["number"])) == (2, ["T2", "T1"])
    assert [list(first["number"]), list(second["number"])] == [["T2"], ["T1"]]


def test_a_question_out_of_range_is_refused() -> None:
    with pytest.raises(Invalid, match="lies outside the years 1900 to 2199"):
        replace(FEBRUARY, period=Period.parse("1800-01-01", "1801-01-01"))
