"""The open deals by stage: how many, what they amount to, what that is worth weighted, and the next ones to close."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor
from crm_core.db.models import Customer, Deal, DealStage, Outcome
from crm_core.records.deals import WHOLE_BP, stages
from crm_core.records.scope import deals_in

SHOWN = 8
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Column:
    """One stage: its deals counted and added up, and the first of them, with the names of their customers.

    Money is in the workspace's currency; `weighted` is each amount times its chance to be won, the deal's own or else
    the stage's. Deals without an amount count as nothing.
    """

    stage: DealStage
    count: int
    amount: Decimal
    weighted: Decimal
    deals: tuple[tuple[Deal, str | None], ...]


def board(*, session: Session, actor: Actor, owner_id: int | None = None) -> list[Column]:
    """The open stages in their order; with `owner_id` only that account's deals.

    Raises:
        PermissionDenied: the role may not see deals.
    """
    open_stages = [stage for stage in stages(session=session, actor=actor) if stage.outcome == Outcome.OPEN]
    matching = [Deal.outcome == Outcome.OPEN.value, deals_in(actor.scope)]
    if owner_id is not None:
        matching.append(Deal.owner_id == owner_id)
    chances = {stage.code: stage.probability_bp for stage in open_stages}
    counts: dict[str, int] = defaultdict(int)
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    weighted: dict[str, Decimal] = defaultdict(Decimal)
    sums = select(Deal.stage, Deal.probability_bp, func.count(), func.sum(Deal.amount)).where(*matching)
    for code, own, count, amount in session.execute(sums.group_by(Deal.stage, Deal.probability_bp)):
        counts[code] += count
        amounts[code] += amount or Decimal(0)
        weighted[code] += (amount or Decimal(0)) * (chances[code] if own is None else own) / WHOLE_BP
    columns = []
    for stage in open_stages:
        first = (
            select(Deal, Customer.name)
            .join(Customer, Customer.id == Deal.customer_id, isouter=True)
            .where(*matching, Deal.stage == stage.code)
            .order_by(Deal.expected_close_on.is_(None), Deal.expected_close_on, Deal.id)
            .limit(SHOWN)
        )
        deals = tuple((row[0], row[1]) for row in session.execute(first))
        worth = weighted[stage.code].quantize(_CENT)
        columns.append(Column(stage, counts[stage.code], amounts[stage.code], worth, deals))
    return columns
