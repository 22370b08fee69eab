"""What to name to whom in names: of whom one may see, with codes, in the order asked for."""

from __future__ import annotations

from datetime import date

import narwhals as nw
import pandas as pd

from crm_core.analytics.next_product import NextProductReport
from crm_core.analytics.next_product_list import in_names, products_named, recommended
from crm_core.warehouse import Tables
from tests.core.tables import make_tables

ROWS = pd.DataFrame(
    {
        "customer_id": [1, 1, 2, 3],
        "rank": [1, 2, 1, 1],
        "product_id": [7, 8, 8, 7],
        "reason": ["followed", "again", "popular", "followed"],
        "because_id": pd.array([8, None, None, 8], dtype="Int64"),
        "lift": [2.5, float("nan"), float("nan"), 3.0],
        "last_on": pd.Series([date(2024, 5, 1), date(2024, 5, 1), date(2024, 6, 1), date(2024, 6, 2)], dtype=object),
    }
)
REPORT = NextProductReport(
    as_of=date(2024, 6, 30), horizon_days=90, k=5, verdict="better", closest="repeat", chosen_on=date(2024, 1, 2),
    judged_on=date(2024, 4, 1), n_judged=200, methods=pd.DataFrame(), against=pd.DataFrame(), popular=0.4, again=0.2,
    followed=0.4, n_customers=3, recommendations=ROWS,
    products=pd.DataFrame({"product_id": [7, 8], "code": ["P7", "P8"], "name": ["Teapot", "Cup"]}),
)  # fmt: skip


def people() -> Tables:
    consent = {1: True, 2: False, 3: None}
    return make_tables(customers=[{"id": n, "has_marketing_consent": agreed} for n, agreed in consent.items()])


def test_each_row_says_who_what_and_why_in_names() -> None:
    found = in_names(people(), REPORT, recommended(REPORT))
    assert found["ref"].tolist() == ["C1", "C1", "C2", "C3"]
    assert found[["product_code", "product_name"]].values.tolist() == [
        ["P7", "Teapot"], ["P8", "Cup"], ["P8", "Cup"], ["P7", "Teapot"],
    ]  # fmt: skip
    assert found["because_name"].tolist() == ["Cup", None, None, "Cup"]
    assert found["has_marketing_consent"].tolist() == [True, True, False, None]


def test_customers_one_may_not_see_are_not_named() -> None:
    everyone = people()
    mine = everyone.replaced(customers=everyone.customers.filter(nw.col("id") == 2))
    assert in_names(mine, REPORT, recommended(REPORT))["customer_id"].tolist() == [2]


def test_one_product_is_asked_for_by_rank_and_latest_order() -> None:
    assert recommended(REPORT, 7)["customer_id"].tolist() == [3, 1]
    assert recommended(REPORT, 8)["customer_id"].tolist() == [2, 1]
    found = products_named(REPORT)
    assert found[["code", "customers"]].values.tolist() == [["P7", 2], ["P8", 2]]


def test_nobody_recommended_is_an_empty_list_with_its_columns() -> None:
    found = in_names(people(), REPORT, recommended(REPORT, 99))
    assert found.empty
    assert {"name", "product_name", "reason"} <= set(found)
