"""The sales pipeline by hand: each metric on a few literal deals, and the traps seen in shipped systems."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crm_core.analytics.periods import Period
from crm_core.analytics.pipeline import PipelineParams, PipelineReport, pipeline
from crm_core.analytics.pipeline_metrics import PIPELINE_METRICS
from crm_core.errors import Invalid
from tests.core.deal_frames import Deal, deal_tables, path

FEBRUARY = Period.parse("2024-02-01", "2024-03-01")
DEFINITIONS = Path(__file__).parents[2] / "docs" / "metrics.md"

DEALS = [
    Deal(1, path("2024-01-10 new", "2024-01-20 talk", "2024-02-05 offer", "2024-02-10 won"), "1000"),
    Deal(2, path("2024-02-01 new", "2024-02-21 won"), "3000"),  # skips talk and offer
    Deal(3, path("2024-02-02 new", "2024-02-12 talk", "2024-02-20 lost"), "500"),
    Deal(4, path("2024-02-03 new"), "800", expected="2024-02-20"),
    Deal(5, path("2024-01-05 new", "2024-02-06 talk"), "200", chance=9000, expected="2024-04-01"),
    Deal(6, path("2024-02-08 new"), None),
    Deal(7, path("2023-12-01 new", "2024-01-15 lost")),
    Deal(8, path("2024-03-02 new", "2024-03-05 won"), "9999"),
]


def report(deals: list[Deal], period: Period = FEBRUARY, **options: Any) -> PipelineReport:
    timezone = options.pop("timezone", "Europe/Berlin")
    return pipeline(deal_tables(deals, timezone=timezone), PipelineParams(period, **options))


def value(found: PipelineReport, metric_id: str) -> Any:
    return found.metrics[metric_id].value


def test_every_metric_of_a_small_pipeline_by_hand() -> None:
    found = report(DEALS)
    cycles = (20.0, 31.0)
    assert {name: (kpi.value, kpi.n) for name, kpi in found.metrics.items()} == {
        "win_rate": (pytest.approx(2 / 3), 3),
        "win_rate_value": (pytest.approx(4000 / 4500), 3),
        "won_deals": (2, 2),
        "lost_deals": (1, 1),
        "won_value": (Decimal(4000), 2),
        "average_won_value": (Decimal(2000), 2),
        "cycle_median": (sum(cycles) / 2, 2),
        "cycle_p90": (pytest.approx(20 + 0.9 * 11), 2),
        "opened_deals": (4, 4),
        "open_deals": (3, 3),
        "open_value": (Decimal(1000), 2),
        "weighted": (Decimal(800) / 10 + 200 * Decimal("0.9"), 2),
        "velocity": ((3 * Decimal(2000) * 2 / 3 / Decimal("25.5")).quantize(Decimal("0.0001")), 6),
        "forecast": (Decimal(4000 + 80 + 180), 4),
        "slipping_deals": (1, 2),
        "stale_deals": (None, 0),
    }
    assert (found.open_unpriced, found.won_unpriced, found.lost_unpriced) == (1, 0, 0)


def test_shares_carry_wilsons_interval_and_values_carry_none() -> None:
    kpi = report(DEALS).metrics["win_rate"]
    assert (kpi.low, kpi.high) == (pytest.approx(0.20765960080204776), pytest.approx(0.9385080552796037))
    assert report(DEALS).metrics["win_rate_value"].low is None


def test_the_comparison_is_the_window_of_the_same_length_just_before() -> None:
    found = report(DEALS)
    assert found.compared == Period.parse("2024-01-03", "2024-02-01")
    assert found.metrics["lost_deals"].previous == 1
    assert found.metrics["win_rate"].previous == 0.0
    assert found.metrics["win_rate"].change is None  # a zero base gives no percentage
    assert found.metrics["open_deals"].previous == 2


def test_a_deal_counts_on_the_day_it_closed_whatever_is_edited_later() -> None:
    """`stage_since` and later moves between won and lost stages are no closings: it closed when it closed."""
    corrected = Deal(1, path("2024-01-10 new", "2024-02-10 lost", "2024-05-01 won"), "10")
    found = report([corrected])
    assert (value(found, "won_deals"), value(found, "lost_deals")) == (1, 0)
    assert value(report([corrected], Period.parse("2024-05-01", "2024-06-01")), "won_deals") == 0


def test_what_was_open_stays_so_when_it_is_won_or_moved_later() -> None:
    before = report([Deal(1, path("2024-02-01 new", "2024-02-05 talk"), "100")])
    after = report([Deal(1, path("2024-02-01 new", "2024-02-05 talk", "2024-03-01 offer", "2024-03-09 won"), "100")])
    assert value(before, "weighted") == value(after, "weighted") == Decimal(30)
    assert value(after, "open_deals") == 1


def test_a_lost_deal_adds_nothing_to_the_forecast() -> None:
    won, lost = Deal(1, path("2024-02-01 new", "2024-02-05 won"), "100"), path("2024-02-01 new", "2024-02-05 lost")
    assert value(report([won, Deal(2, lost, "900", chance=5000)]), "forecast") == Decimal(100)


def test_a_deal_opened_again_is_open_and_no_longer_won() -> None:
    again = Deal(1, path("2024-02-01 new", "2024-02-05 won", "2024-02-09 offer"), "100")
    found = report([again])
    assert (value(found, "won_deals"), value(found, "open_deals"), value(found, "weighted")) == (0, 1, Decimal(50))


def test_without_a_base_there_is_no_rate_and_without_deals_no_number() -> None:
    nothing_closed = report([Deal(1, path("2024-02-01 new"))])
    assert [value(nothing_closed, name) for name in ("win_rate", "win_rate_value", "cycle_median", "velocity")] == (
        [None] * 4
    )
    assert (value(nothing_closed, "won_deals"), value(nothing_closed, "won_value")) == (0, Decimal(0))
    assert [value(nothing_closed, name) for name in ("weighted", "open_value", "forecast")] == [None] * 3
    assert {kpi.value for kpi in report([Deal(1, path("2024-03-01 new"))]).metrics.values()} == {None}
    assert {kpi.value for kpi in report([]).metrics.values()} == {None}


def test_won_deals_without_amounts_have_no_value_and_are_counted() -> None:
    found = report([Deal(1, path("2024-02-01 new", "2024-02-05 won"))])
    assert (value(found, "won_value"), value(found, "forecast"), found.won_unpriced) == (None, None, 1)
    assert value(found, "win_rate") == 1.0


def test_a_share_of_value_needs_a_value_on_both_sides() -> None:
    """Sources that keep 0 as the amount of what was lost would else show a win rate of 100 %."""
    won, lost = path("2024-02-01 new", "2024-02-05 won"), path("2024-02-01 new", "2024-02-06 lost")
    for amounts in (("10", "0"), ("10", None), ("0", "10")):
        deals = [Deal(1, won, amounts[0]), Deal(2, lost, amounts[1])]
        assert value(report(deals), "win_rate_value") is None
    assert value(report([Deal(1, won, "10")]), "win_rate_value") == 1.0


def test_a_chance_of_zero_is_a_chance() -> None:
    assert value(report([Deal(1, path("2024-02-01 new"), "100", chance=0)]), "weighted") == 0


def test_an_amount_times_its_chance_is_exact_however_large() -> None:
    found = report([Deal(1, path("2024-02-01 new"), "99999999999.9999", chance=9999)])
    assert value(found, "weighted") == Decimal("99999999999.9999") * Decimal("0.9999")


def test_the_sales_cycle_is_measured_and_not_rounded_to_days() -> None:
    found = report([Deal(1, path("2024-02-01T00:00 new", "2024-02-02T12:00 won"))])
    assert value(found, "cycle_median") == 1.5


@pytest.mark.parametrize(("timezone", "month"), [("Asia/Tokyo", "2024-02"), ("America/New_York", "2024-01")])
def test_a_deal_closes_on_the_local_day_east_and_west_of_utc(timezone: str, month: str) -> None:
    deals = [Deal(1, path("2024-01-10T00:00+00:00 new", "2024-01-31T20:00+00:00 won"), "5")]
    january = report(deals, Period.parse("2024-01-01", "2024-02-01"), timezone=timezone)
    february = report(deals, timezone=timezone)
    assert value(january, "won_deals") == (1 if month == "2024-01" else 0)
    assert value(february, "won_deals") == (1 if month == "2024-02" else 0)
    assert value(january, "open_deals") == (0 if month == "2024-01" else 1)


@pytest.mark.parametrize(("timezone", "slips"), [("Asia/Tokyo", 1), ("America/New_York", 0)])
def test_an_expected_day_has_passed_when_it_is_over_here(
    timezone: str, slips: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At one instant it is already 21 February in Tokyo and still the 20th in New York."""
    import datetime as clock
    from zoneinfo import ZoneInfo

    from crm_core.analytics import pipeline as module

    instant = clock.datetime(2024, 2, 20, 16, tzinfo=clock.UTC)
    monkeypatch.setattr(module, "local_today", lambda zone: instant.astimezone(ZoneInfo(zone)).date())
    found = report([Deal(1, path("2024-02-01 new"), expected="2024-02-20")], timezone=timezone)
    assert value(found, "slipping_deals") == slips


def test_a_period_out_of_range_is_refused() -> None:
    with pytest.raises(Invalid, match="lies outside the years 1900 to 2199"):
        PipelineParams(Period.parse("1800-01-01", "1801-01-01"))


def test_a_period_that_goes_on_after_the_newest_move_is_incomplete() -> None:
    deals = [Deal(1, path("2024-02-01 new", "2024-02-20 talk"))]
    assert report(deals).is_incomplete
    assert not report(deals, Period.parse("2024-02-01", "2024-02-21")).is_incomplete


def test_every_metric_is_documented_with_its_name() -> None:
    text = DEFINITIONS.read_text()
    missing = [name for name, metric in PIPELINE_METRICS.items() if f"| `{name}` | {metric.name} |" not in text]
    assert missing == []
    assert all(metric.id == name and metric.formula in text for name, metric in PIPELINE_METRICS.items())
