"""The simulator writes the same company into every kind of database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text

from crm_core.access import SYSTEM
from crm_core.config import Settings
from crm_core.db.engine import Database
from crm_core.db.models import Customer, Product
from crm_core.demo import fill, load_truth
from crm_core.errors import WorkspaceNotEmpty
from crm_core.workspace import Workspace

TODAY = date(2026, 3, 1)


def opened(database: Database, folder: Path) -> Workspace:
    url = database.url.render_as_string(hide_password=False)
    return Workspace.open(Settings(database_url=url, data_dir=folder, _env_file=None))  # type: ignore[call-arg]


def rows(workspace: Workspace) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables hold, keys aside: a server may give others."""
    statements = {
        "customers": "SELECT ref, name, sort_name, email, phone, postcode, created_at, kind, city FROM customers",
        "terms": "SELECT c.ref, t.term FROM customer_terms t JOIN customers c ON c.id = t.customer_id",
        "orders": "SELECT o.number, o.ordered_at, c.ref, o.country, o.region, o.channel FROM orders o "
        "LEFT JOIN customers c ON c.id = o.customer_id",
        "tickets": "SELECT t.number, c.ref, p.code, u.name, t.subject, t.status, t.opened_at, t.first_replied_at, "
        "t.resolved_at, t.due_at, t.is_satisfied FROM tickets t LEFT JOIN customers c ON c.id = t.customer_id "
        "LEFT JOIN products p ON p.id = t.product_id LEFT JOIN users u ON u.id = t.assignee_id",
        "events": "SELECT t.number, e.at, e.kind, e.author, e.text, e.state FROM ticket_events e "
        "JOIN tickets t ON t.id = e.ticket_id",
        "deals": "SELECT d.number, c.ref, d.stage, d.amount_e4, CAST(d.expected_close_on AS CHAR(10)), m.at, m.after "
        "FROM deals d "
        "JOIN customers c ON c.id = d.customer_id JOIN deal_moves m ON m.deal_id = d.id",
        "needs": "SELECT c.ref, n.title, n.status, n.value_e4 FROM needs n JOIN customers c ON c.id = n.customer_id",
        "tasks": "SELECT u.name, t.title, CAST(t.due_on AS CHAR(10)), t.is_done FROM tasks t "
        "JOIN users u ON u.id = t.owner_id",
        "record terms": "SELECT table_name, row_id, term FROM record_terms",
        "lines": "SELECT o.number, l.line_no, p.code, l.kind, l.quantity, l.unit_price_e4, l.amount_e4, l.discount_e4 "
        "FROM order_lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id",
    }
    with workspace.database.engine.connect() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(text(statement))), key=repr)
            for name, statement in statements.items()
        }


def test_every_database_gets_the_same_company(any_database: Database, tmp_path: Path) -> None:
    workspace = opened(any_database, tmp_path)
    result = fill(workspace, customers=60, today=TODAY)
    settings = Settings(data_dir=tmp_path / "reference", timezone="Europe/Berlin", _env_file=None)  # type: ignore[call-arg]
    reference = Workspace.open(settings, create=True)
    fill(reference, customers=60, today=TODAY)
    assert rows(workspace) == rows(reference)
    assert result.customers == len(load_truth(workspace).customers) == 60
    reference.close()
    workspace.close()


def test_every_database_keeps_flags_days_and_lists_in_their_types(any_database: Database, tmp_path: Path) -> None:
    workspace = opened(any_database, tmp_path)
    fill(workspace, customers=60, today=TODAY)
    with workspace.read() as session:
        customers = session.query(Customer).all()
        assert {customer.has_marketing_consent for customer in customers} == {True, False, None}
        assert {type(customer.birthday_on) for customer in customers} == {date, type(None)}
        assert {tuple(customer.tags) for customer in customers} == {(), ("business",), ("club",)}
        assert all(customer.custom == {} and customer.version == 1 for customer in customers)
        assert [product.code for product in session.query(Product) if product.is_adjustment] == ["SHIP"]
    workspace.close()


def test_keys_given_out_afterwards_are_new(any_database: Database, tmp_path: Path) -> None:
    workspace = opened(any_database, tmp_path)
    fill(workspace, customers=5, today=TODAY)
    with workspace.write(SYSTEM, "form") as session:
        added = Customer(ref="X-1", name="Next Person")
        session.add(added)
        session.flush()
        assert added.id > max(load_truth(workspace).customers["customer_id"])
    workspace.close()


def test_of_two_fills_at_once_one_is_refused(any_database: Database, tmp_path: Path) -> None:
    def try_to_fill(_: int) -> str:
        workspace = opened(any_database, tmp_path)
        try:
            return f"{fill(workspace, customers=20, today=TODAY).customers} customers"
        except WorkspaceNotEmpty as refused:
            return refused.code
        finally:
            workspace.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(try_to_fill, range(2))) == ["20 customers", "workspace_not_empty"]
