"""Filling a workspace with a simulated company."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select, text

from crm_core.db.models import ChangeRange, Customer, CustomerTerm, User, WorkspaceRow
from crm_core.demo import DemoResult, SimulationConfig, Truth, fill, load_truth
from crm_core.workspace import Workspace
from tests.core.demo_workspaces import TODAY, counts, frame, opened

N = 1000


def everything(workspace: Workspace) -> dict[str, list[Any]]:
    tables = (
        "customers", "customer_terms", "products", "orders", "order_lines", "tickets", "ticket_events", "deals",
        "deal_moves", "needs", "activities", "tasks", "record_terms",
    )  # fmt: skip
    with workspace.database.engine.connect() as connection:
        return {name: list(connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2"))) for name in tables}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, DemoResult, Truth]]:
    workspace = opened(tmp_path_factory.mktemp("demo"))
    result = fill(workspace, customers=N, today=TODAY)
    yield workspace, result, load_truth(workspace)
    workspace.close()


Filled = tuple[Workspace, DemoResult, Truth]


def test_the_result_counts_what_is_in_the_tables(filled: Filled) -> None:
    workspace, result, _ = filled
    assert result.customers == N
    assert (result.customers, result.orders, result.order_lines, result.products) == counts(workspace)
    others = ("tickets", "needs", "deals")
    n_rows = [frame(workspace, f"SELECT count(*) AS n FROM {name}")["n"].item() for name in others]
    assert [result.tickets, result.needs, result.deals] == n_rows
    assert 0.3 < result.tickets / N < 1
    assert 0.05 < result.deals / N < 0.2
    assert 5 < result.orders / N < 8


def test_the_same_seed_writes_the_same_rows_and_another_seed_others(tmp_path: Path) -> None:
    rows = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        workspace = opened(tmp_path / name)
        fill(workspace, customers=40, seed=seed, today=TODAY)
        rows.append(everything(workspace))
        workspace.close()
    assert rows[0] == rows[1]
    assert all(rows[0][table] != rows[2][table] for table in rows[0])


def test_nothing_happens_on_or_after_today_or_before_the_history(filled: Filled) -> None:
    workspace, _, truth = filled
    assert truth.end_at == datetime(2026, 2, 28, 23, tzinfo=UTC)  # midnight in Berlin
    for table, column in (("customers", "created_at"), ("orders", "ordered_at")):
        span = frame(workspace, f"SELECT min({column}) AS first, max({column}) AS last FROM {table}").iloc[0]
        assert span["first"] >= truth.start_at.timestamp() * 1e6
        assert span["last"] < truth.end_at.timestamp() * 1e6


def test_every_amount_is_quantity_times_unit_price_to_the_last_digit(filled: Filled) -> None:
    wrong = frame(filled[0], "SELECT * FROM order_lines WHERE amount_e4 <> quantity * unit_price_e4")
    assert wrong.empty


def test_kinds_of_lines_keep_their_rules(filled: Filled) -> None:
    lines = frame(filled[0], "SELECT l.*, p.is_adjustment FROM order_lines l JOIN products p ON p.id = l.product_id")
    assert set(lines["kind"]) == {"sale", "refund", "adjustment"}
    assert (lines["quantity"].lt(0) == lines["kind"].eq("refund")).all()
    assert (lines["is_adjustment"].astype(bool) == lines["kind"].eq("adjustment")).all()
    assert (lines.groupby("order_id")["line_no"].max() == lines.groupby("order_id").size()).all()


def test_refunds_carry_the_number_of_the_order_they_cancel_and_its_customer(filled: Filled) -> None:
    orders = frame(filled[0], "SELECT number, customer_id, ordered_at FROM orders")
    refunds = orders[orders["number"].str.startswith("C")]
    sales = orders[orders["number"].str.startswith("S")].set_index("number")
    cancelled = sales.loc["S" + refunds["number"].str[1:]]
    assert len(refunds) + len(sales) == len(orders)
    assert 0.02 < len(refunds) / len(sales) < 0.04
    assert cancelled["customer_id"].fillna(0).tolist() == refunds["customer_id"].fillna(0).tolist()
    assert (refunds["ordered_at"].to_numpy() > cancelled["ordered_at"].to_numpy()).all()


def test_guests_have_no_customer_but_a_country(filled: Filled) -> None:
    orders = frame(filled[0], "SELECT customer_id, country, region, channel FROM orders WHERE number LIKE 'S%'")
    assert orders["customer_id"].isna().mean() == pytest.approx(0.08, abs=0.015)
    assert orders[["country", "region", "channel"]].notna().all().all()


def test_the_truth_tells_each_customers_orders_and_drop_out(filled: Filled) -> None:
    workspace, _, truth = filled
    known = truth.customers.set_index("customer_id")
    orders = frame(
        workspace, "SELECT customer_id, ordered_at FROM orders WHERE number LIKE 'S%' AND customer_id IS NOT NULL"
    )
    by_customer = orders.groupby("customer_id")["ordered_at"]
    assert len(known) == N
    assert known["n_orders"].sum() == len(orders)
    assert by_customer.size().reindex(known.index, fill_value=0).tolist() == known["n_orders"].tolist()
    dropped = known["dropped_at"].dropna()
    assert len(dropped) > 100
    last = pd.to_datetime(by_customer.max(), unit="us", utc=True)
    assert (last[dropped.index] == dropped).all()
    first = pd.to_datetime(by_customer.min(), unit="us", utc=True)
    buyers = known["first_order_at"].dropna()
    assert (first[buyers.index] == buyers).all()
    assert known.loc[known["segment"] == "prospect", "n_orders"].eq(0).all()


def test_customers_are_there_before_they_buy(filled: Filled) -> None:
    early = frame(
        filled[0], "SELECT 1 FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.ordered_at < c.created_at"
    )
    assert early.empty


def test_the_truth_names_planted_duplicates_by_their_keys(filled: Filled) -> None:
    workspace, _, truth = filled
    customers = frame(workspace, "SELECT id, city, country FROM customers").set_index("id")
    planted = truth.customers.dropna(subset="is_duplicate_of")
    assert len(planted) == N // 64
    for row in planted.itertuples():
        assert customers.loc[row.customer_id].tolist() == customers.loc[row.is_duplicate_of].tolist()


def test_lines_cost_what_the_truths_price_list_says_for_that_day(filled: Filled) -> None:
    workspace, _, truth = filled
    lines = frame(
        workspace,
        """SELECT p.code, o.ordered_at, l.unit_price_e4 FROM order_lines l JOIN orders o ON o.id = l.order_id
           JOIN products p ON p.id = l.product_id WHERE l.kind = 'sale'""",
    )
    points = pd.DataFrame(
        [(p.code, p.valid_from, p.unit_price_e4) for p in truth.prices], columns=["code", "at", "was"]
    )
    lines["at"] = pd.to_datetime(lines["ordered_at"], unit="us", utc=True).astype("datetime64[us, UTC]")
    points["at"] = points["at"].astype("datetime64[us, UTC]")
    merged = pd.merge_asof(lines.sort_values("at"), points.sort_values("at"), on="at", by="code")
    assert (merged["was"] == merged["unit_price_e4"]).all()
    assert points.groupby("code").size().value_counts().index.sort_values().tolist() == [1, 2, 3]
    now = frame(workspace, "SELECT code, unit_price_e4 FROM products").set_index("code")["unit_price_e4"]
    assert (points.sort_values("at").groupby("code")["was"].last() == now.sort_index()).all()


def test_the_truth_comes_back_as_it_was_written(filled: Filled) -> None:
    truth = filled[2]
    assert truth.config == SimulationConfig()
    assert (truth.seed, truth.n_customers, truth.today, truth.currency) == (7, N, TODAY, "EUR")
    assert len(truth.bundles) == 8
    codes = set(frame(filled[0], "SELECT code FROM products")["code"])
    assert {code for bundle in truth.bundles for code in bundle.codes} <= codes
    assert set(truth.popularity) < codes


def test_customers_are_found_by_search_and_counted_in_history(filled: Filled) -> None:
    workspace, _, _ = filled
    with workspace.read() as session:
        assert session.scalar(select(func.count(CustomerTerm.customer_id.distinct()))) == N
        created = {row.table_name: row.n_created for row in session.scalars(select(ChangeRange))}
    n_rows = {name: frame(workspace, f"SELECT count(*) AS n FROM {name}")["n"].item() for name in created}
    assert created == n_rows | {"teams": 0, "team_members": 0}  # those are written one by one
    assert created.keys() >= {"customers", "products", "orders", "order_lines", "tickets", "ticket_events", "deals"}


def test_the_demo_has_an_account_per_role_and_staff_have_customers_of_their_own(filled: Filled) -> None:
    workspace, _, _ = filled
    with workspace.read() as session:
        users = session.scalars(select(User)).all()
        by_owner = select(Customer.owner_id, func.count()).group_by(Customer.owner_id)
        owners = {row[0]: row[1] for row in session.execute(by_owner)}
        assert session.execute(select(WorkspaceRow.is_demo)).scalar_one()
    assert workspace.is_demo
    assert {user.role for user in users} == {"admin", "manager", "marketing", "support", "staff"}
    staff = {user.id for user in users if user.role == "staff"}
    assert set(owners) == {None, *staff}
    assert sum(owners[user] for user in staff) / N == pytest.approx(0.15, abs=0.04)
