"""Writes what customers leave besides orders: tickets, deals, needs; chunk after chunk, as `fill` writes the orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from crm_core.access import Role
from crm_core.db.bulk import BulkInserter
from crm_core.db.history import TrackedSession
from crm_core.db.models import Activity, ConsentEvent, Contact, Deal, DealMove, Need, Task, Ticket, TicketEvent, User
from crm_core.demo import deal_rows, relations, ticket_rows, to_do, wishes
from crm_core.demo.calendar import History
from crm_core.demo.chance import Ints
from crm_core.demo.config import SimulationConfig
from crm_core.demo.desk import Desk, Spike, open_desk, spikes
from crm_core.demo.lives import Lives
from crm_core.demo.orders import Orders
from crm_core.demo.person import Person
from crm_core.demo.pipeline import MEDIAN_DAYS, OPEN_STAGES, has_first_stages, make_deals, win_odds
from crm_core.demo.prices import Prices
from crm_core.demo.rows import Labels, Row
from crm_core.demo.ticket_course import take_course
from crm_core.demo.tickets import open_tickets
from crm_core.records.deals import DEALS
from crm_core.records.record_kind import RecordKind
from crm_core.records.record_search import index_new
from crm_core.records.relations import ACTIVITIES, CONTACTS, NEEDS, TASKS
from crm_core.records.tickets import TICKETS


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some customers: their lives, who they are, what they bought, their keys, owners, consent and when they came."""

    lives: Lives
    persons: Sequence[Person]
    orders: Orders
    customer_ids: Ints
    owners: Sequence[int | None]
    consents: Sequence[bool | None]
    created_at: Sequence[int]


