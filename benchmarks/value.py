"""BG/NBD on CDNOW beside lifetimes, and how often known parameters lie in the intervals the fit gives them.

lifetimes is a yardstick only: it is installed into an environment of its own in the scratch folder. Where that cannot
be done, the yardstick is the same likelihood over every customer instead of the different histories.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.table import Context, Line, timed
from crm_core.analytics import bgnbd
from crm_core.analytics.bgnbd import BgNbd
from crm_core.analytics.maximum_likelihood import Floats, maximised
from crm_core.analytics.periods import parse_day
from crm_core.analytics.purchase_log import day_number, histories, log_of
from tests.core.buyers import CDNOW
from tests.core.buyers import histories as simulated

SOURCE = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "cdnow" / "CDNOW_sample.txt"
END = "1997-09-30"
REPEAT = 7
SEEDS, CUSTOMERS = 100, 3000
MOST_OUTSIDE = 10

LIFETIMES = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
from lifetimes import BetaGeoFitter
x, t_x, age = np.array(json.load(sys.stdin))
best = float("inf")
for _ in range(int(sys.argv[1])):
    start = time.perf_counter()
    BetaGeoFitter().fit(x, t_x, age)
    best = min(best, time.perf_counter() - start)
print(best)
"""


def run(context: Context) -> list[Line]:
    """The fit of CDNOW's calibration period, and recovery over simulated seeds."""
    lines = [_recovery()]
    if not SOURCE.exists():
        print(f"value: CDNOW is skipped, {SOURCE} is not there")
        return lines
    x, t_x, age = _cdnow()
    measured = timed(lambda: bgnbd.fit(x, t_x, age), REPEAT)
    python = _with_lifetimes(context.folder / "lifetimes")
    if python is not None:
        given = json.dumps([x.tolist(), t_x.tolist(), age.tolist()])
        done = subprocess.run(
            [python, "-c", LIFETIMES, str(REPEAT)], input=given, capture_output=True, text=True, check=True
        )
        yardstick, name = float(done.stdout), "lifetimes, its fit alone"
    else:
        print("value: lifetimes cannot be installed here; every customer's likelihood instead")
        yardstick, name = timed(lambda: _ungrouped(x, t_x, age), REPEAT), "SciPy on every customer"
    return [Line("value, BG/NBD on CDNOW's 2,357 customers", measured, name, yardstick, 1, "at least"), *lines]


def _cdnow() -> tuple[Floats, Floats, Floats]:
    """x, t_x and age in weeks of CDNOW's calibration period."""
    log = pd.read_csv(SOURCE, sep=r"\s+", header=None, usecols=[1, 2], names=["customer", "day"], parse_dates=["day"])
    days = (log["day"] - pd.Timestamp(0)).dt.days.to_numpy()
    purchases = log_of(log["customer"].to_numpy(), days, np.zeros(len(log), dtype=np.int64))
    known = histories(purchases, day_number(parse_day(END)))
    return known.x, known.t_x / 7, known.age / 7


def _with_lifetimes(folder: Path) -> Path | None:
    """The interpreter of an environment with lifetimes, made where it is not there yet; None where it cannot be."""
    python = folder / "bin" / "python"
    if (folder / "done").exists():
        return python
    install = [[sys.executable, "-m", "venv", str(folder)], [str(python), "-m", "pip", "install", "-q", "lifetimes"]]
    if any(subprocess.run(step, capture_output=True).returncode for step in install):
        return None
    (folder / "done").touch()
    return python


def _ungrouped(x: Floats, t_x: Floats, age: Floats) -> None:
    def score(values: Floats) -> tuple[float, Floats]:
        heights, slopes = bgnbd._log_likelihoods(BgNbd(*values.tolist()), x, t_x, age)
        return float(heights.sum()), slopes.sum(axis=1)

    maximised(score, [(0.5, float(age.mean()) / 4, 1.0, 2.0)], len(x), model="BG/NBD")


def _recovery() -> Line:
    """How often, of 100 simulated seeds, the parameter that fares worst lies outside its 95 % interval."""
    outside = np.zeros(4)
    for seed in range(SEEDS):
        estimate = bgnbd.fit(*simulated(CDNOW, np.linspace(26, 52, CUSTOMERS), seed=seed)).estimate
        truth = (CDNOW.r, CDNOW.alpha, CDNOW.a, CDNOW.b)
        outside += [
            ends is None or not ends[0] <= value <= ends[1]
            for ends, value in zip(estimate.intervals(), truth, strict=True)
        ]
    return Line(
        f"value, seeds of {SEEDS} with the worst-off parameter outside its 95 % interval",
        float(outside.max()),
        "as many as may be outside",
        MOST_OUTSIDE,
        1,
        unit="seeds",
    )
