"""Value: only the past counts, lists and totals agree, and what cannot carry a forecast is refused."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from crm_core.analytics import value_model
from crm_core.analytics.purchase_log import day_number, histories, log_of, purchase_log
from crm_core.analytics.value import (
    CustomerValueParams,
    ValueMembersParams,
    ValueParams,
    customer_value,
    value,
    value_members,
)
from crm_core.analytics.value_groups import BANDS
from crm_core.analytics.value_intervals import bounds
from crm_core.errors import AnalysisRefused, Cancelled, Invalid
from crm_core.warehouse import Tables
from tests.core.buyers import CDNOW, CDNOW_SPEND, log_of_transactions
from tests.core.tables import Line, Order, make_tables

AS_OF = date(2023, 12, 31)
PARAMS = ValueParams(AS_OF, horizon_days=120)
LOG = log_of_transactions(CDNOW, CDNOW_SPEND, n=300, days=365, seed=8)
CHANNELS = ("web", "shop", None)


def tables_of(log: pd.DataFrame, *, later: list[tuple[int, int, str]] = (), without: set[int] = frozenset()) -> Tables:  # type: ignore[assignment]
    """The log as orders; `later` ones (customer, days after AS_OF, amount) beside it, customers `without` left out."""
    orders = [
        Order(i, f"{row.date:%Y-%m-%d} 12:00", row.customer, channel=CHANNELS[row.customer % 3])
        for i, row in enumerate(log.itertuples(), 1)
        if row.customer not in without
    ]
    lines = [Line(order.id, f"{log['amount'][order.id - 1]:.2f}") for order in orders]
    for i, (customer, days, amount) in enumerate(later, 100_000):
        orders.append(Order(i, f"{AS_OF + timedelta(days=days)} 00:00", customer, channel="shop"))
        kind = "refund" if amount.startswith("-") else "sale"
        lines.append(Line(i, amount, kind, quantity=-1 if kind == "refund" else 1))
    return make_tables(orders, lines)


def assert_same(one: Any, two: Any) -> None:
    """Equal to the last digit, frames and nested reports too."""
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, two, check_exact=True)
    elif is_dataclass(one):
        for field in fields(one):
            assert_same(getattr(one, field.name), getattr(two, field.name))
    else:
        assert one == two


@pytest.fixture(scope="module")
def tables() -> Tables:
    return tables_of(LOG)


@given(
    st.lists(
        st.tuples(
            st.integers(1, 320), st.integers(1, 400), st.sampled_from(["0.01", "25", "99999.99", "-40", "-100000"])
        ),
        min_size=1, max_size=60,
    )
)  # fmt: skip
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_after_the_day_moves_any_figure(tables: Tables, later: list[tuple[int, int, str]]) -> None:
    altered = tables_of(LOG, later=later)
    assert_same(value(tables, PARAMS), value(altered, PARAMS))
    members = ValueMembersParams(AS_OF, 120)
    known = value_members(altered, members).members
    assert_same(value_members(tables, members).members, known)


def test_the_same_records_give_the_same_digits_in_any_order_and_number_of_threads(tables: Tables) -> None:
    shuffled = LOG.sample(frac=1, random_state=1).reset_index(drop=True)
    with threadpool_limits(1):
        one = value(tables, PARAMS)
    assert_same(one, value(tables_of(shuffled), PARAMS))


def test_bands_cohorts_channels_and_the_list_hold_every_customer_once_and_add_up_exactly(tables: Tables) -> None:
    report = value(tables, PARAMS)
    members = value_members(tables, ValueMembersParams(AS_OF, 120)).members
    assert len(members) == report.n_customers == 300
    total = Decimal(int(members["value_e4"].sum())).scaleb(-4)
    for groups in (report.bands, report.cohorts, report.channels):
        assert groups["customers"].sum() == 300
        assert sum(groups["value"]) == total == report.expected_value
        assert groups["purchases"].sum() == pytest.approx(report.expected_purchases)
        assert groups["value_share"].sum() == pytest.approx(1)
        so_far = Decimal(int(members["spent_e4"].sum())).scaleb(-4)
        assert sum(groups["sales"]) == so_far
    assert report.channels["channel"].tolist().count(None) == 1
    assert report.cohort_unit == "month"
    assert (report.cohorts["cohort"].iloc[0], len(report.cohorts)) == (date(2023, 1, 1), 7)
    assert members["value_e4"].is_monotonic_decreasing


def test_bands_are_halves_and_three_tenths_of_value_and_their_lists_are_those_counted(tables: Tables) -> None:
    report = value(tables, PARAMS)
    bands = report.bands.set_index("band")
    assert bands["value_share"].cumsum().tolist() == pytest.approx([0.5, 0.8, 1.0], abs=0.03)
    for name in BANDS:
        listed = value_members(tables, ValueMembersParams(AS_OF, 120, band=name)).members
        assert len(listed) == bands.loc[name, "customers"]
        assert Decimal(int(listed["value_e4"].min())).scaleb(-4) == bands.loc[name, "from_value"]


def test_one_customer_looked_up_alone_is_the_one_of_the_list(tables: Tables) -> None:
    report = value(tables, PARAMS)
    first = value_members(tables, ValueMembersParams(AS_OF, 120)).members.iloc[0]
    alone = customer_value(
        tables, CustomerValueParams(int(first["customer_id"]), AS_OF, report.model, horizon_days=120)
    )
    assert alone.purchases == pytest.approx(first["purchases"], rel=1e-12)
    assert alone.value == Decimal(int(first["value_e4"])).scaleb(-4)
    assert (alone.purchases_low, alone.purchases_high) == (first["purchases_low"], first["purchases_high"])
    assert float(alone.value_high) == pytest.approx(first["value_high_e4"] / 10_000, rel=1e-6)
    assert alone.present_value < alone.value


def test_orders_of_one_day_are_one_purchase_and_refunds_alone_none() -> None:
    orders = [
        Order(1, "2023-03-01 08:00", 1), Order(2, "2023-03-01 20:00", 1), Order(3, "2023-03-08 23:30", 1),
        Order(4, "2023-03-09 10:00", 1), Order(5, "2023-03-01 10:00", 2), Order(6, "2023-03-02 10:00"),
    ]  # fmt: skip
    lines = [
        Line(1, "10"), Line(2, "20", discount="1"), Line(3, "7.50"), Line(4, "-5", "refund", -1),
        Line(5, "-2", "refund", -1), Line(6, "800"),
    ]  # fmt: skip
    log = purchase_log(make_tables(orders, lines), date(2023, 3, 31))
    known = histories(log, day_number(date(2023, 3, 31)))
    assert log.customers.tolist() == [1]
    assert (known.x.tolist(), known.t_x.tolist(), known.age.tolist()) == ([1], [7], [30])
    assert (known.mean_spend.tolist(), known.spent_e4.tolist()) == ([7.5], [365_000])


def test_intervals_of_customers_hold_what_then_happens_as_often_as_they_say() -> None:
    log = log_of_transactions(CDNOW, CDNOW_SPEND, n=4000, days=500, seed=2)
    days = (log["date"] - pd.Timestamp("1970-01-01")).dt.days.to_numpy()
    whole = log_of(log["customer"].to_numpy(), days, (log["amount"] * 10_000).round().astype(int).to_numpy())
    start = int(days.min()) + 300
    known = histories(whole, start)
    model = value_model.fit(known, "week")
    found = bounds(model, known, 199)
    bought = whole.purchases(start, start + 199)[known.owner]
    spent = whole.spent_e4(start, start + 199)[known.owner] / 10_000
    assert ((found.purchases_low <= bought) & (bought <= found.purchases_high)).mean() > 0.95
    assert ((found.value_low <= spent) & (spent <= found.value_high)).mean() > 0.94
    total = value_model.summed(model, value_model.forecast(model, known, 199), np.zeros(len(known), dtype=int), 1)
    assert total.purchases_low[0] < bought.sum() < total.purchases_high[0]
    assert total.value_low[0] < spent.sum() < total.value_high[0]


def test_the_check_lies_before_the_day_and_says_how_the_baseline_did(tables: Tables) -> None:
    holdout = value(tables, PARAMS).holdout
    assert (holdout.calibration_end, holdout.last_on, holdout.days) == (date(2023, 9, 2), AS_OF, 120)
    seen = LOG[(LOG["date"] > "2023-09-02") & (LOG["date"] <= "2023-12-31")]
    assert holdout.actual == len(seen.drop_duplicates(["customer", "date"]))
    assert holdout.low < holdout.actual < holdout.high
    assert holdout.baseline > holdout.actual
    assert holdout.beats_baseline
    assert holdout.tracking["actual"].iloc[-1] - holdout.actual == pytest.approx(
        holdout.tracking.loc[holdout.tracking["day"] == holdout.calibration_end, "actual"].iloc[0]
    )
    assert holdout.by_frequency["customers"].sum() == holdout.n_customers
    weighted = (holdout.by_frequency["predicted"] * holdout.by_frequency["customers"]).sum()
    assert weighted == pytest.approx(holdout.predicted)


def test_money_later_is_worth_less_the_higher_the_rate(tables: Tables) -> None:
    worth = [value(tables, ValueParams(AS_OF, 120, discount_rate=rate)).present_value for rate in (0.0, 0.1, 1.0)]
    assert worth[0] > worth[1] > worth[2]
    assert float(worth[0]) == pytest.approx(float(value(tables, PARAMS).expected_value), rel=1e-4)


def one_day(n: int) -> Tables:
    orders = [Order(c, "2023-05-05 12:00", c) for c in range(1, n + 1)]
    return make_tables(orders, [Line(order.id, "5") for order in orders])


def refunds_only() -> Tables:
    orders = [Order(c, f"2023-05-{c:02} 12:00", c) for c in range(1, 29)]
    return make_tables(orders, [Line(order.id, "-5", "refund", -1) for order in orders])


def one_customer() -> Tables:
    orders = [Order(i, f"2023-{i:02}-05 12:00", 7) for i in range(1, 13)]
    return make_tables(orders, [Line(order.id, "5") for order in orders])


def nobody_returned() -> Tables:
    orders = [Order(c, f"2023-0{1 + c % 9}-05 12:00", c) for c in range(1, 60)]
    return make_tables(orders, [Line(order.id, "5") for order in orders])


@pytest.mark.parametrize(
    ("tables", "horizon", "words"),
    [
        (make_tables, 30, "There is no sale to a known customer up to 2023-12-31."),
        (refunds_only, 30, "There is no sale to a known customer up to 2023-12-31."),
        (one_customer, 30, "A forecast of purchases needs at least 30 customers; there are 1."),
        (
            nobody_returned,
            30,
            "A forecast of purchases needs at least 10 customers who bought again on a later day; there are 0.",
        ),
        (
            lambda: one_day(40),
            30,
            "All sales up to 2023-12-31 fall on one day, 2023-05-05; nobody had time to return.",
        ),
        (
            lambda: tables_of(LOG),
            900,
            "A horizon of 900 days is longer than the history of 365 days, from 2023-01-01 to 2023-12-31. Choose a "
            "shorter one.",
        ),
    ],
)
def test_what_cannot_carry_a_forecast_is_refused_in_words(tables: Any, horizon: int, words: str) -> None:
    with pytest.raises(AnalysisRefused) as refused:
        value(tables(), ValueParams(AS_OF, horizon))
    assert str(refused.value) == words


def test_a_forecast_that_cannot_be_checked_is_refused_in_words() -> None:
    late = LOG[LOG["date"] >= "2023-06-01"]
    early = pd.DataFrame({"customer": [901], "date": [pd.Timestamp("2023-01-01")], "amount": [5.0]})
    sparse = tables_of(pd.concat([early, late]).reset_index(drop=True))
    with pytest.raises(AnalysisRefused) as refused:
        value(sparse, ValueParams(AS_OF, 365))
    assert str(refused.value) == (
        "Too little was bought up to 2023-07-02 to make a forecast then and check it on what was bought later."
    )


@pytest.mark.parametrize(
    ("analysed", "params"), [(value, PARAMS), (value_members, ValueMembersParams(AS_OF, 120))], ids=["report", "list"]
)
def test_a_cancelled_run_ends_at_its_next_step(tables: Tables, analysed: Any, params: Any) -> None:
    heard: list[str] = []

    def progress(fraction: float, words: str) -> None:
        heard.append(words)
        if len(heard) == 3:
            raise Cancelled("The computation of '{analysis}' was cancelled.", analysis="value")

    with pytest.raises(Cancelled):
        analysed(tables, params, progress)
    assert len(heard) == 3


def test_a_customer_who_had_not_bought_is_refused_in_words(tables: Tables) -> None:
    model = value(tables, PARAMS).model
    with pytest.raises(AnalysisRefused) as refused:
        customer_value(tables, CustomerValueParams(999, AS_OF, model))
    assert str(refused.value) == "This customer had not bought anything by 2023-12-31."


@pytest.mark.parametrize(
    ("params", "field", "words"),
    [
        ({"horizon_days": 0}, "horizon", "A horizon of 0 days is not possible; choose between 1 and 1098."),
        ({"unit": "month"}, "unit", "The unit is 'week' or 'day', not 'month'."),
        (
            {"discount_rate": 2.0},
            "discount_rate",
            "A discount rate of 2.0 a year is not possible; choose between 0 and 1.",
        ),
    ],
)
def test_wrong_parameters_are_refused_in_words(params: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        ValueParams(AS_OF, **params)
    assert str(refused.value.fields[field]) == words


def test_an_unknown_band_is_refused_in_words() -> None:
    with pytest.raises(Invalid) as refused:
        ValueMembersParams(AS_OF, band="Best")
    assert str(refused.value.fields["band"]) == "There is no value band 'Best'."
