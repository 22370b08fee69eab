"""The rows behind a number: all of them, no others, page by page."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm_core.analytics.customer_lists import CustomerList
from crm_core.analytics.drill import rows_behind
from crm_core.analytics.kpis import KpiParams, kpis
from crm_core.analytics.metrics import METRICS
from crm_core.analytics.periods import Period
from crm_core.warehouse import Tables
from tests.core.tables import Line, Order, Product, make_tables
from tests.core.test_kpis import drawn

PERIOD = Period.parse("2024-02-01", "2024-03-01")
PARAMS = KpiParams(PERIOD)


def ratio(part: Decimal | int, whole: Decimal | int) -> float | None:
    return float(part / whole) if whole else None


def per(amount: Decimal, count: int) -> Decimal | None:
    return (amount / count).quantize(Decimal("0.0001"), ROUND_HALF_EVEN) if count else None


def money(rows: pd.DataFrame, column: str) -> Decimal:
    return sum(rows[column], Decimal(0))


RECOMPUTED: dict[str, Callable[[pd.DataFrame], Decimal | int | float | None]] = {
    "guest_share": lambda rows: ratio(money(rows[rows["customer_ref"].isna()], "counted"), money(rows, "counted")),
    "orders": len,
    "aov": lambda rows: per(money(rows, "sales"), len(rows)),
    "active_customers": len,
    "new_customers": len,
    "returning_customers": len,
    "resurrected_customers": len,
    "dormant_customers": len,
    "repeat_rate": lambda rows: ratio(int(rows["is_repeat"].sum()), len(rows)),
    "churn_rate": lambda rows: ratio(int((rows["status"] == "dormant").sum()), len(rows)),
    "nrr": lambda rows: ratio(money(rows, "sales"), money(rows, "sales_before")),
    "gross_retention": lambda rows: ratio(
        sum(map(min, rows["sales"], rows["sales_before"]), Decimal(0)), money(rows, "sales_before")
    ),
    "arpc": lambda rows: per(money(rows, "net_sales"), int((rows["orders"] > 0).sum())),
}


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
@given(st.data(), st.sampled_from([None, CustomerList.of([1, 3])]))
def test_a_metric_recomputed_from_its_rows_is_the_metric(data: st.DataObject, customers: CustomerList | None) -> None:
    orders, lines = drawn(data)
    tables, params = make_tables(orders, lines), KpiParams(PERIOD, customers=customers)
    for name, kpi in kpis(tables, params).metrics.items():
        rows, total = rows_behind(tables, name, params, limit=None)
        assert total == len(rows)
        if kpi.value is not None:
            again = RECOMPUTED.get(name, lambda rows: money(rows, "counted"))(rows)
            assert again == (pytest.approx(kpi.value) if isinstance(kpi.value, float) else kpi.value), name


@pytest.fixture(scope="module")
def tables() -> Tables:
    orders = [Order(n, f"2024-02-{n:02} 10:00", n if n % 4 else None, "DE", "web") for n in range(1, 26)]
    lines = [Line(n, f"{n}.10", discount="0.1", product=1) for n in range(1, 26)]
    return make_tables(orders, lines, [Product(1, "Tea")])


def test_every_metric_lists_its_rows(tables: Tables) -> None:
    for name in METRICS:
        rows, total = rows_behind(tables, name, PARAMS, limit=1)
        assert len(rows) == min(total, 1)


@pytest.mark.parametrize("metric", ["net_sales", "aov", "active_customers"])
def test_pages_follow_each_other_and_end(tables: Tables, metric: str) -> None:
    everything, total = rows_behind(tables, metric, PARAMS, limit=None)
    pages = [rows_behind(tables, metric, PARAMS, limit=7, offset=offset)[0] for offset in range(0, total + 7, 7)]
    assert pages[-1].empty
    pd.testing.assert_frame_equal(pd.concat(pages[:-1], ignore_index=True), everything)


def test_lines_come_newest_first_with_names_people_know(tables: Tables) -> None:
    rows, total = rows_behind(tables, "net_sales", PARAMS, limit=1)
    assert total == 25
    row = rows.iloc[0]
    assert (row["order_number"], row["customer_ref"], row["customer_name"]) == ("O25", "C25", "Customer 25")
    assert (row["product_code"], row["product_name"], row["quantity"]) == ("P1", "Product 1", 1)
    assert (row["amount"], row["discount"], row["counted"]) == (Decimal("25.1"), Decimal("0.1"), Decimal(25))
    assert str(row["ordered_at"]) == "2024-02-25 10:00:00+01:00"


def test_a_guests_line_has_no_customer(tables: Tables) -> None:
    rows, total = rows_behind(tables, "billed_guests", PARAMS, limit=None)
    assert (total, rows["customer_ref"].notna().sum()) == (6, 0)


def test_behind_the_churn_rate_are_those_who_stayed_and_those_who_left() -> None:
    orders = [Order(1, "2024-01-15 10:00", 1), Order(2, "2024-01-15 10:00", 2), Order(3, "2024-02-15 10:00", 2)]
    rows, total = rows_behind(make_tables(orders, [Line(n, "5") for n in (1, 2, 3)]), "churn_rate", PARAMS, limit=9)
    assert (total, rows[["customer_ref", "status"]].values.tolist()) == (2, [["C2", "returning"], ["C1", "dormant"]])


def test_a_filter_narrows_the_rows_as_it_narrows_the_number(tables: Tables) -> None:
    assert rows_behind(tables, "net_sales", KpiParams(PERIOD, country="FR"), limit=5)[1] == 0
    assert rows_behind(tables, "net_sales", KpiParams(PERIOD, country="DE", channel="web"), limit=5)[1] == 25
    few = CustomerList.of([2, 3, 99])
    assert rows_behind(tables, "net_sales", KpiParams(PERIOD, customers=few), limit=None)[1] == 2
    assert rows_behind(tables, "active_customers", KpiParams(PERIOD, customers=few), limit=None)[1] == 2
    assert rows_behind(tables, "orders", KpiParams(PERIOD, customers=CustomerList.of([])), limit=None)[1] == 0


def test_there_are_no_rows_behind_a_metric_nobody_defined(tables: Tables) -> None:
    with pytest.raises(KeyError):
        rows_behind(tables, "profit", PARAMS, limit=5)
