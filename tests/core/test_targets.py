"""Targets of metrics: set, changed, removed, taken back; and how a metric stands against its own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm_core.access import SYSTEM, Actor, Role, Scope
from crm_core.analytics import targets
from crm_core.analytics.figures import Figures, Question
from crm_core.analytics.kpis import Kpi
from crm_core.analytics.periods import Period
from crm_core.analytics.service_params import TicketFilter
from crm_core.analytics.standings import calendar_grain, calendar_period, elapsed_of, standing
from crm_core.analytics.targets import Target
from crm_core.db.engine import Database
from crm_core.errors import Conflict, Invalid, NotFound, PermissionDenied
from crm_core.records import history
from tests.accounts import account
from tests.core.changes import undo_set, write

FEBRUARY = Period.parse("2024-02-01", "2024-03-01")


def set_target(
    database: Database, actor: Actor = SYSTEM, metric: str = "orders", grain: str = "month", value: Any = "100"
) -> int:
    return write(
        database,
        actor,
        lambda session: targets.create(session=session, actor=actor, metric=metric, grain=grain, value=value),
    )


def change_target(database: Database, actor: Actor, value: Any, *, version: int, target_id: int = 1) -> int:
    return write(
        database,
        actor,
        lambda session: targets.update(
            session=session, actor=actor, target_id=target_id, seen_version=version, value=value
        ),
    )


def remove_target(database: Database, actor: Actor = SYSTEM, target_id: int = 1) -> int:
    return write(database, actor, lambda session: targets.remove(session=session, actor=actor, target_id=target_id))


def listed(database: Database, actor: Actor = SYSTEM) -> list[Target]:
    with database.read() as session:
        return targets.list_all(session=session, actor=actor)


def shown(database: Database) -> list[tuple[str, str, Decimal, str | None]]:
    return [(target.metric, target.grain, target.value, target.set_by) for target in listed(database)]


def test_a_target_says_who_set_it_last_and_stands_in_the_order_of_the_metrics(database: Database) -> None:
    ada, mia = account(database, "Ada"), account(database, "Mia", Role.MANAGER)
    set_target(database, ada, "csat", "year", "0.9")
    set_target(database, ada, "orders", "year", 1200)
    set_target(database, ada, "orders", "month", 100)
    change_target(database, mia, "95.5", version=1, target_id=3)
    assert shown(database) == [
        ("orders", "month", Decimal("95.5"), "Mia"),
        ("orders", "year", Decimal(1200), "Ada"),
        ("csat", "year", Decimal("0.9"), "Ada"),
    ]
    assert all(target.set_at is not None for target in listed(database))


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"metric": "nothing"}, "metric", "Choose a metric of which more or less is better."),
        ({"metric": "guest_share"}, "metric", "Choose a metric of which more or less is better."),
        ({"grain": "day"}, "grain", "A target is of a week, a month, a quarter or a year."),
        ({"value": "many"}, "target", "A target is a number from 0 up."),
        ({"value": "-1"}, "target", "A target is a number from 0 up."),
        ({"value": "NaN"}, "target", "A target is a number from 0 up."),
        ({"value": "1e13"}, "target", "A target is a number from 0 up."),
        ({}, "grain", "There is a target of this metric and period already; change that one."),
    ],
)
def test_what_cannot_be_a_target_is_refused_in_words(
    database: Database, values: dict[str, Any], field: str, message: str
) -> None:
    set_target(database)
    with pytest.raises(Invalid) as refused:
        set_target(database, **values)
    assert {name: str(error) for name, error in refused.value.fields.items()} == {field: message}
    assert len(listed(database)) == 1


def test_two_who_change_one_target_differently_get_a_conflict_and_to_the_same_none(database: Database) -> None:
    ada, mia = account(database, "Ada"), account(database, "Mia", Role.MANAGER)
    set_target(database, ada)
    change_target(database, ada, "120", version=1)
    with pytest.raises(Conflict) as clash:
        change_target(database, mia, "130", version=1)
    found = clash.value.fields[0]
    assert (found.original, found.theirs, found.yours) == (Decimal(100), Decimal(120), Decimal(130))
    assert clash.value.changed_by == "Ada"
    change_target(database, mia, "120", version=1)
    assert shown(database) == [("orders", "month", Decimal(120), "Ada")]


def test_setting_changing_and_removing_can_each_be_taken_back(database: Database) -> None:
    ada = account(database, "Ada")
    created = set_target(database, ada)
    changed = change_target(database, ada, 120, version=1)
    removed = remove_target(database, ada)
    assert listed(database) == []
    assert undo_set(database, ada, removed).restored == 1
    assert undo_set(database, ada, changed).restored == 1
    assert shown(database) == [("orders", "month", Decimal(100), "Ada")]
    with database.read() as session:
        page = history.for_record(session=session, actor=ada, table="metric_targets", row_id=1)
    assert [entry.op for entry in page.entries] == ["update", "insert", "delete", "update", "insert"]
    assert [(c.field, c.before, c.after) for c in page.entries[0].fields] == [("target", Decimal(120), Decimal(100))]
    assert undo_set(database, ada, created).removed == 1
    assert listed(database) == []


def test_a_target_that_is_gone_is_not_changed(database: Database) -> None:
    set_target(database)
    remove_target(database)
    with pytest.raises(NotFound, match=r"This target is not there any more\."):
        change_target(database, SYSTEM, 5, version=1)
    with pytest.raises(NotFound, match=r"This target is not there any more\."):
        remove_target(database)


@pytest.mark.parametrize("role", list(Role))
def test_managers_and_administrators_set_targets_and_who_sees_metrics_sees_them(database: Database, role: Role) -> None:
    set_target(database)
    actor = account(database, "Somebody", role)
    may_edit, may_see = role in {Role.ADMIN, Role.MANAGER}, role != Role.STAFF
    calls = [
        lambda: set_target(database, actor, grain="year"),
        lambda: change_target(database, actor, 5, version=1),
        lambda: remove_target(database, actor),
    ]
    if may_see:
        assert len(listed(database, actor)) == 1
        with database.read() as session:
            assert targets.of_grain(session=session, actor=actor, grain="month") == {"orders": Decimal(100)}
            page = history.for_record(session=session, actor=actor, table="metric_targets", row_id=1)
            assert len(page.entries) == 1
    else:
        with pytest.raises(PermissionDenied):
            listed(database, actor)
        with database.read() as session, pytest.raises(PermissionDenied):
            targets.of_grain(session=session, actor=actor, grain="month")
        with database.read() as session, pytest.raises(PermissionDenied):
            history.for_record(session=session, actor=actor, table="metric_targets", row_id=1)
    for call in calls:
        if may_edit:
            call()
        else:
            with pytest.raises(PermissionDenied, match=r"\(targets\.edit\)"):
                call()


def test_who_sees_a_part_of_the_records_is_shown_no_target_of_them_all(database: Database) -> None:
    set_target(database)
    with database.read() as session:
        mine = Actor(1, "Mia", Role.MANAGER, Scope(owner_id=1))
        assert targets.of_grain(session=session, actor=mine, grain="month") == {}


def figure(metric: str, value: Any) -> Kpi:
    return Kpi(metric, value, None, None, 7)


@pytest.mark.parametrize(
    ("metric", "value", "target", "elapsed", "status"),
    [
        ("orders", 100, 100, 1.0, "met"),
        ("orders", 99, 100, 1.0, "missed"),
        ("orders", 100, 100, 0.5, "met"),  # more can only come
        ("orders", 50, 100, 0.5, "on_course"),
        ("orders", 49, 100, 0.5, "behind"),
        ("refunds", Decimal(100), 100, 1.0, "met"),
        ("refunds", Decimal("100.01"), 100, 0.1, "missed"),  # it cannot fall again
        ("refunds", Decimal(11), 100, 0.1, "behind"),
        ("refunds", Decimal(10), 100, 0.1, "on_course"),
        ("csat", 0.9, Decimal("0.9"), 0.5, "on_course"),  # a share may still fall
        ("csat", 0.89, Decimal("0.9"), 0.5, "behind"),
        ("first_response", 3.9, 4, 1.0, "met"),
        ("first_response", 4.1, 4, 1.0, "missed"),
        ("first_response", 4.1, 4, 0.9, "behind"),
        ("backlog", 3, 4, 0.1, "on_course"),
    ],
)
def test_a_metric_is_met_or_missed_when_that_is_decided_and_on_course_or_behind_before(
    metric: str, value: Any, target: Any, elapsed: float, status: str
) -> None:
    held = standing(figure(metric, value), Decimal(target), elapsed)
    assert held is not None
    assert (held.status, held.n) == (status, 7)
    assert held.share == pytest.approx(float(value) / float(target))
    assert (held.gap > 0) == (status in {"missed", "behind"})


def test_no_data_stands_nowhere_and_a_target_of_nothing_has_no_share() -> None:
    assert standing(figure("orders", None), Decimal(5), 1.0) is None
    held = standing(figure("refunds", Decimal(0)), Decimal(0), 1.0)
    assert held is not None
    assert (held.status, held.share) == ("met", None)


@pytest.mark.parametrize(
    ("start", "end", "grain"),
    [
        ("2024-02-05", "2024-02-12", "week"),
        ("2024-02-06", "2024-02-13", None),
        ("2024-02-01", "2024-03-01", "month"),
        ("2024-02-01", "2024-02-29", None),
        ("2024-12-01", "2025-01-01", "month"),
        ("2024-01-01", "2024-04-01", "quarter"),
        ("2024-02-01", "2024-05-01", None),
        ("2023-10-01", "2024-01-01", "quarter"),
        ("2024-01-01", "2025-01-01", "year"),
        ("2024-02-01", "2025-02-01", None),
    ],
)
def test_targets_hold_for_exactly_a_calendar_period(start: str, end: str, grain: str | None) -> None:
    assert calendar_grain(Period.parse(start, end)) == grain


@pytest.mark.parametrize("grain", targets.GRAINS)
def test_every_day_lies_in_the_calendar_period_found_for_it(grain: str) -> None:
    for ordinal in range(date(2023, 12, 25).toordinal(), date(2025, 1, 10).toordinal()):
        day = date.fromordinal(ordinal)
        period = calendar_period(day, grain)
        assert period.start <= day < period.end
        assert calendar_grain(period) == grain


def test_days_are_over_only_where_the_records_are_whole() -> None:
    assert elapsed_of(FEBRUARY, None) == 0
    assert elapsed_of(FEBRUARY, date(2024, 1, 1)) == 0
    assert elapsed_of(FEBRUARY, date(2024, 2, 11)) == pytest.approx(10 / 29)
    assert elapsed_of(FEBRUARY, date(2024, 6, 1)) == 1


def found(**narrowed: Any) -> Figures:
    question = Question(FEBRUARY, **narrowed)
    return Figures(question, {"orders": figure("orders", 90)}, {"sales": date(2024, 3, 1)})


def test_figures_of_a_calendar_period_stand_against_its_targets_and_parts_of_the_records_against_none(
    database: Database,
) -> None:
    set_target(database)
    set_target(database, metric="csat", value="0.9")
    with database.read() as session:
        held = targets.standings_of(session=session, actor=SYSTEM, found=found())
        assert {name: one.status for name, one in held.items()} == {"orders": "missed"}
        for narrowed in ({"country": "DE"}, {"channel": "web"}, {"only": TicketFilter(category="a")}):
            assert targets.standings_of(session=session, actor=SYSTEM, found=found(**narrowed)) == {}
