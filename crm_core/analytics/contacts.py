"""Whom to contact so that they stay: what it would bring, and the list with some left out at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import pandas as pd

from crm_core.analytics.measures import collected
from crm_core.records.arms import held_out

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

MOST_POINTS = 200
_FEW = 1_000


@dataclass(frozen=True)
class Terms:
    """What a contact costs (money), the margin on sales, and the share of the leaving ones it makes stay."""

    cost: float
    margin: float
    uptake: float


@dataclass(frozen=True, eq=False)
class Profit:
    """Expected profit by how many are contacted, those with most at risk first.

    curve: n, profit; at most about 200 points from 0 to everyone. best: the number of greatest profit, and it.
    """

    curve: pd.DataFrame
    best_n: int
    best: float

    def at(self, n: int) -> float:
        """The expected profit of contacting the first n."""
        return float(np.interp(n, self.curve["n"], self.curve["profit"]))


def at_risk(customers: pd.DataFrame) -> pd.DataFrame:
    """The scored customers with risk_e4, probability × usual value, most at risk first."""
    risk = np.rint(customers["probability"].to_numpy() * customers["value_e4"].to_numpy(np.float64)).astype(np.int64)
    order = np.lexsort((customers["customer_id"].to_numpy(), -risk))
    return customers.assign(risk_e4=risk).iloc[order].reset_index(drop=True)


def expected_profit(listed: pd.DataFrame, terms: Terms) -> Profit:
    """Σ (probability × usual value × uptake × margin) − cost × n over the first n of `at_risk`.

    Only who would have left can be made to stay, and then brings what they usually spend within the horizon.
    """
    each = listed["risk_e4"].to_numpy(np.float64) / 10_000 * terms.uptake * terms.margin - terms.cost
    total = np.r_[0.0, np.cumsum(each)]
    best = int(total.argmax())
    shown = np.unique(np.r_[np.linspace(0, len(listed), MOST_POINTS).round().astype(np.int64), best])
    return Profit(pd.DataFrame({"n": shown, "profit": total[shown]}), best, float(total[best]))


def contact_list(
    tables: Tables, listed: pd.DataFrame, n: int, *, holdout_bp: int, seed: int
) -> tuple[pd.DataFrame, int, int]:
    """The first n of `at_risk` who agreed to marketing, without those held out at random: who they are, and the columns
    of `listed`; how many are held out; how many of the n never agreed.

    Who is held out depends on seed and customers alone, and nobody held out is in the frame.
    """
    first = listed.head(n)
    agreed = collected(tables.customers.filter(nw.col("has_marketing_consent")).select("id"))["id"]
    asked = first[first["customer_id"].isin(agreed)].reset_index(drop=True)
    if len(asked) < 2:
        return named(tables, asked), 0, len(first) - len(asked)
    is_out = held_out(asked["customer_id"].to_numpy(np.int64), holdout_bp=holdout_bp, seed=seed)
    return named(tables, asked[~is_out]), int(is_out.sum()), len(first) - len(asked)


def named(tables: Tables, rows: pd.DataFrame, *, also: Sequence[str] = ()) -> pd.DataFrame:
    """The rows with who they are (ref, name, email, country, and the customers' columns in `also`), in the same order;
    those one may not see are left out. A customer may have several rows."""
    ids: Sequence[int] = [int(value) for value in rows["customer_id"].unique()]
    first = ["ref", "name", "email", "country", *also]
    people = tables.customers.select("id", *first)
    if len(ids) <= _FEW:
        people = people.filter(nw.col("id").is_in(ids)) if ids else people.filter(nw.col("id") < 0)
    found = rows.merge(collected(people), left_on="customer_id", right_on="id", how="inner", validate="many_to_one")
    others = [name for name in rows.columns if name != "customer_id"]
    return found[["customer_id", *first, *others]].reset_index(drop=True)
