"""The revenue bridge: exact, with every customer in one component."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm_core.analytics.bridge import COMPONENTS
from crm_core.analytics.overview import OverviewParams, overview
from crm_core.analytics.periods import Period
from tests.core.sales_oracle import first_days, sold_lines
from tests.core.tables import Line, Order, make_tables
from tests.core.test_kpis import drawn

FEBRUARY = Period.parse("2024-02-01", "2024-03-01")


def bridge(orders: list[Order], lines: list[Line], compare: str = "previous") -> pd.DataFrame:
    params = OverviewParams(FEBRUARY, compare, grain="month")  # type: ignore[arg-type]
    return overview(make_tables(orders, lines), params).bridge


def amounts(found: pd.DataFrame) -> dict[str, Decimal]:
    return dict(zip(found["component"], found["amount"], strict=True))


def customers(found: pd.DataFrame) -> dict[str, int]:
    return dict(zip(found["component"], found["customers"], strict=True))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
@given(st.data(), st.sampled_from(["previous", "year"]))
def test_the_components_add_up_to_the_change_to_the_last_digit(data: st.DataObject, compare: str) -> None:
    orders, lines = drawn(data)
    rows = sold_lines(orders, lines, "Europe/Berlin")
    compared = FEBRUARY.compared(compare)  # type: ignore[arg-type]
    assert compared is not None
    net: dict[Period, dict[int | None, Decimal]] = {FEBRUARY: defaultdict(Decimal), compared: defaultdict(Decimal)}
    bought: dict[Period, set[int | None]] = {FEBRUARY: set(), compared: set()}
    for row in rows:
        for period in net:
            if period.start <= row.day < period.end:
                net[period][row.order.customer] += row.net
                bought[period] |= {row.order.customer} if row.is_sale else set()
    wanted = dict.fromkeys(COMPONENTS, Decimal(0))
    for person in net[FEBRUARY].keys() | net[compared].keys():
        change = net[FEBRUARY][person] - net[compared][person]
        now, then = person in bought[FEBRUARY], person in bought[compared]
        if person is None:
            name = "guests"
        elif now and not then:
            name = "new" if first_days(rows)[person] >= compared.end else "resurrected"
        elif then and not now:
            name = "dormant"
        else:
            name = "expansion" if change > 0 else "contraction"
        wanted[name] += change
    found = amounts(bridge(orders, lines, compare))
    assert found == wanted
    assert sum(found.values()) == sum(net[FEBRUARY].values()) - sum(net[compared].values())


def test_each_customer_counts_in_one_component() -> None:
    orders = [
        Order(1, "2024-02-02 10:00", 1),  # new
        Order(2, "2023-02-02 10:00", 2), Order(3, "2024-02-02 10:00", 2),  # resurrected
        Order(4, "2024-01-20 10:00", 3), Order(5, "2024-02-02 10:00", 3),  # expansion
        Order(6, "2024-01-20 10:00", 4), Order(7, "2024-02-02 10:00", 4),  # contraction
        Order(8, "2024-01-20 10:00", 5),  # dormant
        Order(9, "2024-02-02 10:00"),  # guest
    ]  # fmt: skip
    prices = ["1", "2", "3", "4", "9", "8", "5", "6", "7"]
    found = bridge(orders, [Line(order.id, price) for order, price in zip(orders, prices, strict=True)])
    assert amounts(found) == {
        "new": Decimal(1), "resurrected": Decimal(3), "expansion": Decimal(5), "contraction": Decimal(-3),
        "dormant": Decimal(-6), "guests": Decimal(7),
    }  # fmt: skip
    assert customers(found) == dict.fromkeys(COMPONENTS, 1) | {"guests": 0}


def test_a_customer_with_refunds_alone_contracts() -> None:
    orders = [Order(1, "2023-06-02 10:00", 1), Order(2, "2024-02-02 10:00", 1)]
    found = bridge(orders, [Line(1, "10"), Line(2, "-4", "refund", -1)])
    assert (amounts(found)["contraction"], customers(found)["contraction"]) == (Decimal(-4), 1)


def test_compared_with_a_year_ago_customers_gained_since_are_new() -> None:
    orders = [Order(1, "2023-06-02 10:00", 1), Order(2, "2024-02-02 10:00", 1)]
    lines = [Line(1, "10"), Line(2, "4")]
    assert amounts(bridge(orders, lines, "year"))["new"] == Decimal(4)
    assert amounts(bridge(orders, lines, "previous"))["resurrected"] == Decimal(4)


def test_nothing_compared_builds_no_bridge() -> None:
    assert bridge([Order(1, "2024-02-02 10:00", 1)], [Line(1, "1")], "none").empty
