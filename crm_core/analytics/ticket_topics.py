"""What tickets are about, and what they are about more or less often than before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd

from crm_core.analytics.measures import collected
from crm_core.analytics.periods import Period
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.registry import analysis
from crm_core.analytics.replication import less_frequent, more_frequent, q_values
from crm_core.analytics.service_params import Frame, ServiceParams
from crm_core.records.terms import fold, words_of
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

LEAST_TICKETS = 5
"""A word or category of fewer tickets, in both periods together, is not looked at."""

MOST_FALSE = 0.05
"""The share of topics called more or less frequent that chance may have made (Benjamini & Hochberg)."""

MOST_WORDS = 2_000
_COMMON_WORDS = """
a about after again all am an and any are as at be been but by can cannot could did do does doesn don for from get
got had has have he hello her hi him his how i if in into is isn it its just me more my no not now of on or our out
please re regarding she so some than thank thanks that the their them then there they this to too up us was we were what
when where which who why will with won would you your
aber als am an auf aus bei bin bitte das dass dem den der des die ein eine einen einer es für hallo hat ich im in ist
kann mein meine mich mir mit nach nicht noch oder seit sich sie sind und vom von war wie wir zu zum zur
"""
_COMMON = frozenset(fold(_COMMON_WORDS).split())


@dataclass(frozen=True)
class TopicsReport:
    """topics: kind (category, word), topic, n, share, previous, previous_share, q_value (NaN where nothing is
    compared), trend (more, less, same; None where nothing is compared); those that changed first, then the most
    frequent. n and previous: the tickets opened in the period and in the compared one."""

    params: ServiceParams
    compared: Period | None
    n: int
    previous_n: int
    topics: pd.DataFrame


@analysis("ticket_topics", reads=("tickets",))
def ticket_topics(tables: Tables, params: ServiceParams, progress: Progress = silent) -> TopicsReport:
    """What the tickets opened in a period are about, by category and by the words of their subjects.

    A topic is more (or less) frequent than in the compared period by Fisher's exact test, its p adjusted for how many
    topics were looked at. Each word counts once a ticket; in scripts without blanks, pairs of characters are words.
    """
    progress(0.0, N_("Reading tickets"))
    now = _opened(tables, params, params.period)
    before = None if params.compared is None else _opened(tables, params, params.compared)
    progress(0.5, N_("Comparing"))
    parts = [
        _compared(kind, counts(now), Counter() if before is None else counts(before), len(now), _size(before))
        for kind, counts in (("category", _categories), ("word", _words))
    ]
    topics = pd.concat(parts, ignore_index=True)
    if before is None:
        topics = topics.assign(q_value=np.nan, trend=None)
    is_same = topics["trend"] == "same"
    order = topics[["topic"]].assign(same=is_same, q=topics["q_value"].where(~is_same, 1.0), n=-topics["n"])
    topics = topics.iloc[order.sort_values(["same", "q", "n", "topic"], kind="stable").index].reset_index(drop=True)
    return TopicsReport(params, params.compared, len(now), _size(before), topics)


def opened_in(tables: Tables, params: ServiceParams, period: Period) -> Frame:
    """The tickets that count and were opened in the period."""
    start, end = period.instants(tables.timezone)
    is_inside = (nw.col("opened_at") >= nw.lit(start)) & (nw.col("opened_at") < nw.lit(end))
    return params.only.narrowed(tables.tickets).filter(is_inside & nw.col("merged_into_id").is_null())


def words_in(subject: str) -> set[str]:
    """The words of a subject that may be a topic."""
    return {word for word in words_of(subject) if len(word) > 1 and not word.isnumeric() and word not in _COMMON}


def _opened(tables: Tables, params: ServiceParams, period: Period) -> pd.DataFrame:
    return collected(opened_in(tables, params, period).select("category", "subject"))


def _size(frame: pd.DataFrame | None) -> int:
    return 0 if frame is None else len(frame)


def _categories(tickets: pd.DataFrame) -> Counter[str]:
    return Counter(tickets["category"].dropna())


def _words(tickets: pd.DataFrame) -> Counter[str]:
    read = cache(words_in)
    return Counter(word for subject in _texts(tickets) for word in read(subject))


def _texts(tickets: pd.DataFrame) -> Iterable[str]:
    return (subject for subject in tickets["subject"] if subject)


def _compared(kind: str, now: Counter[str], before: Counter[str], n: int, m: int) -> pd.DataFrame:
    both = now + before
    kept = sorted((topic for topic in both if both[topic] >= LEAST_TICKETS), key=lambda topic: (-both[topic], topic))
    kept = kept[:MOST_WORDS]
    count, earlier = (np.array([counts[topic] for topic in kept], dtype=np.int64) for counts in (now, before))
    total, of_all = np.full(len(kept), n + m), np.full(len(kept), n)
    # Of all tickets of both periods, how many are of this topic, of this period, and both.
    more, less = (test(count, count + earlier, of_all, total) for test in (more_frequent, less_frequent))
    q = q_values(np.minimum(1.0, 2 * np.minimum(more, less)))
    trend = np.where(q > MOST_FALSE, "same", np.where(more < less, "more", "less"))
    return pd.DataFrame(
        {
            "kind": kind, "topic": kept, "n": count, "share": count / n if n else np.nan, "previous": earlier,
            "previous_share": earlier / m if m else np.nan, "q_value": q, "trend": trend.astype(object),
        }
    )  # fmt: skip
