"""Lists of records and timelines: on 1,000,000 customers and 5,000,000 things that happened as quick as on 10,000.

The list of customers has a suite of its own, on customers with the names people have.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.record_fill import records_workspace
from benchmarks.table import Context, Line, beside_fewer
from crm_core.access import SYSTEM
from crm_core.records import record_list, timeline
from crm_core.records.kinds import KINDS
from crm_core.records.record_list import RecordQuery
from crm_core.workspace import Workspace

FEW, MANY = 10_000, 1_000_000
REPEAT = 15
_OPEN = {"state": "open"}

RECORDS: dict[str, dict[str, RecordQuery]] = {
    "tickets": {
        "due next, as the page opens": RecordQuery(filters=_OPEN),
        "everything": RecordQuery(),
        "fifth page": RecordQuery(filters=_OPEN, page=5),
        "newest first": RecordQuery(sort="-opened"),
        "mine": RecordQuery(filters=_OPEN | {"assignee_id": 7}),
        "nobody's": RecordQuery(filters=_OPEN | {"assignee_id": None}),
        "urgent and open": RecordQuery(filters=_OPEN | {"priority": "urgent"}),
        "one category, newest first": RecordQuery(filters={"category": "billing"}, sort="-opened"),
        "resolved by phone, oldest first": RecordQuery(
            filters={"state": "resolved", "channel": "phone"}, sort="opened"
        ),
        "a frequent word": RecordQuery(text="invoice"),
        "a frequent word among the open": RecordQuery(text="invoice", filters=_OPEN),
        "two letters": RecordQuery(text="pr"),
        "two words": RecordQuery(text="invoice printer"),
        "three words": RecordQuery(text="invoice printer late"),
        "a number": RecordQuery(text="T-005000"),
        "of one customer": RecordQuery(filters={"customer_id": 5000}),
    },
    "deals": {
        "open, closing next": RecordQuery(filters={"outcome": "open"}),
        "largest first": RecordQuery(sort="-amount"),
        "won, largest first": RecordQuery(filters={"outcome": "won"}, sort="-amount"),
        "newest first": RecordQuery(sort="-opened"),
        "one stage and owner": RecordQuery(filters={"stage": "engaging", "owner_id": 7}),
        "one source": RecordQuery(filters={"outcome": "open", "source": "web"}),
        "a word": RecordQuery(text="laptop", filters={"outcome": "open"}),
        "a number": RecordQuery(text="D-002500"),
        "fifth page": RecordQuery(filters={"outcome": "open"}, page=5),
    },
    "activities": {
        "newest first": RecordQuery(),
        "calls": RecordQuery(filters={"kind": "call"}),
        "of one person": RecordQuery(filters={"owner_id": 7}),
        "a word": RecordQuery(text="laptop"),
        "two words": RecordQuery(text="delivery late"),
        "fifth page": RecordQuery(page=5),
    },
    "orders": {
        "newest first": RecordQuery(),
        "oldest first": RecordQuery(sort="ordered"),
        "of one country": RecordQuery(filters={"country": "DE"}),
        "by phone, oldest first": RecordQuery(filters={"channel": "phone"}, sort="ordered"),
        "a number": RecordQuery(text="O-005000"),
        "a name": RecordQuery(text="chloe"),
        "a name and a word": RecordQuery(text="chloe hart"),
        "fifth page": RecordQuery(page=5),
    },
    "tasks": {
        "due next": RecordQuery(filters={"is_done": False}),
        "mine": RecordQuery(filters={"is_done": False, "owner_id": 7}),
        "done, newest first": RecordQuery(filters={"is_done": True}, sort="-created"),
        "a word": RecordQuery(text="invoice", filters={"is_done": False}),
    },
    "needs": {
        "newest first": RecordQuery(),
        "worth most first": RecordQuery(sort="-value"),
        "new ones": RecordQuery(filters={"status": "new"}),
        "a word": RecordQuery(text="invoice"),
    },
}
TIMELINES = {"of the busiest customer": (1, 1), "its fifth page": (1, 5), "of another customer": (5000, 1)}


def run(context: Context) -> list[Line]:
    """One line a question."""
    few, many = (records_workspace(context.folder / f"records-{n}", n) for n in (FEW, MANY))
    try:
        yardsticks = _questions(few)
        return [
            beside_fewer(
                f"{name}, {question}, of {MANY:,} customers", ask, yardsticks[name][question], of=FEW, repeat=REPEAT
            )
            for name, questions in _questions(many).items()
            for question, ask in questions.items()
        ]
    finally:
        few.close()
        many.close()


def _questions(workspace: Workspace) -> dict[str, dict[str, Callable[[], object]]]:
    def records(table: str, query: RecordQuery) -> Callable[[], object]:
        def ask() -> object:
            with workspace.read() as session:
                return record_list.page(session=session, actor=SYSTEM, kind=KINDS[table], query=query)

        return ask

    def happened(customer_id: int, number: int) -> Callable[[], object]:
        def ask() -> object:
            with workspace.read() as session:
                return timeline.timeline(session=session, actor=SYSTEM, customer_id=customer_id, page=number)

        return ask

    asked: dict[str, dict[str, Callable[[], object]]] = {}
    for table, queries in RECORDS.items():
        asked[table] = {name: records(table, query) for name, query in queries.items()}
    asked["timeline"] = {name: happened(*which) for name, which in TIMELINES.items()}
    return asked
