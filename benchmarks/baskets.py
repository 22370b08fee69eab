"""Frequent itemsets of FIMI's retail.dat, once and eleven times over, beside mlxtend's fpgrowth and PyFIM.

Each miner starts from what it takes: ours from arrays, mlxtend's from a sparse frame with rare items dropped, PyFIM's
from lists. PyFIM is a yardstick only and no dependency: its lines are left out, with the reason, where it is absent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlxtend.frequent_patterns import fpgrowth
from scipy import sparse

from benchmarks.table import Context, Line, timed
from crm_core.analytics.basket_source import listed
from crm_core.analytics.itemsets import Baskets, least_count
from crm_core.analytics.mining import mine
from crm_core.imports.basket_file import read_baskets

SOURCE = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "fimi" / "retail.dat"
SUPPORT = 0.001
ITEMSETS = 7_589
TIMES = 11
SHORT = 9
"""Runs of what takes a fraction of a second, of which the fastest counts."""


def run(context: Context) -> list[Line]:
    """Both sizes beside both yardsticks; nothing where the data set is absent."""
    if not SOURCE.exists():
        print(f"baskets: skipped, {SOURCE} is not there")
        return []
    once = listed(read_baskets(SOURCE), holdout=0.0).baskets
    return [*_lines(once, 3), *_lines(_repeated(once, TIMES), 1)]


def _lines(baskets: Baskets, repeat: int) -> list[Line]:
    name = f"Itemsets of {baskets.n:,} baskets at support {SUPPORT}"
    ours = timed(lambda: _check(sum(mine(baskets, least_count(SUPPORT, baskets.n)).sizes)), repeat=SHORT)
    frame = _sparse_frame(baskets)
    theirs = timed(lambda: _check(len(fpgrowth(frame, min_support=SUPPORT))), repeat=repeat)
    lines = [Line(name, ours, "mlxtend fpgrowth, rare items dropped", theirs, 15.0, better="at least")]
    fim = _pyfim()
    if fim is None:
        print("baskets: PyFIM is not installed; its lines are left out (pip install pyfim, with a C compiler)")
        return lines
    lists = _as_lists(baskets)
    yardstick = timed(lambda: _check(len(fim.fpgrowth(lists, supp=100 * SUPPORT, zmin=1, report="a"))), repeat=SHORT)
    return [*lines, Line(name, ours, "PyFIM fpgrowth, in C", yardstick, 2.0)]


def _check(n: int) -> None:
    assert n == ITEMSETS, n


def _repeated(baskets: Baskets, times: int) -> Baskets:
    shifted = [baskets.basket + at * baskets.n for at in range(times)]
    n = baskets.n * times
    return Baskets(np.concatenate(shifted), np.tile(baskets.item, times), n, baskets.n_items, n)


def _sparse_frame(baskets: Baskets) -> pd.DataFrame:
    counts = np.bincount(baskets.item, minlength=baskets.n_items)
    frequent = np.flatnonzero(counts >= least_count(SUPPORT, baskets.n))
    place = np.full(baskets.n_items, -1)
    place[frequent] = np.arange(len(frequent))
    kept = place[baskets.item] >= 0
    entries = (np.ones(int(kept.sum()), dtype=bool), (baskets.basket[kept], place[baskets.item[kept]]))
    held = sparse.csr_array(entries, shape=(baskets.n, len(frequent)))
    return pd.DataFrame.sparse.from_spmatrix(held)


def _as_lists(baskets: Baskets) -> list[list[int]]:
    ends = np.cumsum(np.bincount(baskets.basket, minlength=baskets.n))[:-1]
    return [part.tolist() for part in np.split(baskets.item, ends)]


def _pyfim() -> Any:
    try:
        import fim
    except ImportError:
        return None
    return fim
