"""Alerts: rules on metrics, checked against every period that is over, and what each reader has not seen yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import pandas as pd
from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.analytics.definitions import AREA_OF, DEFINITIONS
from crm_core.analytics.targets import LARGEST
from crm_core.analytics.unusual import RATES, judge
from crm_core.db.models import AlertFiring, AlertRule, AlertSeen, User
from crm_core.errors import FieldError, Invalid, NotFound
from crm_core.translation import N_

KINDS = {"above": N_("Above"), "below": N_("Below"), "unusual": N_("Unusual")}
"""What a rule may wait for: a value above or below a threshold, or one unusual against its own history."""

GRAINS = ("week", "month", "quarter")
LOOKS_BACK = 2
"""So many periods that are over are checked: records that come late may still make the one before fire, once."""


@dataclass(frozen=True)
class Fired:
    """That a rule fired for a period: the value, and of unusual ones what was to be expected."""

    rule_id: int
    period_start: date
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Alert:
    """A firing as its reader meets it."""

    id: int
    metric: str
    grain: str
    kind: str
    threshold: Decimal | None
    period_start: date
    value: float
    low: float | None
    high: float | None
    fired_at: datetime
    is_seen: bool


def rules(*, session: Session, actor: Actor) -> list[tuple[AlertRule, str | None]]:
    """The actor's rules and the shared ones, newest first, each with its owner's name; none for who sees only a part of
    the records, since metrics are of them all.

    Raises:
        PermissionDenied: the role may not see metrics.
    """
    actor.require(Permission.KPIS_VIEW)
    if not actor.scope.is_everything:
        return []
    rows = session.execute(
        select(AlertRule, User.name)
        .outerjoin(User, User.id == AlertRule.owner_id)
        .where(_visible(actor))
        .order_by(AlertRule.id.desc())
    )
    return [(rule, owner) for rule, owner in rows if rule.metric in DEFINITIONS]


def create(
    *, session: Session, actor: Actor, metric: str, grain: str, kind: str, threshold: object, is_shared: bool = False
) -> AlertRule:
    """Watch a metric; who may set targets may share the rule with everybody who sees metrics.

    Raises:
        PermissionDenied: the role may not see metrics, or not share.
        Invalid: no such metric, period or kind, no number, or the actor sees only a part of the records.
    """
    actor.require(Permission.KPIS_VIEW)
    if is_shared:
        actor.require(Permission.TARGETS_EDIT)
    if metric not in DEFINITIONS or not actor.scope.is_everything:
        raise Invalid({"metric": FieldError("Choose a metric; who sees only their own customers cannot watch any.")})
    if grain not in GRAINS:
        raise Invalid({"grain": FieldError("Choose a week, a month or a quarter.")})
    if kind not in KINDS:
        raise Invalid({"kind": FieldError("Choose above, below or unusual.")})
    limit = None if kind == "unusual" else _number(threshold)
    rule = AlertRule(
        metric=metric, grain=grain, kind=kind, threshold=limit, owner_id=actor.user_id, is_shared=is_shared
    )
    session.add(rule)
    session.flush()
    return rule


def remove(*, session: Session, actor: Actor, rule_id: int) -> None:
    """Stop watching; what the rule fired goes with it. One's own rule, or a shared one for who may set targets.

    Raises:
        PermissionDenied: the role may not see metrics.
        NotFound: there is no such rule for this actor to remove.
    """
    actor.require(Permission.KPIS_VIEW)
    rule = session.get(AlertRule, rule_id)
    is_mine = rule is not None and rule.owner_id == actor.user_id
    if rule is None or not (is_mine or (rule.is_shared and actor.may(Permission.TARGETS_EDIT))):
        raise NotFound("There is no such alert, or it is someone else's.")
    fired = select(AlertFiring.id).where(AlertFiring.rule_id == rule_id)
    session.execute(delete(AlertSeen).where(AlertSeen.firing_id.in_(fired)))
    session.execute(delete(AlertFiring).where(AlertFiring.rule_id == rule_id))
    session.delete(rule)
    session.flush()


def check(watched: Iterable[AlertRule], courses: Mapping[str, pd.DataFrame]) -> list[Fired]:
    """What the rules of one grain have to say of the last periods that are over; `courses` are of that grain, by area.
    A period is judged by what came before it alone."""
    found: list[Fired] = []
    for rule in watched:
        course = courses[AREA_OF[rule.metric]]
        over = course[course["is_complete"] & course["is_known"]]
        values, starts = over[rule.metric].tolist(), over["start"].tolist()
        for place in range(max(0, len(values) - LOOKS_BACK), len(values)):
            fired = _fired(rule, starts[place], values[: place + 1])
            if fired is not None:
                found.append(fired)
    return found


def record(*, session: Session, fired: Iterable[Fired]) -> int:
    """Keep what fired and was not kept before; how many that were."""
    kept = 0
    for one in fired:
        same = select(AlertFiring.id).where(
            AlertFiring.rule_id == one.rule_id, AlertFiring.period_start == one.period_start
        )
        if session.get(AlertRule, one.rule_id) is None or session.scalar(same) is not None:
            continue
        session.add(AlertFiring(**vars(one)))
        kept += 1
    session.flush()
    return kept


def alerts(*, session: Session, actor: Actor, limit: int = 50) -> list[Alert]:
    """What fired for this reader, newest first.

    Raises:
        PermissionDenied: the role may not see metrics.
    """
    actor.require(Permission.KPIS_VIEW)
    if not actor.scope.is_everything:
        return []
    seen = select(AlertSeen.firing_id).where(AlertSeen.user_id == actor.user_id)
    rows = session.execute(
        select(AlertFiring, AlertRule, AlertFiring.id.in_(seen))
        .join(AlertRule, AlertRule.id == AlertFiring.rule_id)
        .where(_visible(actor))
        .order_by(AlertFiring.period_start.desc(), AlertFiring.id.desc())
        .limit(limit)
    )
    return [
        Alert(
            fired.id, rule.metric, rule.grain, rule.kind, rule.threshold, fired.period_start, fired.value, fired.low,
            fired.high, fired.fired_at, bool(is_seen),
        )
        for fired, rule, is_seen in rows
        if rule.metric in DEFINITIONS
    ]  # fmt: skip


def mark_seen(*, session: Session, actor: Actor, firing_ids: Iterable[int]) -> None:
    """Note that the actor has seen these.

    Raises:
        PermissionDenied: the role may not see metrics.
    """
    mine = {alert.id for alert in alerts(session=session, actor=actor) if not alert.is_seen}
    if actor.user_id is not None:
        session.add_all(AlertSeen(user_id=actor.user_id, firing_id=one) for one in mine.intersection(firing_ids))
        session.flush()


def _visible(actor: Actor) -> ColumnElement[bool]:
    return or_(AlertRule.is_shared.is_(True), AlertRule.owner_id == actor.user_id)


def _fired(rule: AlertRule, start: date, values: list[float]) -> Fired | None:
    value = values[-1]
    if value != value:
        return None
    if rule.kind == "unusual":
        verdict = judge(values, rule.grain) if rule.grain in RATES else None
        if verdict is None or not verdict.is_unusual:
            return None
        return Fired(rule.id, start, value, verdict.low, verdict.high)
    limit = float(rule.threshold or 0)
    is_beyond = value > limit if rule.kind == "above" else value < limit
    return Fired(rule.id, start, value) if is_beyond else None


def _number(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= LARGEST:
        raise Invalid({"threshold": FieldError("A threshold is a number.")})
    return number.quantize(Decimal("0.0001"))
