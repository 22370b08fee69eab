"""Search and list of customers: on 1,000,000 as quick as on 10,000."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from benchmarks.fixtures import customers_workspace
from benchmarks.table import Context, Line, beside_fewer
from crm_core.access import SYSTEM
from crm_core.db.models import Customer
from crm_core.records import customer_list
from crm_core.records.customer_list import CustomerQuery
from crm_core.workspace import Workspace

FEW, MANY = 10_000, 1_000_000
REPEAT = 30


def run(context: Context) -> list[Line]:
    """One line a question."""
    few, many = (customers_workspace(context.folder, n) for n in (FEW, MANY))
    try:
        asked, yardsticks = _questions(many), _questions(few)
        return [
            beside_fewer(
                f"customers, {name}, of {MANY:,}",
                _asked(many, query),
                _asked(few, yardsticks[name]),
                of=FEW,
                repeat=REPEAT,
            )
            for name, query in asked.items()
        ]
    finally:
        few.close()
        many.close()


def _asked(workspace: Workspace, query: CustomerQuery) -> Callable[[], object]:
    def ask() -> object:
        with workspace.read() as session:
            return customer_list.page(session=session, actor=SYSTEM, query=query)

    return ask


def _questions(workspace: Workspace) -> dict[str, CustomerQuery]:
    """What people ask for, about a customer in the middle of the table and the most frequent country."""
    with workspace.read() as session:
        middle = (session.scalar(select(func.max(Customer.id))) or 0) // 2
        someone = session.scalars(
            select(Customer)
            .where(Customer.id >= middle, Customer.email.is_not(None), Customer.phone.is_not(None))
            .where(Customer.sort_name >= "a", Customer.sort_name < "{", func.length(Customer.sort_name) > 10)
            .order_by(Customer.id)
            .limit(1)
        ).one()
        word = max(someone.sort_name.split(), key=len)
        country = session.scalar(
            select(Customer.country)
            .where(Customer.id >= middle)
            .group_by(Customer.country)
            .order_by(func.count().desc())
        )
    questions: dict[str, dict[str, Any]] = {
        "nothing typed": {},
        "one letter": {"text": word[:1]},
        "two letters": {"text": word[:2]},
        "five letters": {"text": word[:5]},
        "e-mail": {"text": someone.email},
        "phone": {"text": someone.phone},
        "last digits of a phone": {"text": (someone.phone or "")[-7:]},
        "reference": {"text": someone.ref},
        "one country": {"country": country},
        "newest first": {"sort": "created_at", "descending": True},
        "fifth page": {"page": 5},
    }
    return {name: CustomerQuery(**values) for name, values in questions.items()}
