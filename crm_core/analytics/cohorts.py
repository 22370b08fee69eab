"""Retention and cumulative value by cohort: of those who entered together, how many bought again, and for how much.

Tools differ in what they call retention, so every choice is a parameter, kept in the report and printed with it:

| choice | values (the first is the default) |
|---|---|
| entry | first: a customer enters once, with the first ever sale; recurring: in every unit with a sale |
| window | calendar: all windows begin together; rolling: each customer's begin on the day of their entry |
| criterion | on: a sale in the window; on-or-after: in the window or any later one |
| month | calendar; 30-days |
| mean | weighted: by cohort size; simple: each cohort alike |

Units and windows are those of `cohort_grid`. Only sales inside the period count, but "first ever" looks at all before.
Cells are incomplete where the cohort may still grow or the window is not over for all; means leave them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.cohort_cells import Mean, cells_of, cohorts_of, means_of
from crm_core.analytics.cohort_followed import Criterion, Entry, followed
from crm_core.analytics.cohort_grid import CohortGrid, Month, Unit, WindowKind, cohort_grid, require_few
from crm_core.analytics.customer_days import CustomerDays, customer_days, day_of
from crm_core.analytics.kpis import last_order_day
from crm_core.analytics.periods import Period, complete_until, local_today, require_askable
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import purchases, with_names
from crm_core.analytics.registry import analysis
from crm_core.errors import AnalysisRefused, FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables


@dataclass(frozen=True)
class CohortParams:
    """Which period, cut into which cohorts, and what counts as retained; the choices are described in the module.

    Raises:
        Invalid: the period lies outside the years 1900 to 2199.
    """

    period: Period
    unit: Unit = "month"
    entry: Entry = "first"
    window: WindowKind = "calendar"
    criterion: Criterion = "on"
    month: Month = "calendar"
    mean: Mean = "weighted"

    def __post_init__(self) -> None:
        require_askable(self.period)


@dataclass(frozen=True)
class CohortReport:
    """Every cohort of the period, followed to its end or to the end of the records.

    params: the choices made. known_until: records are whole up to, not including, this day; None without orders.
    cohorts: start, end (dates, half-open), is_complete (it can gain no more members), size (customers).
    cells: one row a cohort and window that has begun: cohort (its start), offset (0 is the window of the entry),
        retained (customers), rate (retained ÷ size), low, high (Wilson 95 % interval; at offset 0, where the rate is 1
        by definition, both are 1), net_sales (Decimal: from the entry to the window's end), value (net sales ÷ size),
        is_complete. Rates are NaN and values None where the cohort is empty.
    means: one row an offset with a complete cell of a cohort that is not empty: offset, cohorts (how many), size,
        retained, rate, low, high, value. The interval is Wilson's of the pooled customers; a simple mean has none, nor
        has the mean of recurring entries, in which the same customers stand several times.
    """

    params: CohortParams
    timezone: str
    known_until: date | None
    cohorts: pd.DataFrame
    cells: pd.DataFrame
    means: pd.DataFrame


@dataclass(frozen=True)
class CohortMembersParams:
    """One cell of the triangle: the cohort by its first day, the window, and whether to list those who were retained in
    it or those who were not.

    Raises:
        Invalid: the window's number is negative.
    """

    choices: CohortParams
    cohort: date
    offset: int
    is_retained: bool = True

    def __post_init__(self) -> None:
        if self.offset < 0:
            raise Invalid({"offset": FieldError("Windows are counted from 0.")})


@dataclass(frozen=True)
class CohortMembersReport:
    """The customers of one cell, best first, with what they bought until the period's end: customer_id, ref, name,
    email, country, recency_days (before the period's last day that is on record), frequency (orders), monetary_e4 (net
    sales in ten-thousandths)."""

    members: pd.DataFrame


@analysis("cohorts", reads=("orders", "order_lines"), permission=Permission.SEGMENTS_VIEW, is_dated=True)
def cohorts(tables: Tables, params: CohortParams, progress: Progress = silent) -> CohortReport:
    """Retention and cumulative net sales of customers who entered in the same month or week.

    Guests are left out. A sale makes a customer active even if it is refunded later; refunds lower the value.

    Raises:
        AnalysisRefused: the period holds more than 260 months or weeks with records.
    """
    progress(0.0, N_("Following customers"))
    days = customer_days(tables, params.period.end)
    grid, known = _grid(tables, params, days)
    progress(0.5, N_("Counting who came back"))
    cells, sizes = cells_of(grid, followed(grid, days, params.entry), params.criterion)
    found = cohorts_of(grid, sizes)
    return CohortReport(
        params=params,
        timezone=tables.timezone,
        known_until=known,
        cohorts=found,
        cells=cells,
        means=means_of(cells, found, params.entry, params.mean),
    )


@analysis(
    "cohort_members",
    reads=("orders", "order_lines", "customers"),
    permission=Permission.SEGMENTS_VIEW,
    is_dated=True,
    lists_people=True,
)
def cohort_members(tables: Tables, params: CohortMembersParams, progress: Progress = silent) -> CohortMembersReport:
    """The customers of one cell of the triangle who were retained, or who were not, by net sales.

    Raises:
        AnalysisRefused: as `cohorts`, or the triangle has no such cell.
    """
    progress(0.0, N_("Following customers"))
    choices = params.choices
    days = customer_days(tables, choices.period.end)
    progress(0.5, N_("Counting who came back"))
    grid, _known = _grid(tables, choices, days)
    number = next((i for i, unit in enumerate(grid.units) if unit.start == params.cohort), None)
    if number is None or params.offset >= grid.windows_begun(number):
        raise AnalysisRefused(
            "There is no window {offset} of a cohort that starts on {cohort}.",
            offset=params.offset,
            cohort=params.cohort,
        )
    group = next(group for group in followed(grid, days, choices.entry) if group.cohort == number)
    retained = group.retained(params.offset, choices.criterion)
    chosen = retained if params.is_retained else np.setdiff1d(group.members, retained)
    bought = purchases(tables, grid.shown_until - timedelta(days=1))
    members = bought[bought["customer_id"].isin(days.ids[chosen])]
    best_first = members.sort_values(["monetary_e4", "customer_id"], ascending=[False, True])
    return CohortMembersReport(
        with_names(tables, best_first[["customer_id", "recency_days", "frequency", "monetary_e4"]])
    )


def _grid(tables: Tables, params: CohortParams, days: CustomerDays) -> tuple[CohortGrid, date | None]:
    """The period's cohorts and windows, and the day before which the records are whole, if there are any."""
    last = last_order_day(tables)
    known = complete_until(last, local_today(tables.timezone))
    grid = cohort_grid(
        params.period,
        params.unit,
        params.window,
        params.month,
        first=day_of(days.first_day.min()) if len(days.ids) else None,
        shown_until=params.period.start if last is None else last + timedelta(days=1),
        known=known or params.period.start,
    )
    require_few(len(grid.units), params.period)
    return grid, known
