"""Ask for the figures of any area: one question, one answer for page, CSV, XLSX and command line, and its rows.

    found = figures_of(ask, Question(period), ("sales", "service"))      found.metrics: {metric id: Figure}
    rows, total = rows_behind(tables, "first_response", question, limit=25)

`ask(analysis, params)` gives a report: on a page `page.run`, elsewhere `workspace.analyses.run` for an actor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pandas as pd

from crm_core.analytics.customer_lists import CustomerList
from crm_core.analytics.definitions import AREA_OF, AREAS
from crm_core.analytics.drill import rows_behind as sales_rows
from crm_core.analytics.metrics import Value
from crm_core.analytics.overview import OverviewParams, overview
from crm_core.analytics.periods import Comparison, Grain, Period
from crm_core.analytics.pipeline import PipelineParams, pipeline
from crm_core.analytics.pipeline_drill import deals_behind
from crm_core.analytics.registry import Analysis
from crm_core.analytics.service import service
from crm_core.analytics.service_drill import TicketsParams, service_tickets
from crm_core.analytics.service_params import BusinessHours, ServiceParams, TicketFilter

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

Ask: TypeAlias = Callable[[Analysis[Any, Any], Any], Any]


class Figure(Protocol):
    """A metric of a period: its value, the compared period's, the relative change, and what the value rests on."""

    @property
    def id(self) -> str: ...
    @property
    def value(self) -> Value: ...
    @property
    def previous(self) -> Value: ...
    @property
    def change(self) -> float | None: ...
    @property
    def n(self) -> int: ...


@dataclass(frozen=True)
class Question:
    """Which period, compared with what, in which steps. `country`, `channel` and `customers` narrow orders; `only` and
    `hours` are of tickets, and `at` the instant their lateness is judged at.

    Raises:
        Invalid: the period lies outside the years 1900 to 2199.
    """

    period: Period
    compare: Comparison = "previous"
    country: str | None = None
    channel: str | None = None
    customers: CustomerList | None = None
    only: TicketFilter = field(default_factory=TicketFilter)
    hours: BusinessHours | None = None
    at: datetime | None = None
    grain: Grain = "month"

    def __post_init__(self) -> None:
        self.of_pipeline()

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks of a part of the records only."""
        return any((self.country, self.channel, self.customers is not None, self.only != TicketFilter()))

    def of_sales(self) -> OverviewParams:
        """What it asks of orders."""
        return OverviewParams(self.period, self.compare, self.country, self.channel, self.customers, self.grain)

    def of_service(self) -> ServiceParams:
        """What it asks of tickets."""
        return ServiceParams(self.period, self.compare, self.only, self.hours, self.at, self.grain)

    def of_pipeline(self) -> PipelineParams:
        """What it asks of deals."""
        return PipelineParams(self.period, self.compare)


@dataclass(frozen=True)
class Source:
    """Where the figures of some areas come from: an analysis, its parameters, and the part of its report."""

    analysis: Analysis[Any, Any]
    params: Callable[[Question], Any]
    metrics: Callable[[Any], Mapping[str, Figure]]
    complete_until: Callable[[Any], date | None]


@dataclass(frozen=True)
class Figures:
    """Every metric of some areas, in the order of the registry; `complete_until` says by area up to which day, not
    including it, the records are whole (None: there are none)."""

    question: Question
    metrics: Mapping[str, Figure]
    complete_until: Mapping[str, date | None]

    @property
    def is_incomplete(self) -> bool:
        """Whether the period goes on after the records of one of the areas."""
        end = self.question.period.end
        return any(known is None or end > known for known in self.complete_until.values())


_SALES = Source(overview, Question.of_sales, lambda found: found.kpis.metrics, lambda found: found.kpis.complete_until)
_SERVICE = Source(service, Question.of_service, lambda found: found.metrics, lambda found: found.complete_until)
_PIPELINE = Source(pipeline, Question.of_pipeline, lambda found: found.metrics, lambda found: found.complete_until)

SOURCES: Mapping[str, Source] = {
    "sales": _SALES, "customers": _SALES, "retention": _SALES, "service": _SERVICE, "pipeline": _PIPELINE,
}  # fmt: skip
"""By area."""


def figures_of(ask: Ask, question: Question, areas: Collection[str] = tuple(AREAS)) -> Figures:
    """Every metric of these areas.

    Raises:
        KeyError: there is no such area.
    """
    found: dict[str, Figure] = {}
    known: dict[Source, date | None] = {}
    for source in dict.fromkeys(SOURCES[area] for area in areas):
        report = ask(source.analysis, source.params(question))
        found |= source.metrics(report)
        known[source] = source.complete_until(report)
    wanted = [area for area in AREAS if area in areas]
    return Figures(
        question,
        {name: found[name] for area in wanted for name in AREAS[area].metrics},
        {area: known[SOURCES[area]] for area in wanted},
    )


def rows_behind(
    tables: Tables, metric_id: str, question: Question, *, limit: int | None, offset: int = 0
) -> tuple[pd.DataFrame, int]:
    """One page of the rows behind any metric, and how many there are in all; `limit` None gives all.

    Columns are those of `drill.rows_behind`, `service_drill.COLUMNS` or `pipeline_drill.COLUMNS`.

    Raises:
        KeyError: there is no such metric.
    """
    area = AREA_OF[metric_id]
    if area == "pipeline":
        return deals_behind(tables, metric_id, question.of_pipeline(), limit=limit, offset=offset)
    if area != "service":
        return sales_rows(tables, metric_id, question.of_sales(), limit=limit, offset=offset)
    asked = question.of_service()
    params = TicketsParams(asked.period, asked.compare, asked.only, asked.hours, asked.at, metric=metric_id)
    tickets = service_tickets(tables, params).tickets
    end = None if limit is None else offset + limit
    return tickets.iloc[offset:end].reset_index(drop=True), len(tickets)
