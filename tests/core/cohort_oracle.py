"""Retention and value by cohort in plain Python over literal rows: slow, obvious, and independent of the real ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from crm_core.analytics.cohorts import CohortParams
from tests.core.sales_oracle import Sold

Cell = tuple[date, int, int, int, Decimal, bool]
"""Cohort, offset, size, retained, net sales so far, whether it is complete."""


def triangle(rows: Sequence[Sold], params: CohortParams, known_until: date | None) -> list[Cell]:
    """Every cell, by cohort and offset, as `cohorts` reports it."""
    sales = [row for row in rows if row.is_sale and row.order.customer is not None and row.day < params.period.end]
    if not sales or known_until is None:
        return []
    shown = min(params.period.end, max(row.day for row in rows) + timedelta(days=1))
    known = min(shown, known_until)
    units = [
        unit for unit in cut(params) if unit[1] > min(row.day for row in sales) and unit[0] < shown
    ]  # fmt: skip
    cells = []
    for number, (start, end, is_whole) in enumerate(units):
        entries = entered(sales, params, start, end)
        for offset in range(_windows_begun(params, units, number, shown)):
            retained, net = 0, Decimal(0)
            for customer, day in entries.items():
                own = [row for row in rows if row.order.customer == customer and day <= row.day < params.period.end]
                visits = {window(params, units, number, day, row.day) for row in own if row.is_sale}
                if params.criterion == "on":
                    retained += offset in visits
                else:
                    retained += any(visit >= offset for visit in visits)
                net += sum(
                    (row.net for row in own if window(params, units, number, day, row.day) <= offset), Decimal(0)
                )
            is_complete = is_whole and end <= known and _is_over(params, units, number, offset, known)
            cells.append((start, offset, len(entries), retained, net, is_complete))
    return cells


def cut(params: CohortParams) -> list[tuple[date, date, bool]]:
    """The period's months, weeks or blocks of 30 days, day by day: start, end, whether it is whole."""
    found: list[list[date]] = []
    day = params.period.start
    while day < params.period.end:
        if not found or _is_first_of_unit(params, day):
            found.append([day])
        else:
            found[-1].append(day)
        day += timedelta(days=1)
    return [
        (days[0], days[-1] + timedelta(days=1), _is_first_of_unit(params, days[0]) and _ends_unit(params, days[-1]))
        for days in found
    ]


def entered(sales: Sequence[Sold], params: CohortParams, start: date, end: date) -> dict[int, date]:
    """The members of the cohort and the day each entered."""
    first: dict[int, date] = {}
    for row in sales:
        if row.order.customer is not None and (params.entry == "first" or start <= row.day < end):
            first[row.order.customer] = min(first.get(row.order.customer, row.day), row.day)
    return {customer: day for customer, day in first.items() if start <= day < end}


def window(params: CohortParams, units: list[tuple[date, date, bool]], number: int, entry: date, day: date) -> int:
    """The window the day lies in, of one who entered on `entry` into the cohort of that number."""
    if params.window == "calendar":
        return next(i for i, (start, end, _whole) in enumerate(units) if start <= day < end) - number
    offset = 0
    while _begins(params, entry, offset + 1) <= day:
        offset += 1
    return offset


def _begins(params: CohortParams, entry: date, offset: int) -> date:
    if params.unit == "week":
        return entry + timedelta(days=7 * offset)
    if params.month == "30-days":
        return entry + timedelta(days=30 * offset)
    year, month = entry.year, entry.month
    for _step in range(offset):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    for day in range(entry.day, 0, -1):
        try:
            return date(year, month, day)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def _windows_begun(params: CohortParams, units: list[tuple[date, date, bool]], number: int, shown: date) -> int:
    if params.window == "calendar":
        return len(units) - number
    return sum(1 for offset in range(500) if _begins(params, units[number][0], offset) < shown)


def _is_over(params: CohortParams, units: list[tuple[date, date, bool]], number: int, offset: int, known: date) -> bool:
    if params.window == "calendar":
        return units[number + offset][2] and units[number + offset][1] <= known
    return _begins(params, units[number][1] - timedelta(days=1), offset + 1) <= known


def _is_first_of_unit(params: CohortParams, day: date) -> bool:
    if params.unit == "week":
        return day.isoweekday() == 1
    if params.window == "calendar" and params.month == "30-days":
        return (day - params.period.start).days % 30 == 0
    return day.day == 1


def _ends_unit(params: CohortParams, day: date) -> bool:
    return _is_first_of_unit(params, day + timedelta(days=1))
