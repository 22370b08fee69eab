"""Spikes and drops: planted ones are found, and where nothing happens there is at most one false alarm a year."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from crm_core.access import SYSTEM
from crm_core.analytics.periods import Period
from crm_core.analytics.service import ServiceReport, service
from crm_core.analytics.service_drill import TicketsParams, service_tickets
from crm_core.analytics.service_params import ServiceParams, TicketFilter
from crm_core.analytics.volume_flags import events
from crm_core.analytics.volume_scan import NEEDED_DAYS, Scan, scan
from crm_core.demo import fill, load_truth
from tests.core.demo_workspaces import TODAY, opened
from tests.core.test_service import NOW
from tests.core.ticket_tables import Ticket, ticket_tables

SHARES = np.array([0.30, 0.12, 0.08, 0.18, 0.17, 0.15])
DELIVERY, PAYMENT, DAMAGED = 1, 2, 4
YEAR = 365.25
HOLIDAYS = (0, 5, 95, 98, 120, 130, 145, 276, 358, 359, 360)
MONTHS = np.array((1.25, 0.98, 0.92, 0.94, 0.95, 0.9, 0.88, 0.88, 0.95, 1.0, 1.1, 1.25))


def usual(level: float, days: int, *, months: bool = False) -> np.ndarray:
    """What is expected of each day: quiet weekends, a season that swings or comes in steps, 30 % more a year."""
    day = np.arange(days)
    season = MONTHS[(day / 30.44).astype(int) % 12] if months else 1 + 0.3 * np.sin(2 * np.pi * day / YEAR)
    return level * np.where(day % 7 >= 5, 0.3, 1.28) * season * 1.3 ** (day / YEAR)


def desk(
    rng: np.random.Generator, level: float, days: int = 1095, *, scatter: float = 0, wave: float = 0,
    shares: np.ndarray = SHARES, months: bool = False, holidays: bool = False,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    """Counts of all and of each category, weekdays and days off. `scatter`: variance (1 + scatter × mean) × mean;
    `wave`: levels of categories wander by so much, for days on end."""
    is_off = np.isin(np.arange(days) % 365, HOLIDAYS) & holidays
    mean = usual(level, days, months=months) * np.where(is_off, 0.15, 1) * shares[:, None]
    if scatter:
        mean = mean * rng.gamma(1 / scatter, scatter, mean.shape)
    for _ in range(1 if wave else 0):
        steps, log = rng.standard_normal(mean.shape) * wave * np.sqrt(1 - 0.7**2), np.zeros(mean.shape)
        for day in range(1, days):
            log[:, day] = 0.7 * log[:, day - 1] + steps[:, day]
        mean = mean * np.exp(log - wave**2 / 2)
    counts = rng.poisson(mean)
    return np.vstack([counts.sum(axis=0), counts]), np.arange(days) % 7, is_off


def n_events(found: Scan) -> int:
    return sum(1 for row in range(len(found.window)) for _ in events(found, row))


QUIET: dict[str, dict[str, Any]] = {
    "few tickets": {"level": 2.0},
    "some": {"level": 20.0},
    "months that come in steps": {"level": 150.0, "months": True},
    "holidays": {"level": 20.0, "holidays": True},
    "more scatter than chance": {"level": 20.0, "scatter": 0.05},
    "much more scatter than chance": {"level": 150.0, "scatter": 0.05},
    "levels that wander": {"level": 20.0, "wave": 0.1},
    "many categories": {"level": 20.0, "shares": np.full(30, 1 / 30)},
}


@pytest.mark.parametrize("what", QUIET)
def test_years_in_which_nothing_happens_have_at_most_one_false_alarm_of_all_kinds_together(what: str) -> None:
    rng = np.random.default_rng(7)
    n_runs = 8
    alarms = sum(n_events(scan(*desk(rng, **QUIET[what]))) for _ in range(n_runs))
    years = n_runs * (1095 - NEEDED_DAYS) / YEAR
    at_most = chi2.ppf(0.95, 2 * alarms + 2) / 2 / years  # the upper 95 % limit of a Poisson rate
    assert at_most <= 1.0, f"{alarms} in {years:.0f} years"


def planted(level: float, series: int, factor: float, days: int, *, seeds: int = 30) -> float:
    """The part of so many simulated desks on which a spike (or drop) of a category was found in its days."""
    n_found = 0
    for seed in range(seeds):
        rng = np.random.default_rng([seed, series])
        length, first = 400, 250 + int(rng.integers(0, 120))
        counts, weekday, is_off = desk(rng, level, length)
        when = slice(first, first + days)
        mean = usual(level, length)[when] * SHARES[series - 1]
        change = rng.poisson(mean * max(factor - 1, 0)) - rng.binomial(counts[series, when], max(1 - factor, 0))
        counts[[0, series], when] += change
        found = scan(counts[:, : first + days], weekday, is_off[: first + days])
        is_right = (found.opened[series] > found.expected[series]) == (factor > 1)
        n_found += bool((found.is_flagged[series, when] & is_right[when]).any())
    return n_found / seeds


@pytest.mark.parametrize(
    ("level", "series", "factor", "days", "at_least"),
    [
        (2.5, PAYMENT, 6.0, 8, 0.6),  # the spikes of a demo of 3,000 customers
        (2.5, DAMAGED, 5.0, 7, 0.6),
        (2.5, DELIVERY, 4.0, 8, 0.8),
        (6.0, DAMAGED, 5.0, 7, 0.95),
        (20.0, DELIVERY, 2.0, 8, 0.75),
        (20.0, DELIVERY, 5.0, 1, 0.8),
        (20.0, DELIVERY, 0.3, 8, 0.8),
    ],
)
def test_planted_spikes_and_drops_are_found(
    level: float, series: int, factor: float, days: int, at_least: float
) -> None:
    assert planted(level, series, factor, days) >= at_least


def test_a_spike_of_days_none_of_which_is_out_of_the_ordinary_alone_is_one_event() -> None:
    counts = np.tile(np.array([[6], [3], [3]]), (1, 300))
    counts[:2, 250:258] += 4
    found = scan(counts, np.arange(300) % 7)
    assert found.window[1, 250] == 1
    assert not found.is_flagged[:, :251].any()
    assert [(first >= 252, best) for first, best in events(found, 1)] == [
        (True, 256)
    ]  # seven days are the nearest to its eight
    assert list(events(found, 2)) == []


def test_what_is_flagged_never_depends_on_later_days() -> None:
    counts, weekday, _ = desk(np.random.default_rng(5), 20.0, 400)
    counts[:2, 200:206] += 25
    early, late = scan(counts[:, :250], weekday[:250]), scan(counts, weekday)
    for name in ("window", "opened", "expected", "low", "high", "p", "is_flagged"):
        np.testing.assert_array_equal(getattr(early, name), getattr(late, name)[:, :250])
    assert early.is_flagged[1, 200:206].any()


def test_a_level_that_stays_is_taken_for_what_it_is() -> None:
    counts, weekday, _ = desk(np.random.default_rng(9), 20.0, 600)
    counts[:, 300:] *= 2
    flagged = scan(counts, weekday).is_flagged[0]
    assert flagged[300:330].any()
    assert not flagged[420:].any()


def test_days_off_are_neither_drops_nor_learned_from() -> None:
    rng = np.random.default_rng(4)
    counts, weekday, is_off = desk(rng, 20.0, 500)
    is_off[[300, 301, 302]] = True
    counts[:, 300:303] = 0
    assert not scan(counts, weekday, is_off).is_flagged[:, 300:320].any()
    assert scan(counts, weekday).is_flagged[0, 300:303].any()


def test_a_short_history_is_not_judged() -> None:
    counts, weekday, _ = desk(np.random.default_rng(1), 20.0, NEEDED_DAYS + 1)
    counts[:, -2:] *= 9
    found = scan(counts, weekday)
    assert not found.is_flagged[:, :NEEDED_DAYS].any()
    assert found.is_flagged[0, NEEDED_DAYS]


def test_the_spikes_planted_in_a_demo_are_found_under_their_days_and_category(tmp_path: Path) -> None:
    workspace = opened(tmp_path)
    fill(workspace, customers=8000, today=TODAY)
    truth = load_truth(workspace)
    period = Period(truth.start_at.date(), TODAY)
    report: ServiceReport = workspace.analyses.run(service, ServiceParams(period, at=truth.end_at), actor=SYSTEM)
    workspace.close()
    flags = report.flags[report.flags["is_more"]]
    assert len(truth.spikes) == 3
    for spike in truth.spikes:
        last = spike.first_on + timedelta(days=spike.days)
        is_it = (flags["category"] == spike.category) & (flags["start"] < last) & (flags["end"] > spike.first_on)
        found = flags[is_it].iloc[0]
        assert abs((found["start"] - spike.first_on).days) <= 3
        assert abs((found["end"] - last).days) <= 3
        assert found["flagged_on"] < last
        assert found["opened"] > found["high"]
    near = [
        any(
            spike.first_on - timedelta(14) < row.end and row.start < spike.first_on + timedelta(22)
            for spike in truth.spikes
        )
        for row in report.flags.itertuples()
    ]
    assert near.count(False) <= 3  # in the two years that can be judged


def of_april() -> list[Ticket]:
    """Four payments and four deliveries a day of 2026, and 30 payments more on the three days from 10 April."""
    first, tickets = date(2026, 1, 1), []
    for number in range(130):
        day = first + timedelta(days=number)
        of = ["Payment"] * (14 if date(2026, 4, 10) <= day < date(2026, 4, 13) else 4) + ["Delivery"] * 4
        tickets += [Ticket(len(tickets) + n, f"{day} 12:00", category=name) for n, name in enumerate(of, 1)]
    return tickets


def test_flags_of_a_period_name_the_category_and_the_days_and_open_their_tickets() -> None:
    tables = ticket_tables(of_april())
    april, may = Period.parse("2026-04-01", "2026-05-01"), Period.parse("2026-05-01", "2026-06-01")
    report = service(tables, ServiceParams(april, at=NOW))
    assert report.judged_from == date(2026, 4, 9)
    flags = report.flags[report.flags["category"] == "Payment"]
    assert flags[["start", "end", "opened", "is_more"]].to_numpy().tolist() == [
        [date(2026, 4, 10), date(2026, 4, 13), 42, True]
    ]
    assert report.flags["category"].isna().sum() == 1  # all tickets had a spike too
    assert service(tables, ServiceParams(may, at=NOW)).flags.empty
    days = Period(flags["start"].iloc[0], flags["end"].iloc[0])
    behind = service_tickets(tables, TicketsParams(days, at=NOW, only=TicketFilter(category="Payment"))).tickets
    assert len(behind) == 42


def test_without_enough_history_the_report_says_so() -> None:
    tables = ticket_tables([ticket for ticket in of_april() if ticket.opened < "2026-04-01"])
    report = service(tables, ServiceParams(Period.parse("2026-03-01", "2026-04-01"), at=NOW))
    assert report.judged_from is None
    assert report.flags.empty
