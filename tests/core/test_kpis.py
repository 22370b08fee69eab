"""Key figures: every metric against an independent count, and the traps seen in shipped systems."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import narwhals as nw
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm_core.analytics import kpis as module
from crm_core.analytics.customer_lists import CustomerList
from crm_core.analytics.kpis import Kpi, KpiParams, KpiReport, kpis, relative_change
from crm_core.analytics.metrics import METRICS
from crm_core.analytics.periods import Period
from crm_core.errors import Invalid
from tests.core.sales_oracle import metrics_of, sold_lines
from tests.core.tables import Line, Order, make_tables

FEBRUARY = Period.parse("2024-02-01", "2024-03-01")
DEFINITIONS = Path(__file__).parents[2] / "docs" / "metrics.md"


def report(orders: list[Order], lines: list[Line], period: Period = FEBRUARY, **options: Any) -> KpiReport:
    timezone = options.pop("timezone", "Europe/Berlin")
    return kpis(make_tables(orders, lines, timezone=timezone), KpiParams(period, **options))


def value(found: KpiReport, metric_id: str) -> Any:
    return found.metrics[metric_id].value


days = st.integers(1, 90).map(lambda n: date.fromordinal(date(2024, 1, 1).toordinal() + n))
clock = st.sampled_from(["00:00", "00:30", "02:30", "12:00", "23:59"])
orders_drawn = st.lists(
    st.builds(
        lambda day, time, customer, country: (f"{day} {time}", customer, country),
        days, clock, st.sampled_from([None, 1, 2, 3]), st.sampled_from(["DE", "FR", None]),
    ),
    max_size=12,
)  # fmt: skip
lines_drawn = st.lists(
    st.tuples(
        st.sampled_from(["sale", "sale", "sale", "refund", "adjustment"]),
        st.integers(0, 5_000_000),
        st.integers(0, 100),
        st.booleans(),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


def drawn(data: st.DataObject) -> tuple[list[Order], list[Line]]:
    """Orders of one to four lines each: sales, refunds, both kinds of adjustment, lines without price."""
    orders, lines = [], []
    for number, (at, customer, country) in enumerate(data.draw(orders_drawn), 1):
        orders.append(Order(number, at, customer, country))
        for kind, units, discount, is_negative in data.draw(lines_drawn):
            sign = -1 if kind == "refund" or (kind == "adjustment" and is_negative) else 1
            amount = str(Decimal(sign * units).scaleb(-4))
            lines.append(Line(number, amount, kind, sign, str(discount) if kind == "sale" else "0"))
    return orders, lines


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a failing example is small enough to read as it is
)  # fmt: skip
@given(
    st.data(), days, st.integers(1, 40), st.sampled_from(["previous", "year"]), st.sampled_from([None, "DE"]),
    st.sampled_from([None, None, [], [3, 1]]),
)  # fmt: skip
def test_every_metric_equals_an_independent_count(
    data: st.DataObject, start: date, length: int, compare: str, country: str | None, among: list[int] | None
) -> None:
    zone = data.draw(st.sampled_from(["Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"]))
    orders, lines = drawn(data)
    period = Period(start, date.fromordinal(start.toordinal() + length))
    customers = None if among is None else CustomerList.of(among)
    found = report(orders, lines, period, timezone=zone, compare=compare, country=country, customers=customers)
    kept = [row for row in sold_lines(orders, lines, zone) if country is None or row.order.country == country]
    kept = [row for row in kept if among is None or row.order.customer in among]
    for shown, counted in (("value", metrics_of(kept, period)), ("previous", metrics_of(kept, found.compared))):
        for name, kpi in found.metrics.items():
            got, wanted = getattr(kpi, shown), counted[name]
            # Money and counts to the last digit; ratios as near as a double comes.
            assert got == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), name


def test_a_sale_has_quantity_and_price_above_zero() -> None:
    found = report(
        [Order(1, "2024-02-05 10:00", 1)],
        [
            Line(1, "10"),
            Line(1, "0"),
            Line(1, "7", "adjustment"),
            Line(1, "-2", "adjustment", -1),
            Line(1, "5", quantity=-1),
        ],
    )
    assert (value(found, "gross_sales"), found.metrics["gross_sales"].n) == (Decimal(10), 1)
    assert value(found, "adjustments_charged") == Decimal(7)
    assert value(found, "adjustments_credited") == Decimal(2)
    assert value(found, "billed") == Decimal(17)


def test_tenths_of_a_penny_add_up_exactly() -> None:
    found = report([Order(1, "2024-02-05 10:00", 1)], [Line(1, "0.001")] * 3000)
    assert value(found, "gross_sales") == Decimal("3.000")


def test_sums_beyond_double_precision_stay_exact() -> None:
    found = report([Order(1, "2024-02-05 10:00")], [Line(1, "90000000000000.0001"), Line(1, "100000000000000.0002")])
    assert value(found, "gross_sales") == Decimal("190000000000000.0003")


def test_a_refund_counts_on_its_own_date_not_on_the_order_it_takes_back() -> None:
    orders = [Order(1, "2024-01-31 12:00", 1), Order(2, "2024-02-02 12:00", 1)]
    found = report(orders, [Line(1, "50"), Line(2, "-20", "refund", -1)])
    assert (value(found, "refunds"), value(found, "net_sales")) == (Decimal(20), Decimal(-20))
    assert value(found, "orders") == 0
    assert value(found, "active_customers") == 0


def test_a_zero_base_gives_no_percentage() -> None:
    orders = [Order(1, "2024-01-15 12:00"), Order(2, "2024-02-02 12:00", 1)]
    found = report(orders, [Line(1, "5"), Line(2, "50"), Line(2, "-1", "refund", -1)])
    assert found.metrics["refunds"] == Kpi("refunds", Decimal(1), Decimal(0), None, 1)
    assert found.metrics["gross_sales"].change == 9.0


def test_a_change_from_a_negative_base_is_positive_when_it_rises() -> None:
    assert relative_change(Decimal(50), Decimal(-100)) == 1.5
    assert relative_change(Decimal(-200), Decimal(-100)) == -1.0
    assert relative_change(None, Decimal(1)) is None


def test_no_data_is_none_and_never_zero() -> None:
    for found in (report([], []), report([Order(1, "2024-01-05 10:00", 1)], [Line(1, "5")])):
        assert {kpi.value for kpi in found.metrics.values()} == {None}
    assert {kpi.n for kpi in report([], []).metrics.values()} == {0}


def test_rates_without_a_base_are_none_where_there_are_sales() -> None:
    found = report([Order(1, "2024-02-05 10:00")], [Line(1, "5")])
    assert value(found, "refunds") == Decimal(0)
    for name in ("repeat_rate", "churn_rate", "nrr", "gross_retention", "arpc"):
        assert value(found, name) is None
    assert value(found, "guest_share") == 1.0


def test_an_order_at_the_end_of_a_window_is_in_one_window_only() -> None:
    orders = [Order(1, "2024-02-29 23:59", 1), Order(2, "2024-03-01 00:00", 1), Order(3, "2024-02-01 00:00", 1)]
    lines = [Line(1, "1"), Line(2, "10"), Line(3, "100")]
    assert value(report(orders, lines), "gross_sales") == Decimal(101)
    assert value(report(orders, lines, Period.parse("2024-03-01", "2024-04-01")), "gross_sales") == Decimal(10)


def test_the_compared_window_is_not_a_day_longer() -> None:
    orders = [Order(n, f"2024-01-{n:02} 12:00", 1) for n in range(1, 32)]
    found = report(orders, [Line(n, "1") for n in range(1, 32)], Period.parse("2024-01-17", "2024-02-01"))
    assert found.compared == Period.parse("2024-01-02", "2024-01-17")
    assert (value(found, "orders"), found.metrics["orders"].previous) == (15, 15)


@pytest.mark.parametrize(("timezone", "month"), [("America/New_York", "2024-01"), ("Asia/Tokyo", "2024-02")])
def test_one_instant_falls_into_the_month_of_the_workspace_east_and_west_of_utc(timezone: str, month: str) -> None:
    orders = [Order(1, "2024-01-31T20:00+00:00", 1)]
    january = report(orders, [Line(1, "5")], Period.parse("2024-01-01", "2024-02-01"), timezone=timezone)
    february = report(orders, [Line(1, "5")], timezone=timezone)
    assert value(january, "orders") == (1 if month == "2024-01" else None)
    assert value(february, "orders") == (1 if month == "2024-02" else None)


def test_the_day_of_a_clock_change_holds_all_its_hours() -> None:
    at = ["2024-10-26T21:59+00:00", "2024-10-26T22:00+00:00", "2024-10-27T22:59+00:00", "2024-10-27T23:00+00:00"]
    orders = [Order(n, text, 1) for n, text in enumerate(at)]
    found = report(orders, [Line(n, "1") for n in range(4)], Period.parse("2024-10-27", "2024-10-28"))
    assert value(found, "orders") == 2


def test_guests_count_in_sales_and_never_in_customer_metrics() -> None:
    orders = [Order(1, "2024-02-05 10:00", 1), Order(2, "2024-02-06 10:00"), Order(3, "2024-02-07 10:00")]
    found = report(orders, [Line(1, "10"), Line(2, "20"), Line(3, "10")])
    assert value(found, "gross_sales") == Decimal(40)
    assert value(found, "guest_share") == 0.75
    assert (value(found, "active_customers"), value(found, "arpc")) == (1, Decimal(10))
    assert value(found, "aov") == Decimal("13.3333")


def test_lifecycle_sorts_every_customer_into_one_place() -> None:
    orders = [
        Order(1, "2023-06-01 10:00", 1), Order(2, "2024-02-02 10:00", 1),  # back after a long time
        Order(3, "2024-01-20 10:00", 2), Order(4, "2024-02-03 10:00", 2),  # returning
        Order(5, "2024-01-20 10:00", 3),  # gone
        Order(6, "2024-02-03 10:00", 4), Order(7, "2024-02-04 10:00", 4),  # new, twice
    ]  # fmt: skip
    found = report(orders, [Line(order.id, "10") for order in orders])
    counts = [value(found, f"{name}_customers") for name in ("active", "new", "returning", "resurrected", "dormant")]
    assert counts == [3, 1, 1, 1, 1]
    assert value(found, "repeat_rate") == pytest.approx(1 / 3)
    assert (value(found, "churn_rate"), found.metrics["churn_rate"].n) == (0.5, 2)
    assert (value(found, "nrr"), value(found, "gross_retention")) == (0.5, 0.5)


def test_gross_retention_caps_each_customer_at_what_they_bought_before() -> None:
    orders = [Order(n, f"2024-0{month}-15 10:00", n % 2) for n, month in ((1, 1), (2, 1), (3, 2), (4, 2))]
    found = report(orders, [Line(1, "10"), Line(2, "10"), Line(3, "4"), Line(4, "30")])
    assert (value(found, "nrr"), value(found, "gross_retention")) == (1.7, 0.7)


def test_a_past_period_does_not_change_when_later_orders_arrive() -> None:
    orders, lines = [Order(1, "2024-02-05 10:00", 1)], [Line(1, "10")]
    later = [Order(2, "2024-03-05 10:00", 1), Order(3, "2024-03-06 10:00", 2)]
    before, after = report(orders, lines), report(orders + later, [*lines, Line(2, "5"), Line(3, "5")])
    assert before.metrics == after.metrics


def test_a_period_that_goes_on_after_the_newest_order_is_incomplete() -> None:
    orders, lines = [Order(1, "2024-02-20 10:00", 1)], [Line(1, "10")]
    found = report(orders, lines)
    assert (found.is_incomplete, found.complete_until) == (True, date(2024, 2, 21))
    assert not report(orders, lines, Period.parse("2024-02-01", "2024-02-21")).is_incomplete


def test_a_period_that_holds_today_is_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    orders, lines = [Order(1, "2024-02-20 10:00", 1)], [Line(1, "10")]
    monkeypatch.setattr(module, "local_today", lambda _zone: date(2024, 2, 20))
    assert report(orders, lines, Period.parse("2024-02-01", "2024-02-21")).is_incomplete


def test_nothing_compared_gives_no_previous_values() -> None:
    found = report([Order(1, "2024-02-20 10:00", 1)], [Line(1, "10")], compare="none")
    assert found.compared is None
    assert {kpi.previous for kpi in found.metrics.values()} == {None}


def test_a_window_longer_than_a_year_may_overlap_its_year_before() -> None:
    orders = [Order(1, "2023-05-01 10:00", 1), Order(2, "2022-05-01 10:00", 1)]
    found = report(orders, [Line(1, "5"), Line(2, "7")], Period.parse("2022-01-01", "2024-01-01"), compare="year")
    assert (value(found, "gross_sales"), found.metrics["gross_sales"].previous) == (Decimal(12), Decimal(7))


def test_a_period_out_of_range_is_refused() -> None:
    with pytest.raises(Invalid, match="lies outside the years 1900 to 2199"):
        KpiParams(Period.parse("1800-01-01", "1801-01-01"))


def test_totals_hold_only_what_the_viewer_may_see() -> None:
    everything = make_tables(
        [Order(1, "2024-02-05 10:00", 1), Order(2, "2024-02-05 10:00")], [Line(1, "5"), Line(2, "7")]
    )
    is_mine = nw.col("customer_id") == 1
    mine = everything.replaced(
        orders=everything.orders.filter(is_mine),
        order_values=everything.order_values.filter(is_mine),
    )
    params = KpiParams(FEBRUARY)
    assert (value(kpis(everything, params), "billed"), value(kpis(mine, params), "billed")) == (Decimal(12), Decimal(5))


def test_every_metric_is_documented_with_its_name() -> None:
    text = DEFINITIONS.read_text()
    missing = [name for name, metric in METRICS.items() if f"| `{name}` | {metric.name} |" not in text]
    assert missing == []
    assert all(metric.id == name and metric.formula in text for name, metric in METRICS.items())
