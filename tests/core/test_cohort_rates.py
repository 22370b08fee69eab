"""How sure a share retained is."""

from __future__ import annotations

from datetime import date

import numpy as np

from crm_core.analytics.proportions import wilson
from tests.core.cohort_sales import bought


def test_intervals_are_wilsons() -> None:
    # R. G. Newcombe (1998), Statistics in Medicine 17, 857-872, table I, the score method without correction.
    low, high = wilson([81, 15, 0, 1, 10, 0], [263, 148, 20, 29, 10, 0])
    assert low.round(4).tolist()[:4] == [0.2553, 0.0624, 0.0, 0.0061]
    assert high.round(4).tolist()[:5] == [0.3662, 0.1605, 0.1611, 0.1718, 1.0]
    assert np.isnan([low[5], high[5]]).all()


def test_each_rate_lies_in_its_interval_and_the_entry_is_certain() -> None:
    report = bought(*[(n, f"2024-01-{n:02} 10:00") for n in range(1, 21)], (1, "2024-02-29 10:00"))
    january = report.cells[report.cells["cohort"] == date(2024, 1, 1)]
    assert january[["rate", "low", "high"]].values.tolist()[0] == [1.0, 1.0, 1.0]
    rate, low, high = january[["rate", "low", "high"]].values.tolist()[1]
    assert (rate, round(low, 4), round(high, 4)) == (0.05, 0.0089, 0.2361)
    means = bought((1, "2024-01-05 10:00"), (2, "2024-02-29 10:00"), mean="simple").means
    assert means.loc[means["offset"] == 1, ["low", "high"]].isna().all(axis=None)
