"""The forecast month by month: what was won, and what open deals are worth when they are expected to close."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd

from crm_core.analytics.customer_days import number_of
from crm_core.analytics.deal_book import NEVER, DealBook, Flags
from crm_core.analytics.deal_values import from_e8, sum_e4, weighted_e8
from crm_core.analytics.deal_window import DealWindow
from crm_core.analytics.periods import bucket_key
from crm_core.db.types import from_e4

MONTHS_AHEAD = 12

COLUMNS = ("kind", "start", "end", "won", "won_deals", "weighted", "open_deals", "unpriced")


def outlook_table(window: DealWindow) -> pd.DataFrame:
    """One row a month of the period and of the year after it, then what is overdue, expected later, and never said.

    See `pipeline.PipelineReport.outlook`; won and weighted of all rows add up to the forecast.
    """
    rows = []
    for kind, start, end in parts(window):
        won, is_open = in_part(window, kind, start, end)
        rows.append(
            {
                "kind": kind,
                "start": start,
                "end": end,
                "won": from_e4(sum_e4(window.book, won)),
                "won_deals": int(won.sum()),
                "weighted": from_e8(weighted_e8(window.book, is_open, window.stage)),
                "open_deals": int(is_open.sum()),
                "unpriced": int(((won | is_open) & ~window.book.is_priced).sum()),
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype(dict.fromkeys(("start", "end", "won", "weighted"), object))


def parts(window: DealWindow) -> list[tuple[str, date, date]]:
    """The kinds of rows and their days: whole months, then overdue, later and undated."""
    first = bucket_key(min(window.period.start, window.day), "month")
    last = bucket_key(window.period.end - timedelta(days=1), "month")
    months = [first]
    for _step in range(_months(first, last) + MONTHS_AHEAD + 1):
        months.append((months[-1] + timedelta(days=31)).replace(day=1))
    spans = [("month", start, end) for start, end in pairwise(months)]
    beyond = months[-1]
    return [*spans, ("overdue", first, window.day), ("later", beyond, beyond), ("undated", beyond, beyond)]


def in_part(window: DealWindow, kind: str, start: date, end: date) -> tuple[Flags, Flags]:
    """The deals of a row: won in its days, and open and expected in them."""
    book, nobody = window.book, np.zeros(len(window.book), dtype=np.bool_)
    if kind == "month":
        ahead = window.open & ~window.slipping & _expected(book, start, end)
        return window.won & book.closed_within(start, end), np.asarray(ahead)
    if kind == "overdue":
        return nobody, window.slipping
    if kind == "later":
        return nobody, np.asarray(window.expected & ~window.slipping & (book.expected_day >= number_of(start)))
    return nobody, np.asarray(window.open & (book.expected_day == NEVER))


def _months(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _expected(book: DealBook, start: date, end: date) -> Flags:
    return np.asarray((book.expected_day >= number_of(start)) & (book.expected_day < number_of(end)))