@dataclass
class Beside:
    """Tickets, deals and needs of one fill under way.

    Attributes:
        desk: None where the workspace's statuses were changed; then no tickets are written.
        has_deals: False where its stages were.
    """

    session: TrackedSession
    config: SimulationConfig
    span: History
    prices: Prices
    seed: int
    timezone: str
    today: date
    labels: Labels
    product_ids: Ints
    accounts: Sequence[User]
    is_first: bool = True
    counts: dict[str, int] = field(default_factory=lambda: {"tickets": 0, "needs": 0, "deals": 0})

    def __post_init__(self) -> None:
        support = next((user for user in self.accounts if user.role == Role.SUPPORT), None)
        self.desk: Desk | None = open_desk(
            self.session, self.span, self.timezone, support, has_accounts=bool(self.accounts)
        )
        self.spikes: tuple[Spike, ...] = spikes(self.span, self.today, self.timezone)
        self.has_deals = has_first_stages(self.session)
        self.sellers = [user.id for user in self.accounts if user.role in (Role.STAFF, Role.MANAGER)]
        self.tickets = self._inserter(Ticket, ticket_rows.TICKET_COLUMNS)
        self.events = self._inserter(TicketEvent, ticket_rows.EVENT_COLUMNS)
        self.deals = self._inserter(Deal, deal_rows.DEAL_COLUMNS)
        self.moves = self._inserter(DealMove, deal_rows.MOVE_COLUMNS)
        self.needs = self._inserter(Need, wishes.NEED_COLUMNS)
        self.activities = self._inserter(Activity, to_do.ACTIVITY_COLUMNS)
        self.tasks = self._inserter(Task, to_do.TASK_COLUMNS)
        self.contacts = self._inserter(Contact, relations.CONTACT_COLUMNS)
        self.said = self._inserter(ConsentEvent, relations.CONSENT_COLUMNS)

    def write(self, chunk: Chunk) -> None:
        """Write what these customers leave besides their orders."""
        self._write_relations(chunk)
        if not self.config.has_orders:
            return
        if self.desk is not None:
            self._write_tickets(self.desk, chunk)
        if self.has_deals:
            self._write_deals(chunk)
        self._write_needs(chunk)
        if self.is_first:
            self._write_own_tasks(chunk)
            self.is_first = False

    def facts(self) -> dict[str, Any]:
        """What is true of the tickets and deals, for the truth."""
        return {
            "agents": [asdict(agent) for agent in self.desk.agents] if self.desk else [],
            "spikes": [asdict(spike) for spike in self.spikes] if self.desk else [],
            "win_odds": win_odds(),
            "wishes": [
                {"title": wish.title, "product": self.labels.code(wishes.code_of(wish)), "share": wish.share}
                for wish in wishes.WISHES
            ],
            "stage_days": dict(zip(OPEN_STAGES, MEDIAN_DAYS, strict=True)),
        }

    def close(self) -> None:
        """Keep what was written in history."""
        for inserter in (
            self.tickets, self.events, self.deals, self.moves, self.needs, self.activities, self.tasks, self.contacts,
            self.said,
        ):  # fmt: skip
            inserter.close()

    def _write_tickets(self, desk: Desk, chunk: Chunk) -> None:
        tickets = open_tickets(
            self.config, self.span, desk, self.spikes, self.timezone, seed=self.seed, lives=chunk.lives,
            orders=chunk.orders,
        )  # fmt: skip
        course = take_course(self.config, desk, tickets, end=self.span.end)
        events = ticket_rows.events_of(course)
        languages = [person.language for person in chunk.persons]
        ids = self.tickets.reserve(len(tickets.owner))
        rows = list(
            ticket_rows.ticket_rows(
                ids, tickets, course, desk, customer_ids=chunk.customer_ids, product_ids=self.product_ids,
                languages=languages, prefix=self.labels.prefix,
            )
        )  # fmt: skip
        self._insert(self.tickets, TICKETS, ticket_rows.TICKET_COLUMNS, rows)
        event_ids = self.events.reserve(len(events.at))
        self.events.insert(ticket_rows.event_rows(event_ids, ids, tickets, course, events, desk, languages=languages))
        self.counts["tickets"] += len(rows)

    def _write_deals(self, chunk: Chunk) -> None:
        deals = make_deals(
            self.config, self.span, self.prices, seed=self.seed, lives=chunk.lives, persons=chunk.persons
        )
        owners = deal_rows.owners_of(deals, self.sellers, chunk.owners)
        ids = self.deals.reserve(len(deals.stage))
        rows = list(
            deal_rows.deal_rows(
                ids, deals, customer_ids=chunk.customer_ids, product_ids=self.product_ids, owners=owners,
                prefix=self.labels.prefix,
            )
        )  # fmt: skip
        self._insert(self.deals, DEALS, deal_rows.DEAL_COLUMNS, rows)
        move_ids = self.moves.reserve(deal_rows.n_moves(deals))
        self.moves.insert(deal_rows.move_rows(move_ids, ids, deals, owners))
        self.counts["deals"] += len(rows)
        if not self.accounts:
            return
        contacts = self.activities.reserve(int((to_do.contacted(deals, self.span) < self.span.end).sum()))
        done = to_do.activity_rows(
            iter(contacts), deals, ids, self.span, customer_ids=chunk.customer_ids, owners=owners
        )
        self._insert(self.activities, ACTIVITIES, to_do.ACTIVITY_COLUMNS, list(done))
        task_ids = self.tasks.reserve(len(to_do.open_deals(deals)))
        tasks = to_do.deal_task_rows(task_ids, deals, ids, self.today, customer_ids=chunk.customer_ids, owners=owners)
        self._insert(self.tasks, TASKS, to_do.TASK_COLUMNS, list(tasks))

    def _write_needs(self, chunk: Chunk) -> None:
        needs = wishes.make_needs(self.config, self.span, self.prices, seed=self.seed, lives=chunk.lives)
        ids = self.needs.reserve(len(needs.status))
        rows = wishes.need_rows(
            ids, needs, customer_ids=chunk.customer_ids, product_ids=self.product_ids, persons=chunk.persons,
            owner_ids=[user.id for user in self.accounts if user.role in (Role.MARKETING, Role.MANAGER)],
        )  # fmt: skip
        self._insert(self.needs, NEEDS, wishes.NEED_COLUMNS, list(rows))
        self.counts["needs"] += len(ids)

    def _write_relations(self, chunk: Chunk) -> None:
        index = chunk.lives.index
        ids = self.contacts.reserve(int(relations.counts(self.seed, index, chunk.persons).sum()))
        people = relations.contact_rows(
            ids, self.seed, index, chunk.persons, customer_ids=chunk.customer_ids, created_at=chunk.created_at
        )
        self._insert(self.contacts, CONTACTS, relations.CONTACT_COLUMNS, list(people))
        said_ids = self.said.reserve(sum(said is not None for said in chunk.consents))
        self.said.insert(
            relations.consent_rows(said_ids, chunk.customer_ids.tolist(), chunk.consents, chunk.created_at)
        )

    def _write_own_tasks(self, chunk: Chunk) -> None:
        ids = self.tasks.reserve(to_do.N_OWN * len(self.accounts))
        people = [user.id for user in self.accounts]
        rows = to_do.own_task_rows(ids, people, chunk.customer_ids.tolist(), self.today, self.span)
        self._insert(self.tasks, TASKS, to_do.TASK_COLUMNS, list(rows))

    def _insert(self, inserter: BulkInserter, kind: RecordKind, columns: tuple[str, ...], rows: list[Row]) -> None:
        inserter.insert(rows)
        wanted = [(name, columns.index(name)) for name in ("id", *kind.searched) if name in columns]
        index_new(self.session, kind, ({name: row[place] for name, place in wanted} for row in rows))

    def _inserter(self, model: type[Any], columns: tuple[str, ...]) -> BulkInserter:
        return BulkInserter(self.session, model.__table__, columns)
