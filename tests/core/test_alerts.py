"""Alerts: a rule fires once for a period that is over, for those who may see it, until each has seen it."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from crm_core.access import Actor, Role, Scope
from crm_core.analytics import alerts
from crm_core.analytics.alerts import Fired
from crm_core.analytics.unusual import RATES, needed
from crm_core.db.engine import Database
from crm_core.db.models import AlertRule
from crm_core.errors import Invalid, NotFound, PermissionDenied
from tests.accounts import account


def course(values: list[float], *, n_open: int = 0) -> dict[str, pd.DataFrame]:
    """Orders of consecutive months up to June 2024, the last `n_open` of which are not over."""
    months = pd.period_range(end="2024-06", periods=len(values), freq="M")
    frame = pd.DataFrame(
        {
            "start": [month.start_time.date() for month in months],
            "end": [(month + 1).start_time.date() for month in months],
            "is_complete": [place < len(values) - n_open for place in range(len(values))],
            "is_known": True,
            "orders": [float(value) for value in values],
        }
    )
    return {"sales": frame}


def rule(kind: str, threshold: Any = None, rule_id: int = 1) -> AlertRule:
    return AlertRule(id=rule_id, metric="orders", grain="month", kind=kind, threshold=threshold)


def watch(database: Database, actor: Actor, **values: Any) -> int:
    asked = {"metric": "orders", "grain": "month", "kind": "above", "threshold": "100"} | values
    with database.untracked() as session:
        return alerts.create(session=session, actor=actor, **asked).id


def keep(database: Database, *fired: Fired) -> int:
    with database.untracked() as session:
        return alerts.record(session=session, fired=fired)


def seen_by(database: Database, actor: Actor) -> list[tuple[int, bool]]:
    with database.read() as session:
        return [(alert.id, alert.is_seen) for alert in alerts.alerts(session=session, actor=actor)]


def test_a_threshold_fires_for_periods_that_are_over_and_not_on_the_threshold_itself() -> None:
    june, may = date(2024, 6, 1), date(2024, 5, 1)
    assert alerts.check([rule("above", 100)], course([1, 100, 101])) == [Fired(1, june, 101.0)]
    assert alerts.check([rule("below", 100)], course([1, 100, 99, 101])) == [Fired(1, may, 99.0)]
    assert alerts.check([rule("above", 100)], course([1, 1, 1, 500], n_open=1)) == []
    assert alerts.check([rule("above", 100)], course([500, 1, 1])) == []  # long ago
    assert alerts.check([rule("below", 100)], course([200, 200, float("nan")])) == []


def test_records_that_come_late_make_the_period_before_fire_once(database: Database) -> None:
    ada = account(database, "Ada")
    rule_id = watch(database, ada)
    watched = [rule("above", 100, rule_id)]
    assert alerts.check(watched, course([1, 90, 80])) == []
    late = alerts.check(watched, course([1, 120, 80]))
    assert [one.period_start for one in late] == [date(2024, 5, 1)]
    assert [keep(database, *late), keep(database, *late)] == [1, 0]
    assert keep(database, Fired(rule_id, date(2024, 5, 1), 500.0)) == 0  # later still, it never fires again
    assert len(seen_by(database, ada)) == 1


def noise(rng: np.random.Generator, n: int) -> np.ndarray:
    at = np.arange(n)
    return 500 * (1 + 0.3 * np.sin(2 * np.pi * at / 12)) * np.exp(0.05 * rng.standard_normal(n))


def fires_in_june(values: np.ndarray) -> bool:
    """Whether a rule for unusual values has something to say of the last month."""
    return any(one.period_start == date(2024, 6, 1) for one in alerts.check([rule("unusual")], course(list(values))))


def test_a_planted_shift_is_found_and_nothing_is_said_of_a_short_history() -> None:
    rng = np.random.default_rng(11)
    found = 0
    for _again in range(40):
        values = noise(rng, 50)
        values[-1] *= 1.6
        found += any(
            one.period_start == date(2024, 6, 1) for one in alerts.check([rule("unusual")], course(list(values)))
        )
    assert found >= 36
    assert alerts.check([rule("unusual")], course(list(values[-needed("month") + 1 :]))) == []


def test_false_alarms_of_a_rule_come_at_the_stated_rate() -> None:
    """Each run judges the last two months; of so many, the false alarms lie within the 99.9 % interval."""
    rng = np.random.default_rng(5)
    runs = 400
    fired = sum(
        any(
            one.period_start == date(2024, 6, 1)
            for one in alerts.check([rule("unusual")], course(list(noise(rng, 33))))
        )
        for _again in range(runs)
    )
    low, high = binom.ppf([0.0005, 0.9995], runs, RATES["month"])
    assert low <= fired <= high


def test_a_private_rule_is_its_owners_and_a_shared_one_everybodys_who_sees_metrics(database: Database) -> None:
    ada, mia = account(database, "Ada"), account(database, "Mia", Role.MARKETING)
    private, shared = watch(database, ada), watch(database, ada, is_shared=True, threshold=200)
    keep(database, *(Fired(rule_id, date(2024, 5, 1), 300.0) for rule_id in (private, shared)))
    with database.read() as session:
        visible = [[rule.id for rule, _owner in alerts.rules(session=session, actor=actor)] for actor in (ada, mia)]
    assert visible == [[shared, private], [shared]]
    assert (len(seen_by(database, ada)), len(seen_by(database, mia))) == (2, 1)
    mine = Actor(mia.user_id, "Mia", Role.MARKETING, Scope(owner_id=mia.user_id))
    assert seen_by(database, mine) == []
    with database.untracked() as session, pytest.raises(Invalid, match="who sees only their own customers"):
        alerts.create(session=session, actor=mine, metric="orders", grain="month", kind="unusual", threshold=None)


def test_each_reader_marks_for_themselves_what_they_have_seen(database: Database) -> None:
    ada, mia = account(database, "Ada"), account(database, "Mia", Role.MANAGER)
    shared = watch(database, ada, is_shared=True)
    keep(database, Fired(shared, date(2024, 5, 1), 300.0))
    for _twice in range(2):
        with database.untracked() as session:
            alerts.mark_seen(session=session, actor=mia, firing_ids=[1, 99])
    assert (seen_by(database, mia), seen_by(database, ada)) == ([(1, True)], [(1, False)])


def test_who_may_remove_a_rule_takes_what_it_fired_with_it(database: Database) -> None:
    ada, mia = account(database, "Ada"), account(database, "Mia", Role.MARKETING)
    private, shared = watch(database, ada), watch(database, ada, is_shared=True)
    keep(database, Fired(private, date(2024, 5, 1), 300.0))
    with database.untracked() as session:
        alerts.mark_seen(session=session, actor=ada, firing_ids=[1])
    for rule_id in (private, shared):
        with database.untracked() as session, pytest.raises(NotFound, match="or it is someone else's"):
            alerts.remove(session=session, actor=mia, rule_id=rule_id)
    manager = account(database, "Max", Role.MANAGER)
    with database.untracked() as session:
        alerts.remove(session=session, actor=ada, rule_id=private)
        alerts.remove(session=session, actor=manager, rule_id=shared)
    assert seen_by(database, ada) == []


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"metric": "nothing"}, "metric", "Choose a metric; who sees only their own customers cannot watch any."),
        ({"grain": "year"}, "grain", "Choose a week, a month or a quarter."),
        ({"kind": "odd"}, "kind", "Choose above, below or unusual."),
        ({"threshold": "many"}, "threshold", "A threshold is a number."),
        ({"threshold": None}, "threshold", "A threshold is a number."),
    ],
)
def test_a_rule_that_cannot_be_is_refused_in_words(
    database: Database, values: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(Invalid) as refused:
        watch(database, account(database, "Ada"), **values)
    assert {name: str(error) for name, error in refused.value.fields.items()} == {field: message}


@pytest.mark.parametrize("role", list(Role))
def test_who_sees_metrics_watches_them_and_who_sets_targets_shares(database: Database, role: Role) -> None:
    actor = account(database, "Somebody", role)
    may_see, may_share = role != Role.STAFF, role in {Role.ADMIN, Role.MANAGER}
    for is_shared, may in ((False, may_see), (True, may_share)):
        if may:
            watch(database, actor, is_shared=is_shared)
        else:
            with pytest.raises(PermissionDenied):
                watch(database, actor, is_shared=is_shared)
    calls: list[Any] = [alerts.rules, alerts.alerts, lambda **who: alerts.mark_seen(**who, firing_ids=[])]
    for call in [*calls, lambda **who: alerts.remove(**who, rule_id=99)]:
        with database.untracked() as session:
            if may_see:
                if call in calls:
                    call(session=session, actor=actor)
            else:
                with pytest.raises(PermissionDenied):
                    call(session=session, actor=actor)
