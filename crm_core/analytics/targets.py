"""What metrics should reach in a calendar week, month, quarter or year: set, changed and removed with history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.analytics.definitions import AREA_OF, DEFINITIONS
from crm_core.analytics.figures import Figure, Figures
from crm_core.analytics.periods import Period
from crm_core.analytics.standings import Standing, calendar_grain, elapsed_of, standings
from crm_core.db.history import TrackedSession
from crm_core.db.models import Change, ChangeSet, MetricTarget
from crm_core.db.types import MONEY_SCALE
from crm_core.errors import FieldError, Invalid, NotFound
from crm_core.records.edits import fitted_edit
from crm_core.translation import N_

GRAINS = {"week": N_("Week"), "month": N_("Month"), "quarter": N_("Quarter"), "year": N_("Year")}
"""The calendar periods a target may be of, shortest first; weeks begin on Monday."""

LARGEST = Decimal(10) ** 12
_SMALLEST = Decimal(1).scaleb(-MONEY_SCALE)


@dataclass(frozen=True)
class Target:
    """What a metric should reach in each period of this length, to four decimals; a share is one of 1, not of 100."""

    id: int
    metric: str
    grain: str
    value: Decimal
    version: int
    set_by: str | None
    set_at: datetime | None


def list_all(*, session: Session, actor: Actor) -> list[Target]:
    """Every target, in the order of the metrics, shortest period first, with who set it last and when.

    Raises:
        PermissionDenied: the role may not see metrics.
    """
    actor.require(Permission.KPIS_VIEW)
    latest = (
        select(func.max(Change.id).label("id"))
        .where(Change.table_name == MetricTarget.__tablename__)
        .group_by(Change.row_id)
        .subquery()
    )
    told = (
        select(Change.row_id, ChangeSet.actor_name, ChangeSet.at)
        .join(latest, latest.c.id == Change.id)
        .join(ChangeSet, ChangeSet.id == Change.change_set_id)
        .subquery()
    )
    rows = session.execute(
        select(MetricTarget, told.c.actor_name, told.c.at).outerjoin(told, told.c.row_id == MetricTarget.id)
    )
    found = [
        Target(row.id, row.metric, row.grain, row.target, row.version, name, at)
        for row, name, at in rows
        if row.metric in DEFINITIONS
    ]
    metrics, grains = list(DEFINITIONS), list(GRAINS)
    return sorted(found, key=lambda target: (metrics.index(target.metric), grains.index(target.grain)))


def of_grain(*, session: Session, actor: Actor, grain: str) -> dict[str, Decimal]:
    """The targets of periods of this length, by metric; none for who sees only a part of the records, since a target is
    of them all.

    Raises:
        PermissionDenied: the role may not see metrics.
    """
    actor.require(Permission.KPIS_VIEW)
    if not actor.scope.is_everything:
        return {}
    rows = session.execute(select(MetricTarget.metric, MetricTarget.target).where(MetricTarget.grain == grain))
    return {metric: target for metric, target in rows if metric in DEFINITIONS}


def standings_of(*, session: Session, actor: Actor, found: Figures) -> dict[str, Standing]:
    """How the figures stand against the targets of their period; empty where it is no calendar period or the question
    is of a part of the records.

    Raises:
        PermissionDenied: the role may not see metrics.
    """
    if found.question.is_narrowed:
        return {}
    elapsed = {area: elapsed_of(found.question.period, known) for area, known in found.complete_until.items()}
    by_metric = {name: elapsed[AREA_OF[name]] for name in found.metrics}
    targets = _of_period(session, actor, found.question.period)
    return standings(found.metrics, targets, by_metric)


def standings_among(
    *, session: Session, actor: Actor, metrics: Mapping[str, Figure], period: Period, complete_until: date | None
) -> dict[str, Standing]:
    """As `standings_of`, of figures of all records of a period that come from one analysis.

    Raises:
        PermissionDenied: the role may not see metrics.
    """
    elapsed = dict.fromkeys(metrics, elapsed_of(period, complete_until))
    return standings(metrics, _of_period(session, actor, period), elapsed)


def _of_period(session: Session, actor: Actor, period: Period) -> dict[str, Decimal]:
    grain = calendar_grain(period)
    return {} if grain is None else of_grain(session=session, actor=actor, grain=grain)


def create(*, session: TrackedSession, actor: Actor, metric: str, grain: str, value: object) -> MetricTarget:
    """Set a target where there is none.

    Raises:
        PermissionDenied: the role may not set targets.
        Invalid: no such metric or period, neither more nor less of it is better, no number, or it has a target.
    """
    actor.require(Permission.TARGETS_EDIT)
    definition = DEFINITIONS.get(metric)
    if definition is None or definition.better is None:
        raise Invalid({"metric": FieldError("Choose a metric of which more or less is better.")})
    if grain not in GRAINS:
        raise Invalid({"grain": FieldError("A target is of a week, a month, a quarter or a year.")})
    number = _number(value)
    same = select(MetricTarget.id).where(MetricTarget.metric == metric, MetricTarget.grain == grain)
    if session.scalar(same) is not None:
        raise Invalid({"grain": FieldError("There is a target of this metric and period already; change that one.")})
    row = MetricTarget(metric=metric, grain=grain, target=number)
    session.add(row)
    session.flush()
    return row


def update(*, session: TrackedSession, actor: Actor, target_id: int, seen_version: int, value: object) -> MetricTarget:
    """Change a target read at `seen_version`.

    Raises:
        PermissionDenied: the role may not set targets.
        NotFound: there is no such target.
        Invalid: no number.
        Conflict: someone else gave it another value since.
    """
    row = _locked(session, actor, target_id)
    edit = fitted_edit(
        session, row, fields=("target",), seen_version=seen_version, values={"target": value}, clean=_cleaned
    )
    for name, cleaned in edit.apply.items():
        setattr(row, name, cleaned)
    session.flush()
    return row


def remove(*, session: TrackedSession, actor: Actor, target_id: int) -> None:
    """Remove a target; that can be taken back.

    Raises:
        PermissionDenied: the role may not set targets.
        NotFound: there is no such target.
    """
    session.delete(_locked(session, actor, target_id))
    session.flush()


def _locked(session: TrackedSession, actor: Actor, target_id: int) -> MetricTarget:
    actor.require(Permission.TARGETS_EDIT)
    row = session.get(MetricTarget, target_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("This target is not there any more.")
    return row


def _cleaned(values: Mapping[str, Any], _known: Mapping[str, Any]) -> dict[str, Decimal]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number < LARGEST:
        raise Invalid({"target": FieldError("A target is a number from 0 up.")})
    return number.quantize(_SMALLEST)
