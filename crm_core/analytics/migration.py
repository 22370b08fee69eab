"""Who moved between segments from one day to another, and how large segments were on several days.

Both days are measured by one yardstick: the named segments of a scoring, or a clustering that was kept. Customers who
had not bought by the earlier day come from nowhere; nobody leaves for nowhere, since who has bought stays a customer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.clustering import Clustering
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import require_day, with_names
from crm_core.analytics.registry import analysis
from crm_core.analytics.rfm_scores import Scoring
from crm_core.db.types import from_e4
from crm_core.errors import FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

Yardstick: TypeAlias = Scoring | Clustering

NOWHERE = ""
"""Where customers come from who had not bought by the earlier day."""
MOST_DAYS = 60
_READS = ("orders", "order_lines", "products")


@dataclass(frozen=True)
class MigrationParams:
    """From the evening of one day to that of a later one, by one yardstick.

    Raises:
        Invalid: a day outside the years 1900 to 2199, or the second is not later.
    """

    yardstick: Yardstick
    before: date
    after: date

    def __post_init__(self) -> None:
        require_day(self.before)
        require_day(self.after)
        if self.before >= self.after:
            problem = FieldError(
                "{after} is not later than {before}; choose two days in order.",
                {"before": self.before, "after": self.after},
            )
            raise Invalid({"before": problem})


@dataclass(frozen=True)
class MigrationReport:
    """How customers moved.

    moves: origin, target (keys of segments; origin NOWHERE: new customers), customers, sales (net, exact, made between
        the two days); one row per pair, empty ones too.
    segments: key, before, stayed, entered (from other segments), new (not customers before), left, after; numbers of
        customers, so before − left = stayed and stayed + entered + new = after.
    customers: how many were customers by the earlier day; moved: how many of them changed their segment.
    """

    before: date
    after: date
    customers: int
    moved: int
    new: int
    moves: pd.DataFrame
    segments: pd.DataFrame


@dataclass(frozen=True)
class MovedParams:
    """As MigrationParams, and whom to list: who came from `origin` (NOWHERE: new customers) and is now in `target`.

    Where one of them is None it is any other segment than the other one; both None: everybody who changed theirs.

    Raises:
        Invalid: as MigrationParams, or there is no such segment.
    """

    yardstick: Yardstick
    before: date
    after: date
    origin: str | None = None
    target: str | None = None

    def __post_init__(self) -> None:
        MigrationParams(self.yardstick, self.before, self.after)
        for name, key in (("origin", self.origin), ("target", self.target)):
            if key is not None and key not in self.yardstick.keys and not (name == "origin" and key == NOWHERE):
                raise Invalid({name: FieldError("There is no segment '{name}'.", {"name": key})})


@dataclass(frozen=True)
class MovedReport:
    """Those customers, by sales: customer_id, ref, name, email, country, recency_days, frequency, monetary_e4 (net
    sales up to the later day, in ten-thousandths)."""

    members: pd.DataFrame


@dataclass(frozen=True)
class SizesParams:
    """The days on whose evening to count.

    Raises:
        Invalid: no day, more than 60, or one outside the years 1900 to 2199.
    """

    yardstick: Yardstick
    days: tuple[date, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.days) <= MOST_DAYS:
            problem = FieldError(
                "{n} days are not possible; choose 1 to {most}.", {"n": len(self.days), "most": MOST_DAYS}
            )
            raise Invalid({"days": problem})
        for day in self.days:
            require_day(day)


@dataclass(frozen=True)
class SizesReport:
    """How large the segments were.

    sizes: day, key, customers, share (of that day's customers; 0 where there were none); one row per day and segment.
    """

    sizes: pd.DataFrame


@analysis("migration", reads=_READS, permission=Permission.SEGMENTS_VIEW)
def migration(tables: Tables, params: MigrationParams, progress: Progress = silent) -> MigrationReport:
    """Who moved from which segment to which between two days, and what they bought meanwhile."""
    both = _both(tables, params, progress)
    keys = params.yardstick.keys
    bought = both["monetary_e4"] - both["monetary_before_e4"].fillna(0).astype("int64")
    pairs = pd.MultiIndex.from_product([(*keys, NOWHERE), keys], names=["origin", "target"])
    sums = both.assign(bought=bought).groupby(["origin", "target"])["bought"].agg(["size", "sum"])
    sums = sums.reindex(pairs, fill_value=0).reset_index()
    moves = pd.DataFrame(
        {
            "origin": sums["origin"].astype("str"),
            "target": sums["target"].astype("str"),
            "customers": sums["size"].astype("int64"),
            "sales": pd.Series([from_e4(int(units)) for units in sums["sum"]], dtype=object),
        }
    )
    was_customer = both["origin"] != NOWHERE
    return MigrationReport(
        before=params.before,
        after=params.after,
        customers=int(was_customer.sum()),
        moved=int((was_customer & (both["origin"] != both["target"])).sum()),
        new=int((~was_customer).sum()),
        moves=moves,
        segments=_flows(moves, keys),
    )


@analysis("moved", reads=(*_READS, "customers"), permission=Permission.SEGMENTS_VIEW, lists_people=True)
def moved(tables: Tables, params: MovedParams, progress: Progress = silent) -> MovedReport:
    """The customers who moved from one segment to another, or stayed in it; the same ones `migration` counts."""
    both = _both(tables, MigrationParams(params.yardstick, params.before, params.after), progress)
    is_asked = pd.Series(data=True, index=both.index)
    for column, key in (("origin", params.origin), ("target", params.target)):
        is_asked &= both[column] != NOWHERE if key is None else both[column] == key
    if params.origin is None or params.target is None:
        is_asked &= both["origin"] != both["target"]
    members = both[is_asked]
    best_first = members.sort_values(["monetary_e4", "customer_id"], ascending=[False, True])
    columns = ["customer_id", "recency_days", "frequency", "monetary_e4"]
    return MovedReport(with_names(tables, best_first[columns]))


@analysis("segment_sizes", reads=_READS, permission=Permission.SEGMENTS_VIEW, is_long=True)
def segment_sizes(tables: Tables, params: SizesParams, progress: Progress = silent) -> SizesReport:
    """How many customers each segment held on several days, by one yardstick."""
    parts: list[pd.DataFrame] = []
    for i, day in enumerate(params.days):
        progress(i / len(params.days), N_("Following customers"))
        segments = params.yardstick.customers(tables, day)["segment"].astype("str")
        counts = segments.value_counts().reindex(list(params.yardstick.keys), fill_value=0)
        parts.append(
            pd.DataFrame(
                {
                    "day": pd.Series([day] * len(counts), dtype=object),
                    "key": pd.Series(counts.index.tolist(), dtype="str"),
                    "customers": counts.to_numpy("int64"),
                    "share": counts.to_numpy("float64") / max(len(segments), 1),
                }
            )
        )
    return SizesReport(pd.concat(parts, ignore_index=True))


def _both(tables: Tables, params: MigrationParams, progress: Progress) -> pd.DataFrame:
    """The customers of the later day with target, their segment, and with origin and monetary_before_e4 as of the
    earlier one."""
    progress(0.0, N_("Following customers"))
    then = params.yardstick.customers(tables, params.before)
    progress(0.5, N_("Following customers"))
    now = params.yardstick.customers(tables, params.after)
    then = then.assign(origin=then["segment"].astype("str"), monetary_before_e4=then["monetary_e4"])
    now = now.assign(target=now["segment"].astype("str"))
    both = now.merge(
        then[["customer_id", "origin", "monetary_before_e4"]], on="customer_id", how="left", validate="one_to_one"
    )
    return both.assign(origin=both["origin"].fillna(NOWHERE))


def _flows(moves: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    matrix = moves.pivot(index="origin", columns="target", values="customers")
    known = matrix.drop(index=NOWHERE).reindex(index=list(keys), columns=list(keys))
    stayed = known.to_numpy("int64").diagonal()
    before, now = known.sum(axis=1), matrix.sum(axis=0).reindex(list(keys))
    return pd.DataFrame(
        {
            "key": pd.Series(keys, dtype="str"),
            "before": before.to_numpy("int64"),
            "stayed": stayed,
            "entered": (known.sum(axis=0) - stayed).to_numpy("int64"),
            "new": matrix.loc[NOWHERE].reindex(list(keys)).to_numpy("int64"),
            "left": (before - stayed).to_numpy("int64"),
            "after": now.to_numpy("int64"),
        }
    )
