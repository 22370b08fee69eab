"""Days, weekdays and months are cut in the workspace's zone: the expected cuts come from the standard library."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import narwhals as nw
import pytest

from crm_core.access import EVERYTHING, SYSTEM
from crm_core.db import schema
from crm_core.db.engine import Database
from crm_core.warehouse import Warehouse
from crm_core.warehouse.refresh import refresh_here
from tests.core.warehouse_records import order

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "Asia/Kathmandu", "America/Havana")
"""East and west of UTC, off the full hour, and one whose clocks change at midnight: there a day begins at 01:00."""

AROUND = (
    datetime(2024, 1, 1, tzinfo=UTC),  # a new year, here or there
    datetime(2024, 3, 10, 7, tzinfo=UTC),  # New York's clocks go forward; Havana's at 05:00 before
    datetime(2024, 3, 31, 1, tzinfo=UTC),  # Berlin's go forward
    datetime(2024, 10, 27, 1, tzinfo=UTC),  # and back
    datetime(2024, 11, 3, 6, tzinfo=UTC),  # New York's go back
)
INSTANTS = [
    instant + timedelta(minutes=minutes) + timedelta(microseconds=micros)
    for instant in AROUND
    for minutes in range(-26 * 60, 26 * 60, 60)
    for micros in (-1, 0)
]


@pytest.fixture(scope="module")
def warehouse_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A snapshot with an order at each instant."""
    folder = tmp_path_factory.mktemp("zones")
    database = Database(f"sqlite:///{folder / 'rapport.db'}")
    schema.upgrade(database, timezone="UTC", currency="EUR")
    with database.write(SYSTEM, "form") as session:
        session.add_all([order(key, ordered_at=instant) for key, instant in enumerate(INSTANTS, start=1)])
    refresh_here(database, folder / "warehouse")
    yield folder
    database.dispose()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day; where the clocks skip midnight, the first there is."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    while start.astimezone(zone).date() < day:
        start += timedelta(minutes=30)
    return start


def midnights(day: date, zone: ZoneInfo) -> set[datetime]:
    """The first instant of a local day; both, where the clocks go back to midnight (DuckDB names the second)."""
    first = midnight(day, zone)
    second = datetime(day.year, day.month, day.day, tzinfo=zone, fold=1).astimezone(UTC)
    return {first, second} if second.astimezone(zone).date() == day else {first}


@pytest.mark.parametrize("name", ZONES)
def test_days_weekdays_months_and_hours_are_those_of_the_zone(warehouse_folder: Path, name: str) -> None:
    zone = ZoneInfo(name)
    database = Database(f"sqlite:///{warehouse_folder / 'rapport.db'}")
    warehouse = Warehouse(database, warehouse_folder / "warehouse", timezone=name)
    at = nw.col("ordered_at")
    with warehouse.open() as snapshot:
        cut = (
            snapshot.tables(EVERYTHING)
            .orders.select(
                "id",
                day=at.dt.date(),
                day_start=at.dt.truncate("1d"),
                month_start=at.dt.truncate("1mo"),
                year=at.dt.year(),
                month=at.dt.month(),
                weekday=at.dt.weekday(),
                hour=at.dt.hour(),
            )
            .sort("id")
            .collect()
            .to_native()
            .to_pylist()
        )
    warehouse.close()
    database.dispose()
    for row, instant in zip(cut, INSTANTS, strict=True):
        local = instant.astimezone(zone)
        today = local.date()
        assert {
            "day": today, "year": today.year, "month": today.month, "weekday": today.isoweekday(), "hour": local.hour
        }.items() <= row.items(), instant  # fmt: skip
        assert row["day_start"].astimezone(UTC) in midnights(today, zone), instant
        assert row["month_start"].astimezone(UTC) in midnights(today.replace(day=1), zone), instant
    starts = {(row["day"], row["day_start"].astimezone(UTC)) for row in cut}
    assert len(starts) == len({row["day"] for row in cut})  # each local day has one start, so days group as they should


def test_an_instant_comes_back_as_the_same_instant_in_every_zone(warehouse_folder: Path) -> None:
    database = Database(f"sqlite:///{warehouse_folder / 'rapport.db'}")
    for name in ZONES:
        warehouse = Warehouse(database, warehouse_folder / "warehouse", timezone=name)
        with warehouse.open() as snapshot:
            found = snapshot.tables(EVERYTHING).orders.sort("id").select("ordered_at").collect()["ordered_at"].to_list()
        assert [instant.astimezone(UTC) for instant in found] == INSTANTS
        warehouse.close()
    database.dispose()


@pytest.mark.parametrize("name", ZONES)
def test_a_filter_by_local_days_is_half_open(warehouse_folder: Path, name: str) -> None:
    zone = ZoneInfo(name)
    start, end = midnight(date(2024, 3, 10), zone), midnight(date(2024, 3, 11), zone)
    database = Database(f"sqlite:///{warehouse_folder / 'rapport.db'}")
    warehouse = Warehouse(database, warehouse_folder / "warehouse", timezone=name)
    with warehouse.open() as snapshot:
        orders = snapshot.tables(EVERYTHING).orders
        found = orders.filter(nw.col("ordered_at") >= start, nw.col("ordered_at") < end).select("id").collect()
    warehouse.close()
    database.dispose()
    assert sorted(found["id"].to_list()) == [
        key for key, instant in enumerate(INSTANTS, start=1) if instant.astimezone(zone).date() == date(2024, 3, 10)
    ]
