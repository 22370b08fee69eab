"""A way to part customers that is kept: which features, on which scale, around which centres, called what.

It is found on the customers of one day and can then place the customers of any other day, newcomers among them, by the
same yardstick. Everything in it is plain numbers and words, so that it can be a parameter of an analysis and be stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crm_core.analytics.partitions import (
    Centres,
    Labels,
    Method,
    Mixture,
    Model,
    Points,
    Regions,
    fit,
    one_thread,
    sample,
)
from crm_core.analytics.segment_features import FEATURES, Scaling, compared_customers, scaling
from crm_core.analytics.values import decode, encode, named_types
from crm_core.errors import AnalysisRefused, FieldError, Invalid

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

FITTED = 20_000
"""Centres are fitted on at most so many customers drawn at random; all are then placed by them."""
FEWEST_CUSTOMERS = 50


@dataclass(frozen=True)
class Group:
    """One group as it was found: its number (from 1, by sales per customer), name, and a number where names repeat."""

    number: int
    name: str
    name_number: int = 1


@dataclass(frozen=True)
class Clustering:
    """Found on the customers of the day `as_of`; the i-th of the groups is the model's i-th.

    Raises:
        Invalid: an unknown feature, or the parts do not fit each other.
    """

    as_of: date
    method: Method
    features: tuple[str, ...]
    scaling: Scaling
    model: Centres | Mixture
    groups: tuple[Group, ...]

    def __post_init__(self) -> None:
        n = len(self.features)
        sizes = {len(self.scaling.means), len(self.scaling.deviations), *(len(row) for row in _middles(self.model))}
        if (
            any(feature not in FEATURES for feature in self.features)
            or sizes != {n}
            or len(self.groups) != self.model.k
        ):
            raise Invalid({"clustering": FieldError("This is no clustering that was kept here.")})

    @property
    def keys(self) -> tuple[str, ...]:
        """The groups there are, best first."""
        return tuple(str(number) for number in sorted(group.number for group in self.groups))

    def place(self, base: pd.DataFrame) -> Labels:
        """The number of the group of each of the customers that `compared_customers` gave."""
        numbers = np.array([group.number for group in self.groups], dtype=np.int32)
        with one_thread():
            placed: Labels = numbers[self.model.assign(self.scaling.points(base, self.features))]
        return placed

    def customers(self, tables: Tables, as_of: date) -> pd.DataFrame:
        """The known customers of a day, as `compared_customers` gives them, with the number of their group, segment."""
        base = compared_customers(tables, as_of, self.features)
        return base.assign(segment=self.place(base))


@dataclass(frozen=True, eq=False)
class Parted:
    """Customers of one day in their groups.

    base: the customers, as `compared_customers` gives them. points: the same customers, scaled, shape (n, features).
    model: the groups as found. labels: each customer's group, from 1 by sales per customer; 0 for those in none.
    """

    base: pd.DataFrame
    points: Points
    scaling: Scaling
    model: Model
    numbers: tuple[int, ...]
    labels: Labels


def compared(tables: Tables, as_of: date, features: tuple[str, ...]) -> tuple[pd.DataFrame, Scaling, Points]:
    """The customers of a day, how they are scaled, and as points.

    Raises:
        AnalysisRefused: fewer than 50 customers, or all alike.
    """
    base = compared_customers(tables, as_of, features)
    if len(base) < FEWEST_CUSTOMERS:
        raise AnalysisRefused(
            "Clusters need at least {fewest} customers with a sale up to {as_of}; there are {n}.",
            fewest=FEWEST_CUSTOMERS,
            as_of=as_of,
            n=len(base),
        )
    scale = scaling(base, features)
    if not any(scale.deviations):
        raise AnalysisRefused(
            "All {n} customers are alike in what is compared; there is nothing to cluster.", n=len(base)
        )
    return base, scale, scale.points(base, features)


def count_kinds(points: Points, enough: int) -> int:
    """How many different points there are, or a number from `enough` up if there are so many."""
    some = len(np.unique(sample(points, FITTED), axis=0))
    return some if some >= enough or len(points) <= FITTED else len(np.unique(points, axis=0))


def parted(base: pd.DataFrame, scale: Scaling, points: Points, k: int | None, method: Method) -> Parted:
    """The customers in k groups (as many as there are, for `density`), numbered by sales per customer, best first."""
    with one_thread():
        model = fit(sample(points, FITTED), k, method)
        found = model.assign(points)
    worth = base["monetary_e4"].groupby(found).mean().reindex(range(model.k), fill_value=0)
    numbers = np.empty(model.k + 1, dtype=np.int32)
    numbers[worth.sort_values(ascending=False, kind="stable").index] = np.arange(1, model.k + 1, dtype=np.int32)
    numbers[-1] = 0  # where SCATTERED, −1, leads
    return Parted(base, points, scale, model, tuple(numbers[:-1].tolist()), numbers[found])


def kept(
    parts: Parted, as_of: date, method: Method, features: tuple[str, ...], groups: dict[int, Group]
) -> Clustering | None:
    """The parting as something to keep; None for dense regions, which are as many points as there are customers."""
    if isinstance(parts.model, Regions):
        return None
    return Clustering(
        as_of, method, features, parts.scaling, parts.model, tuple(groups[number] for number in parts.numbers)
    )


def written(clustering: Clustering) -> dict[str, Any]:
    """The clustering as JSON to be stored; numbers keep their last digit."""
    found: dict[str, Any] = encode(clustering, _TYPES)
    return found


def read(stored: Mapping[str, Any]) -> Clustering:
    """The clustering that `written` wrote.

    Raises:
        Invalid: this is none.
    """
    try:
        found = decode(dict(stored), _TYPES)
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid({"clustering": FieldError("This is no clustering that was kept here.")}) from error
    if not isinstance(found, Clustering):
        raise Invalid({"clustering": FieldError("This is no clustering that was kept here.")})
    return found


_TYPES = named_types(Clustering)


def _middles(model: Centres | Mixture) -> tuple[tuple[float, ...], ...]:
    return model.centres if isinstance(model, Centres) else model.means
