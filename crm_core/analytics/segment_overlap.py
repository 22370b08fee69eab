"""Which customers several segments share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crm_core.access import Permission
from crm_core.analytics.membership import Who
from crm_core.analytics.progress import Progress, silent
from crm_core.analytics.purchases import require_day
from crm_core.analytics.registry import analysis
from crm_core.analytics.segment_rules import Ground
from crm_core.errors import FieldError, Invalid
from crm_core.translation import N_

if TYPE_CHECKING:
    from crm_core.warehouse import Tables

MOST_SEGMENTS = 6


@dataclass(frozen=True)
class SegmentOverlapParams:
    """The segments to lay over each other, as of which day.

    Raises:
        Invalid: fewer than 2 segments, or more than 6.
    """

    segments: tuple[Who, ...]
    as_of: date

    def __post_init__(self) -> None:
        require_day(self.as_of)
        if not 2 <= len(self.segments) <= MOST_SEGMENTS:
            raise Invalid({"segments": FieldError("Choose 2 to {most} segments.", {"most": MOST_SEGMENTS})})


@dataclass(frozen=True)
class SegmentOverlapReport:
    """sizes: customers of each segment, in the order asked for.

    combinations: pattern (a 1 or 0 for each segment: in it or not), customers; those in at least one segment, each
        customer in exactly one combination, the largest first.
    pairs: one, other (places in the order asked for, from 0), shared (customers), share (of those in either: Jaccard's
        index; 0 where nobody is).
    """

    sizes: tuple[int, ...]
    combinations: pd.DataFrame
    pairs: pd.DataFrame


@analysis(
    "segment_overlap", reads=("customers", "products", "orders", "order_lines"), permission=Permission.SEGMENTS_VIEW
)
def segment_overlap(tables: Tables, params: SegmentOverlapParams, progress: Progress = silent) -> SegmentOverlapReport:
    """Which customers are in which combination of the segments."""
    ground = Ground(tables, params.as_of)
    inside = np.zeros((len(ground.customers), len(params.segments)), dtype=np.bool_)
    for place, who in enumerate(params.segments):
        progress(place / len(params.segments), N_("Following customers"))
        inside[:, place] = np.isin(ground.customers, who.members(ground), assume_unique=True)
    weights = 1 << np.arange(len(params.segments))[::-1]
    codes, counts = np.unique(inside @ weights, return_counts=True)
    combinations = pd.DataFrame({"code": codes, "customers": counts}).query("code > 0")
    combinations = combinations.sort_values(["customers", "code"], ascending=[False, True])
    width = len(params.segments)
    patterns = pd.Series([format(code, f"0{width}b") for code in combinations["code"]], dtype="str")
    return SegmentOverlapReport(
        sizes=tuple(int(size) for size in inside.sum(axis=0)),
        combinations=pd.DataFrame({"pattern": patterns, "customers": combinations["customers"].to_numpy()}),
        pairs=_pairs(inside),
    )


def _pairs(inside: np.ndarray) -> pd.DataFrame:
    rows = []
    for one in range(inside.shape[1]):
        for other in range(one + 1, inside.shape[1]):
            shared = int((inside[:, one] & inside[:, other]).sum())
            either = int((inside[:, one] | inside[:, other]).sum())
            rows.append((one, other, shared, shared / either if either else 0.0))
    return pd.DataFrame(rows, columns=["one", "other", "shared", "share"])
