"""Check every alert: after a refresh, and by the server every few minutes; cheap where nothing changed."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import date
from functools import partial

from filelock import Timeout
from sqlalchemy import select

from crm_core.access import SYSTEM
from crm_core.analytics import alerts
from crm_core.analytics.courses import CourseParams, courses_of, last_day_on_record
from crm_core.analytics.definitions import AREA_OF, DEFINITIONS
from crm_core.analytics.runner import Analyses
from crm_core.analytics.unusual import needed
from crm_core.db.engine import Database
from crm_core.db.models import AlertRule
from crm_core.warehouse import Warehouse

_WAIT_SECONDS = 60.0


def refresh_and_check(warehouse: Warehouse, analyses: Analyses, database: Database) -> int:
    """Read what changed and check all rules; how many firings are new. Without any rule nothing is done.

    Raises:
        StorageFailed: the records cannot be read, or the snapshot or the firings not be written.
        SnapshotMissing: another process is making the first snapshot.
    """
    with database.read() as session:
        if session.scalar(select(AlertRule.id).limit(1)) is None:
            return 0
    with suppress(Timeout):  # another process refreshes: what it had before is checked, and the rest next time
        warehouse.refresh(wait=_WAIT_SECONDS)
    return check_alerts(analyses, database)


def check_alerts(analyses: Analyses, database: Database) -> int:
    """Check all rules of everybody, keep what fired, and say how many firings are new.

    Raises:
        SnapshotMissing: there is no snapshot yet.
    """
    with database.read() as session:
        watched = [rule for rule in session.scalars(select(AlertRule)) if rule.metric in DEFINITIONS]
    by_grain: dict[str, list[AlertRule]] = defaultdict(list)
    for rule in watched:
        by_grain[rule.grain].append(rule)
    if not by_grain:
        return 0
    ask = partial(analyses.run, actor=SYSTEM)
    last: date | None = last_day_on_record(ask)
    if last is None:
        return 0
    fired: list[alerts.Fired] = []
    for grain, mine in by_grain.items():
        areas = sorted({AREA_OF[rule.metric] for rule in mine})
        fired += alerts.check(
            mine, courses_of(ask, CourseParams(last, grain, needed(grain) + alerts.LOOKS_BACK), areas)
        )
    if not fired:
        return 0
    with database.untracked() as session:
        return alerts.record(session=session, fired=fired)
