"""Deals: their fields, and what follows from moving one to another stage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.base import now
from crm_core.db.history import TrackedSession
from crm_core.db.models import Deal, DealMove, DealStage, Outcome
from crm_core.errors import FieldError, Invalid
from crm_core.records.field_specs import day, line, money, prose, reference, row_code, whole
from crm_core.records.record_kind import RecordKind
from crm_core.records.record_service import get as get_record
from crm_core.records.scope import deals_in
from crm_core.translation import N_

WHOLE_BP = 10_000
FIRST_STAGES = (
    N_("Prospecting"),
    N_("Engaging"),
    N_("Proposal"),
    N_("Negotiation"),
    N_("Closed won"),
    N_("Closed lost"),
)
"""Names of the stages a workspace begins with; screens translate them."""


def stages(*, session: Session, actor: Actor) -> list[DealStage]:
    """The stages of the pipeline in their order.

    Raises:
        PermissionDenied: the role may not see deals.
    """
    actor.require(Permission.DEALS_VIEW)
    return list(session.scalars(select(DealStage).order_by(DealStage.position, DealStage.id)))


def moves_of(*, session: Session, actor: Actor, deal_id: int) -> list[DealMove]:
    """The stages the deal entered, in their order.

    Raises:
        PermissionDenied: the role may not see deals.
        NotFound: there is no such deal, or the actor may not see it.
    """
    get_record(session=session, actor=actor, kind=DEALS, row_id=deal_id)
    statement = select(DealMove).where(DealMove.deal_id == deal_id)
    return list(session.scalars(statement.order_by(DealMove.at, DealMove.id)))


def chances(*, session: Session, actor: Actor, deal_ids: Sequence[int]) -> dict[int, int]:
    """The chance of each deal to be won, in hundredths of a percent: its own, or that of its stage.

    Raises:
        PermissionDenied: the role may not see deals.
    """
    actor.require(Permission.DEALS_VIEW)
    statement = (
        select(Deal.id, func.coalesce(Deal.probability_bp, DealStage.probability_bp))
        .join(DealStage, DealStage.code == Deal.stage)
        .where(Deal.id.in_(deal_ids), deals_in(actor.scope))
    )
    return dict(session.execute(statement).all())


def _prepare(session: TrackedSession, actor: Actor, deal: Deal) -> None:  # noqa: ARG001
    deal.outcome = _stage(session, deal.stage).outcome
    deal.opened_at = deal.stage_since = deal.opened_at or now()
    deal.closed_at = None if deal.outcome == Outcome.OPEN else deal.opened_at
    _check_reason(deal)


def _follow(session: TrackedSession, actor: Actor, deal: Deal, before: Mapping[str, Any]) -> None:
    """A deal's outcome and closing follow its stage; every stage it enters is kept, with the time."""
    if not before:
        _enter(session, actor, deal, None, deal.opened_at)
    elif "stage" in before:
        was_open, at = deal.outcome == Outcome.OPEN, now()
        deal.outcome, deal.stage_since = _stage(session, deal.stage).outcome, at
        if deal.outcome == Outcome.OPEN:
            deal.closed_at = None
        elif was_open:
            deal.closed_at = at  # from won to lost, or back, corrects what was written: it closed when it closed
        _enter(session, actor, deal, before["stage"], at)
    _check_reason(deal)


def _settle(session: TrackedSession, deals: Sequence[Deal]) -> None:
    moves: dict[int, list[DealMove]] = defaultdict(list)
    of_these = select(DealMove).where(DealMove.deal_id.in_([deal.id for deal in deals]))
    for move in session.scalars(of_these.order_by(DealMove.at, DealMove.id)):
        moves[move.deal_id].append(move)
    outcomes = {stage.code: stage.outcome for stage in session.scalars(select(DealStage))}
    for deal in deals:
        deal.outcome = outcomes[deal.stage]
        closed_at = None
        for move in moves[deal.id]:
            deal.stage_since = move.at
            is_open = outcomes.get(move.after, Outcome.OPEN) == Outcome.OPEN
            closed_at = None if is_open else closed_at or move.at
        deal.closed_at = closed_at


def _enter(session: TrackedSession, actor: Actor, deal: Deal, before: str | None, at: datetime) -> None:
    session.add(DealMove(deal_id=deal.id, at=at, before=before, after=deal.stage, author_id=actor.user_id))


def _stage(session: Session, code: str) -> DealStage:
    with session.no_autoflush:
        stage = session.scalar(select(DealStage).where(DealStage.code == code))
    if stage is None:
        raise Invalid({"stage": FieldError("There is no stage '{code}'", {"code": code})})
    return stage


def _check_reason(deal: Deal) -> None:
    if deal.outcome != Outcome.LOST and deal.lost_reason is not None:
        raise Invalid({"lost_reason": FieldError("Only a lost deal has a reason why it was lost.")})


DEALS = RecordKind(
    model=Deal,
    one=N_("Deal"),
    title="name",
    view=Permission.DEALS_VIEW,
    edit=Permission.DEALS_EDIT,
    fields=(
        line("name", N_("Name"), 200, required=FieldError("Give it a name.")),
        reference("customer_id", N_("Customer"), "customers"),
        row_code("stage", N_("Stage"), "deal_stages"),
        money("amount", N_("Amount")),
        whole("probability_bp", N_("Chance to win"), 0, WHOLE_BP, kind="share"),
        day("expected_close_on", N_("Expected close")),
        reference("product_id", N_("Product"), "products"),
        line("source", N_("Source"), 64),
        line("lost_reason", N_("Why it was lost"), 200),
        reference("owner_id", N_("Owner"), "users"),
        prose("notes", N_("Notes")),
    ),
    filters=("outcome", "stage", "owner_id", "product_id", "source", "customer_id"),
    sorts={
        "expected": ("expected_close_on", "id"),
        "-opened": ("-opened_at", "-id"),
        "-amount": ("-amount", "-id"),
    },
    searched=("number", "name"),
    in_scope=deals_in,
    number_prefix="D",
    defaults={"stage": "prospecting"},
    prepare=_prepare,
    follow=_follow,
    settle=_settle,
    followed=frozenset({"stage", "lost_reason"}),
)
