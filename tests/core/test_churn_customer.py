"""One customer: the same inputs as in the report, what-if keeps what is not asked, lists keep the held-out ones out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_core import charts
from crm_core.analytics.churn import ChurnReport, churn
from crm_core.analytics.churn_customer import ChurnCustomerParams, churn_customer, what_if
from crm_core.analytics.contacts import Terms, at_risk, contact_list, expected_profit, named
from crm_core.analytics.scorecard import INPUT_NAMES
from crm_core.formats import Formats
from crm_core.translation import translator
from crm_core.warehouse import Tables
from tests.core.tables import Line, Order, make_tables
from tests.core.test_churn import PARAMS, REAL, tables_of

pytestmark = pytest.mark.xdist_group("churn")


@pytest.fixture(scope="module")
def tables() -> Tables:
    return tables_of(REAL, 260)


@pytest.fixture(scope="module")
def report(tables: Tables) -> ChurnReport:
    return churn(tables, PARAMS)


def asked(report: ChurnReport, customer_id: int) -> ChurnCustomerParams:
    return ChurnCustomerParams(customer_id, report.as_of, report.horizon, report.channel, report.expectation)


def test_one_customer_scores_as_in_the_report(tables: Tables, report: ChurnReport) -> None:
    assert report.model is not None
    for _index, row in report.top.iloc[[0, 50, 150]].iterrows():
        one = churn_customer(tables, asked(report, int(row["customer_id"])))
        assert one.is_alive
        assert one.features["value_e4"].iloc[0] == row["value_e4"]
        pd.testing.assert_series_equal(
            one.features.iloc[0][list(INPUT_NAMES)].astype(float),
            row[list(INPUT_NAMES)].astype(float),
            check_names=False,
        )
        assert report.model.predict(one.features)[0] == row["probability"]


def test_a_lost_customer_is_not_alive_and_an_unknown_one_has_no_features(tables: Tables, report: ChurnReport) -> None:
    lost = set(range(1, 701)) & {c for c, _day in REAL} - set(report.customers["customer_id"])
    assert not churn_customer(tables, asked(report, min(lost))).is_alive
    nobody = churn_customer(tables, asked(report, 99_999))
    assert (len(nobody.features), nobody.is_alive) == (0, False)


def test_what_if_nothing_changes_changes_nothing_and_silence_raises_the_risk(
    tables: Tables, report: ChurnReport
) -> None:
    assert report.model is not None
    customer = report.top.iloc[[20]].reset_index(drop=True)
    same = what_if(customer, {"recency_days": customer["recency_days"].iloc[0]}, report.expectation, 30)
    pd.testing.assert_frame_equal(same[list(INPUT_NAMES)], customer[list(INPUT_NAMES)], check_dtype=False)
    busy = report.customers.iloc[[-1]]
    one = churn_customer(tables, asked(report, int(busy["customer_id"].iloc[0]))).features
    before = report.model.predict(one)[0]
    silent = what_if(one, {"recency_days": one["tenure_days"].iloc[0] * 0.8}, report.expectation, 30)
    assert report.model.predict(silent)[0] > before
    assert silent["gap_days"].iloc[0] < one["gap_days"].iloc[0]
    capped = what_if(one, {"recency_days": 10_000}, report.expectation, 30)
    assert capped["recency_days"].iloc[0] == one["tenure_days"].iloc[0]
    once = what_if(one, {"frequency": 1}, report.expectation, 30)
    assert once["is_repeat"].iloc[0] == 0
    assert np.isnan(once["gap_days"].iloc[0])
    with pytest.raises(ValueError, match="tenure_days cannot be changed"):
        what_if(one, {"tenure_days": 1}, report.expectation, 30)


SCORED = pd.DataFrame(
    {
        "customer_id": [1, 2, 3, 4],
        "probability": [0.9, 0.5, 0.5, 0.1],
        "value_e4": [100_000, 4_000_000, 900_000, 50_000],
    }
)


def test_the_most_at_risk_come_first_and_profit_is_worked_by_hand() -> None:
    listed = at_risk(SCORED)
    assert listed["customer_id"].tolist() == [2, 3, 1, 4]
    assert listed["risk_e4"].tolist() == [2_000_000, 450_000, 90_000, 5_000]
    found = expected_profit(listed, Terms(cost=2.0, margin=0.5, uptake=0.2))
    assert found.curve.set_index("n")["profit"].to_dict() == pytest.approx({0: 0, 1: 18, 2: 20.5, 3: 19.4, 4: 17.45})
    assert (found.best_n, found.best) == (2, pytest.approx(20.5))
    assert found.at(3) == pytest.approx(19.4)
    nothing = expected_profit(listed, Terms(cost=99.0, margin=0.5, uptake=0.2))
    assert (nothing.best_n, nothing.best) == (0, 0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nobody_held_out_is_ever_in_the_list(seed: int) -> None:
    ids = range(1, 201)
    tables = make_tables([Order(i, "2024-01-01 12:00", i) for i in ids], [Line(i, "5") for i in ids])
    consent = nw_consent(tables)
    listed = at_risk(pd.DataFrame({"customer_id": list(ids), "probability": 0.5, "value_e4": 1000}))
    found, n_out, n_silent = contact_list(consent, listed, 100, holdout_bp=2_000, seed=seed)
    again, _n, _m = contact_list(consent, listed, 100, holdout_bp=2_000, seed=seed)
    assert found["customer_id"].tolist() == again["customer_id"].tolist()
    agreed = {i for i in range(1, 101) if i % 4}
    assert n_silent == 25
    assert n_out == 15
    assert len(found) == 60
    assert set(found["customer_id"]) < agreed
    assert found["email"].iloc[0].endswith("@example.org")


def nw_consent(tables: Tables) -> Tables:
    """The same tables, where every fourth customer never agreed to marketing."""
    import narwhals as nw

    agreed = (nw.col("id") % 4) != 0
    return tables.replaced(customers=tables.customers.with_columns(has_marketing_consent=agreed))


def test_names_keep_the_order_of_the_rows_and_leave_out_whom_one_may_not_see(tables: Tables) -> None:
    rows = pd.DataFrame({"customer_id": [5, 99_999, 2], "risk_e4": [3, 2, 1]})
    assert named(tables, rows)[["customer_id", "ref", "risk_e4"]].values.tolist() == [[5, "C5", 3], [2, "C2", 1]]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_charts_say_what_they_show(report: ChurnReport, language: str) -> None:
    drawn = {"_": translator(language), "formats": Formats(language, "EUR", "Europe/Berlin")}
    curve = charts.churn_calibration(report.calibration, **drawn)  # type: ignore[arg-type]
    assert len(curve.data[1].x) == len(report.calibration)
    gain = charts.churn_gain(report.gain, **drawn)  # type: ignore[arg-type]
    assert len(gain.data) == 4
    found = expected_profit(at_risk(report.customers), Terms(1.0, 0.4, 0.1))
    profit = charts.churn_profit(found.curve, chosen=found.best_n, **drawn)  # type: ignore[arg-type]
    assert profit.layout.shapes[0].x0 == found.best_n
