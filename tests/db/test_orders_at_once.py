"""One order under two processes: its lines are edited and refunded, nothing is lost, nothing is given back twice."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from crm_core.access import SYSTEM
from crm_core.db.engine import Database
from crm_core.db.models import Change, OrderLine
from crm_core.records import order_forms
from crm_core.records.order_lines import name_of
from tests.db.test_concurrency import start, together

PIECES, EDITS = 60, 25

REFUNDER = """
import sys
from crm_core.access import Actor, Role
from crm_core.db.engine import Database
from crm_core.errors import Invalid
from crm_core.records import refunds

database, actor = Database(sys.argv[1]), Actor(None, sys.argv[2], Role.ADMIN)
sys.stdin.readline()
given = 0
while True:
    try:
        with database.write(actor, "form") as session:
            refunds.refund(session=session, actor=actor, order_id=1, pieces={1: 1})
        given += 1
    except Invalid:
        break
print(given)
"""

EDITOR = """
import sys
from crm_core.access import Actor, Role
from crm_core.db.engine import Database
from crm_core.errors import Conflict
from crm_core.records import order_forms, record_service
from crm_core.records.order_kind import ORDERS
from crm_core.records.order_lines import name_of

database, actor, edits = Database(sys.argv[1]), Actor(None, sys.argv[2], Role.ADMIN), int(sys.argv[3])
sys.stdin.readline()
asked = 0
for number in range(edits):
    while True:
        with database.read() as session:
            order = record_service.get(session=session, actor=actor, kind=ORDERS, row_id=1)
            line = order_forms.lines(session=session, actor=actor, order_id=1)[0]
        try:
            with database.write(actor, "form") as session:
                order_forms.update(
                    session=session, actor=actor, order_id=1, seen_version=order.version,
                    values={name_of(line.id, line.version, "description"): f"{actor.name} {number}"},
                )
            break
        except Conflict:
            asked += 1
print(edits)
"""


def order(database: Database, quantity: int) -> int:
    values = {"description": "Chairs", "quantity": quantity, "unit_price": "9.99"}
    with database.write(SYSTEM, "form") as session:
        made = order_forms.create(
            session=session, actor=SYSTEM, values={name_of("new1", 0, name): value for name, value in values.items()}
        )
        (line,) = order_forms.lines(session=session, actor=SYSTEM, order_id=made.id)
        line.kind = "sale"
        return made.id


def test_two_who_refund_one_order_never_give_a_piece_back_twice(any_database: Database) -> None:
    order(any_database, PIECES)
    together(start(REFUNDER, any_database, "Ada"), start(REFUNDER, any_database, "Bob"))
    with any_database.read() as session:
        back = session.execute(select(OrderLine.quantity, OrderLine.amount).where(OrderLine.kind == "refund")).all()
    assert (len(back), sum(row.quantity for row in back)) == (PIECES, -PIECES)
    assert sum((row.amount for row in back), Decimal(0)) == -PIECES * Decimal("9.99")


def test_no_edit_of_a_line_by_two_processes_is_lost(any_database: Database) -> None:
    order(any_database, 1)
    together(start(EDITOR, any_database, "Ada", str(EDITS)), start(EDITOR, any_database, "Bob", str(EDITS)))
    with any_database.read() as session:
        (line,) = order_forms.lines(session=session, actor=SYSTEM, order_id=1)
        of_line = (Change.table_name == "order_lines", Change.op == "update")
        texts = session.execute(select(Change.before, Change.after).where(*of_line).order_by(Change.row_version)).all()
    said = [(before["description"], after["description"]) for before, after in texts if "description" in after]
    assert len(said) == 2 * EDITS
    assert [before for before, _after in said] == ["Chairs", *(after for _before, after in said[:-1])]
    assert line.description == said[-1][1]
