"""CDNOW: the published parameters and hold-out (Fader, Hardie & Lee 2005; Fader & Hardie 2013)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from crm_core.analytics import bgnbd, gamma_gamma
from crm_core.analytics.maximum_likelihood import Floats
from crm_core.cli import app

pytestmark = pytest.mark.realdata

END = pd.Timestamp("1997-09-30")


@pytest.fixture
def days(real_data: Path) -> pd.DataFrame:
    """One row per customer and day with a purchase: customer, day, spend."""
    log = pd.read_csv(
        real_data / "cdnow" / "CDNOW_sample.txt",
        sep=r"\s+", header=None, names=["id", "customer", "day", "cds", "spend"], parse_dates=["day"],
    )  # fmt: skip
    return log.groupby(["customer", "day"], as_index=False)["spend"].sum()


def histories(days: pd.DataFrame) -> tuple[Floats, Floats, Floats, Floats]:
    """x, t_x, age in weeks and the mean spend of repeat purchases, in calibration."""
    seen = days[days["day"] <= END]
    first = seen.groupby("customer")["day"].transform("min")
    customers = seen.groupby("customer")["day"].agg(["min", "max", "size"])
    spend = seen[seen["day"] > first].groupby("customer")["spend"].mean().reindex(customers.index, fill_value=0.0)
    x = customers["size"].to_numpy(np.float64) - 1
    t_x = (customers["max"] - customers["min"]).dt.days.to_numpy(np.float64) / 7
    return x, t_x, (END - customers["min"]).dt.days.to_numpy(np.float64) / 7, spend.to_numpy(np.float64)


def test_bgnbd_finds_the_published_parameters_and_likelihood(days: pd.DataFrame) -> None:
    x, t_x, age, _spend = histories(days)
    found = bgnbd.fit(x, t_x, age)
    model = found.model
    assert (len(x), found.n_repeat_buyers) == (2357, 946)
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx((0.2426, 4.4136, 0.7929, 2.4259), abs=5e-5)
    assert found.estimate.log_likelihood == pytest.approx(-9582.429, abs=5e-4)


def test_bgnbd_expects_the_published_purchases(days: pd.DataFrame) -> None:
    x, t_x, age, _spend = histories(days)
    model = bgnbd.fit(x, t_x, age).model
    expected = bgnbd.expected_purchases(model, np.array([1.0, 32.0, 78.0]))
    assert expected == pytest.approx([0.0532, 1.0437, 1.8576], abs=5e-4)  # at 78 the published series ends too soon
    assert bgnbd.conditional_purchases(model, x, t_x, age, 39.0).sum() == pytest.approx(1653, abs=1)
    assert (days["day"] > END).sum() == 1882


def test_gamma_gamma_finds_the_published_parameters(days: pd.DataFrame) -> None:
    x, _t_x, _age, spend = histories(days)
    found = gamma_gamma.fit(x[spend > 0], spend[spend > 0])
    assert found.n_buyers == 946
    assert (found.model.p, found.model.q, found.model.v) == pytest.approx((6.25, 3.74, 15.44), abs=5e-3)


def test_the_command_line_reads_the_log_and_gives_the_same(real_data: Path, tmp_path: Path) -> None:
    rows = [line.split() for line in (real_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines()]
    log = tmp_path / "cdnow.csv"
    log.write_text("customer,date,amount\n" + "".join(f"{row[1]},{row[2]},{row[4]}\n" for row in rows))
    arguments = ["value", "--input", str(log), "--calibration-end", "1997-09-30", "--unit", "week", "--json"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.stderr
    data = json.loads(result.stdout)
    assert [data["bgnbd"][name] for name in ("r", "alpha", "a", "b")] == pytest.approx(
        [0.2426, 4.4136, 0.7929, 2.4259], abs=5e-5
    )
    assert data["bgnbd"]["log_likelihood"] == pytest.approx(-9582.429, abs=5e-4)
    assert [data["gamma_gamma"][name] for name in ("p", "q", "v")] == pytest.approx([6.25, 3.74, 15.44], abs=5e-3)
    assert (data["customers"], data["holdout"]["actual"], data["horizon_days"]) == (2357, 1882, 273)
    assert data["holdout"]["predicted"] == data["expected_purchases"] == pytest.approx(1653, abs=1)
    assert (data["holdout"]["auc"], data["holdout"]["recency_auc"]) == pytest.approx((0.7725, 0.7714), abs=5e-5)
    assert data["holdout"]["beats_baseline"]
