"""Fill a workspace with a simulated company, in one transaction and in bounded memory."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import func, select, update

from crm_core.access import SYSTEM, Role
from crm_core.analytics.progress import Progress, silent
from crm_core.config import zone
from crm_core.db.bulk import BulkInserter
from crm_core.db.history import TrackedSession
from crm_core.db.models import Customer, Deal, Need, Order, OrderLine, Product, Ticket, User, WorkspaceRow
from crm_core.demo import rows
from crm_core.demo.beside import Beside, Chunk
from crm_core.demo.calendar import History, history
from crm_core.demo.catalogue import items
from crm_core.demo.chance import Ints
from crm_core.demo.config import SimulationConfig
from crm_core.demo.lives import Lives, live
from crm_core.demo.orders import take_orders
from crm_core.demo.prices import Prices, price_list
from crm_core.demo.truth_writer import TruthWriter, company_facts, life_columns, writing_truth
from crm_core.errors import WorkspaceNotEmpty
from crm_core.records import record_search
from crm_core.records.demo_accounts import create_demo_accounts
from crm_core.records.products import PRODUCTS
from crm_core.records.search import index_new
from crm_core.workspace import Workspace

CHUNK = 20_480
"""Customers simulated at once: 320 times 64, so that a planted duplicate and its original share a chunk."""

_ID, _REF, _NAME, _EMAIL, _PHONE, _OWNER, _CONSENT, _CREATED = (
    rows.CUSTOMER_COLUMNS.index(name)
    for name in ("id", "ref", "name", "email", "phone", "owner_id", "has_marketing_consent", "created_at")
)


@dataclass(frozen=True)
class DemoResult:
    """How many records a fill created; orders include refunds."""

    customers: int
    orders: int
    order_lines: int
    products: int
    tickets: int = 0
    needs: int = 0
    deals: int = 0


def fill(
    workspace: Workspace,
    *,
    customers: int = 3000,
    seed: int = 7,
    force: bool = False,
    today: date | None = None,
    progress: Progress | None = None,
    config: SimulationConfig | None = None,
) -> DemoResult:
    """Fill the workspace with a simulated company of so many customers; return how many records there are of each.

    The history ends as `today` (by default the workspace's) begins. The same seed, number of customers, day and
    configuration write the same rows. What is true of them is kept beside the data; see `load_truth`.

    Raises:
        WorkspaceNotEmpty: there are records already and `force` is not given. With it, the simulated records get
            references of their own, and neither demo accounts nor the demo's mark are put on somebody's real workspace.
    """
    if customers < 1:
        raise ValueError("a company has at least one customer")
    day = today or datetime.now(zone(workspace.timezone)).date()
    plan = config or SimulationConfig()
    with workspace.write(SYSTEM, "demo") as session:
        is_empty = _is_empty(session, force=force)
        labels = rows.Labels() if is_empty else rows.Labels(f"D{session.change_set_id()}-")
        accounts = _accounts(session, is_empty or workspace.is_demo)
        if is_empty:
            session.execute(update(WorkspaceRow).values(is_demo=True))
        span = history(plan, day, workspace.timezone)
        prices = price_list(seed, span, workspace.currency)
        with writing_truth(workspace) as truth:
            run = _Fill(
                session, plan, span, prices, seed, labels, accounts, truth, timezone=workspace.timezone, today=day
            )
            result = run.write(customers, progress or silent)
            truth.publish(
                _facts(workspace, plan, span, seed, customers, day)
                | company_facts(prices, labels, seed=seed)
                | run.beside.facts()
            )
    workspace.is_demo = workspace.is_demo or is_empty
    return result


@dataclass
class _Fill:
    """One fill under way: what it writes with, and how far the order numbers have been given out."""

    session: TrackedSession
    config: SimulationConfig
    span: History
    prices: Prices
    seed: int
    labels: rows.Labels
    accounts: list[User]
    truth: TruthWriter
    timezone: str
    today: date
    n_sold: int = 0

    def __post_init__(self) -> None:
        self.products = _inserter(self.session, Product, rows.PRODUCT_COLUMNS)
        self.customers = _inserter(self.session, Customer, rows.CUSTOMER_COLUMNS)
        self.orders = _inserter(self.session, Order, rows.ORDER_COLUMNS)
        self.lines = _inserter(self.session, OrderLine, rows.LINE_COLUMNS)
        self.owners = [user.id for user in self.accounts if user.role == Role.STAFF]

    def write(self, n_customers: int, progress: Progress) -> DemoResult:
        """Write the catalogue, then chunk after chunk of customers with all their orders."""
        product_ids = self.products.reserve(len(items()) + 1)
        catalogue = rows.product_rows(product_ids, self.prices, self.labels)
        self.products.insert(catalogue)
        named = (dict(zip(rows.PRODUCT_COLUMNS, row, strict=True)) for row in catalogue)
        record_search.index_new(self.session, PRODUCTS, named)
        self.beside = Beside(
            self.session, self.config, self.span, self.prices, self.seed, self.timezone, self.today, self.labels,
            np.asarray(product_ids), self.accounts,
        )  # fmt: skip
        n_orders = n_lines = 0
        for start in range(0, n_customers, CHUNK):
            progress(start / n_customers, "Simulating customers and their orders")
            index = np.arange(start, min(start + CHUNK, n_customers))
            orders, lines = self._write_chunk(index, np.asarray(product_ids))
            n_orders, n_lines = n_orders + orders, n_lines + lines
        for inserter in (self.products, self.customers, self.orders, self.lines):
            inserter.close()
        self.beside.close()
        progress(1.0, "Saving")
        return DemoResult(n_customers, n_orders, n_lines, len(product_ids), **self.beside.counts)

    def _write_chunk(self, index: Ints, product_ids: Ints) -> tuple[int, int]:
        lives = _by_arrival(live(self.config, self.span, seed=self.seed, index=index))
        persons = rows.people_of(self.config, self.seed, lives)
        ids = self.customers.reserve(len(index))
        keys = np.asarray(ids)
        new = list(
            rows.customer_rows(ids, int(index[0]) + 1, self.seed, self.span, lives, persons, self.owners, self.labels)
        )
        self.customers.insert(new)
        index_new(self.session, ((row[_ID], row[_REF], row[_NAME], row[_EMAIL], row[_PHONE]) for row in new))
        orders = take_orders(self.config, self.span, self.prices, seed=self.seed, lives=lives)
        order_ids = self.orders.reserve(len(orders.instants))
        self.orders.insert(rows.order_rows(order_ids, self.n_sold + 1, orders, keys, persons, self.labels))
        line_ids = self.lines.reserve(len(orders.line_order))
        self.lines.insert(rows.line_rows(line_ids, order_ids, orders, product_ids))
        self.n_sold += int((orders.cancels < 0).sum())
        self.beside.write(
            Chunk(
                lives, persons, orders, keys, [row[_OWNER] for row in new], [row[_CONSENT] for row in new],
                [row[_CREATED] for row in new],
            )
        )  # fmt: skip
        self.truth.add(life_columns(self.config, self.prices, seed=self.seed, lives=lives, customer_ids=keys))
        return len(order_ids), len(line_ids)


def _is_empty(session: TrackedSession, *, force: bool) -> bool:
    """Whether there are no records yet; raise WorkspaceNotEmpty if there are and nobody insists."""
    session.execute(
        select(WorkspaceRow.id).with_for_update()
    )  # two fills at once: the second waits, and sees the first
    n_customers, n_products, n_orders, *others = (
        session.execute(select(func.count()).select_from(model)).scalar_one()
        for model in (Customer, Product, Order, Ticket, Deal, Need)
    )
    if not (n_customers or n_products or n_orders or any(others)):
        return True
    if not force:
        raise WorkspaceNotEmpty(
            "This workspace holds records already (customers: {customers}, products: {products}, orders: {orders}, "
            "tickets, deals and needs: {others}), and the demo would mix with them. Choose another with --data-dir, or "
            "add --force to mix them.",
            customers=n_customers,
            products=n_products,
            orders=n_orders,
            others=sum(others),
        )
    return False


def _accounts(session: TrackedSession, is_demo: bool) -> list[User]:
    """The demo's people; a workspace that is no demo gets no accounts everybody knows."""
    if not is_demo:
        return []
    users = create_demo_accounts(session)
    session.flush()
    return users


def _inserter(session: TrackedSession, model: type[Any], columns: tuple[str, ...]) -> BulkInserter:
    return BulkInserter(session, model.__table__, columns)


def _by_arrival(lives: Lives) -> Lives:
    """The same lives in the order in which the customers came; purchases follow their owners."""
    sequence = np.argsort(lives.acquired, kind="stable")
    rank = np.empty(len(sequence), dtype=np.int64)
    rank[sequence] = np.arange(len(sequence))
    return Lives(
        lives.index[sequence], lives.segment[sequence], lives.rate[sequence], lives.drop_out[sequence],
        lives.spend_rate[sequence], lives.acquired[sequence], lives.dropped[sequence],
        rank[lives.owner], lives.purchase, lives.instants,
    )  # fmt: skip


def _facts(
    workspace: Workspace, plan: SimulationConfig, span: History, seed: int, n_customers: int, today: date
) -> dict[str, Any]:
    return {
        "seed": seed,
        "n_customers": n_customers,
        "today": today,
        "timezone": workspace.timezone,
        "currency": workspace.currency,
        "start_at": span.start_at,
        "end_at": span.end_at,
        "config": asdict(plan),
    }
