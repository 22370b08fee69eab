"""The IBM Telco sample: contracts by tenure and outcome, with the figures commonly published for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crm_core.analytics.contract_churn import contract_model, kaplan_meier

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def telco() -> pd.DataFrame:
    from tests.conftest import REAL_DATA

    source: Path = REAL_DATA / "telco_churn" / "Telco-Customer-Churn.csv"
    if not source.exists():
        pytest.skip(f"the public data sets are not at {REAL_DATA}")
    frame = pd.read_csv(source)
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    return frame


def test_the_logistic_regression_reaches_the_published_figures_in_five_folds(telco: pd.DataFrame) -> None:
    assert (len(telco), int(telco["TotalCharges"].isna().sum())) == (7_043, 11)
    ended = (telco["Churn"] == "Yes").to_numpy()
    assert ended.mean() == pytest.approx(0.2654, abs=5e-5)
    model = contract_model(telco.drop(columns=["customerID", "Churn"]), ended)
    assert model.quality["auc"].value == pytest.approx(0.845, abs=0.013)
    assert model.quality["brier"].value == pytest.approx(0.136, abs=0.001)
    assert 0.9 < model.slope.value < 1.1
    assert model.gain.low > 0


def test_contracts_by_the_month_end_sooner_than_those_for_a_year(telco: pd.DataFrame) -> None:
    ended = (telco["Churn"] == "Yes").to_numpy()
    at_two_years = {}
    for kind in ("Month-to-month", "One year"):
        is_kind = (telco["Contract"] == kind).to_numpy()
        curve = kaplan_meier(telco["tenure"].to_numpy(np.float64)[is_kind], ended[is_kind])
        at_two_years[kind] = curve[curve["time"] <= 24].iloc[-1]
    assert at_two_years["Month-to-month"]["high"] < at_two_years["One year"]["low"]
