"""How often churn is claimed to be predictable for customers who all buy at one rate for ever: at most 5 of 100."""

from __future__ import annotations

from benchmarks.table import Context, Line
from crm_core.analytics.churn import churn
from tests.core.test_churn import PARAMS, bought, tables_of

SEEDS = 100
N_CUSTOMERS, DAYS = 400, 300


def run(context: Context) -> list[Line]:
    """Claims out of 100 seeds: that the model is usable, and that ranking by expected purchases is worth something."""
    usable = ranked = 0
    for seed in range(SEEDS):
        report = churn(tables_of(bought(N_CUSTOMERS, DAYS, seed=seed, is_noise=True), DAYS), PARAMS)
        usable += report.verdict == "usable"
        ranked += report.ranks_by_expected
    return [
        Line("Churn claimed on noise, by the model", usable, "seeds", SEEDS, 0.05, unit="seeds"),
        Line("Churn claimed on noise, by expected purchases", ranked, "seeds", SEEDS, 0.05, unit="seeds"),
    ]
