"""The overview: its course, what moved most, and the sentence they make."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm_core.access import Actor, Permission, Role
from crm_core.analytics import kpis as kpis_module
from crm_core.analytics.overview import OverviewParams, OverviewReport, overview
from crm_core.analytics.periods import Period
from crm_core.analytics.report_codec import dump, load
from crm_core.analytics.series import SERIES_METRICS
from crm_core.errors import PermissionDenied
from crm_core.workspace import Workspace
from tests.core.sales_oracle import metrics_of, sold_lines
from tests.core.tables import Line, Order, Product, make_tables
from tests.core.test_kpis import drawn

FEBRUARY = Period.parse("2024-02-01", "2024-03-01")


def report(
    orders: list[Order], lines: list[Line], products: tuple[Product, ...] = (), **options: Any
) -> OverviewReport:
    timezone = options.pop("timezone", "Europe/Berlin")
    period = options.pop("period", FEBRUARY)
    return overview(make_tables(orders, lines, products, timezone=timezone), OverviewParams(period, **options))


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
@given(st.data(), st.sampled_from(["day", "week", "month"]), st.sampled_from(["America/New_York", "Asia/Tokyo"]))
def test_each_point_of_the_course_is_the_metric_of_its_own_days(data: st.DataObject, grain: str, zone: str) -> None:
    orders, lines = drawn(data)
    rows = sold_lines(orders, lines, zone)
    found = report(orders, lines, grain=grain, timezone=zone, period=Period.parse("2024-02-05", "2024-03-20"))
    assert found.compared_series is not None
    for series in (found.series, found.compared_series):
        for point in series.to_dict("records"):
            counted = metrics_of(rows, Period(point["start"], point["end"]))
            for name in SERIES_METRICS:
                wanted = counted[name]
                assert point[name] == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), name


def test_the_course_adds_up_to_the_key_figures() -> None:
    orders = [Order(n, f"2024-02-{n:02} 10:00", n % 3 or None) for n in range(1, 29)]
    found = report(orders, [Line(n, f"{n}.01") for n in range(1, 29)], grain="week")
    for name in ("gross_sales", "net_sales", "orders", "new_customers"):
        assert sum(found.series[name]) == found.kpis.metrics[name].value


def test_days_without_orders_are_points_without_data() -> None:
    found = report([Order(1, "2024-02-02 10:00", 1)], [Line(1, "5")], grain="day")
    assert len(found.series) == 29
    assert found.series["net_sales"].tolist()[:3] == [None, Decimal(5), None]


def test_a_cut_week_and_days_after_the_newest_order_are_incomplete() -> None:
    found = report([Order(1, "2024-02-18 10:00", 1)], [Line(1, "5")], grain="week")
    assert found.series["is_complete"].tolist() == [False, True, True, False, False]
    assert found.series["start"].tolist()[:2] == [date(2024, 2, 1), date(2024, 2, 5)]


def test_today_is_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kpis_module, "local_today", lambda _zone: date(2024, 2, 3))
    found = report([Order(1, "2024-02-03 10:00", 1)], [Line(1, "5")], grain="day")
    assert found.series["is_complete"].tolist()[:4] == [True, True, False, False]


def test_drivers_say_what_moved_most_in_each_dimension() -> None:
    orders = [
        Order(1, "2024-01-10 10:00", 1, "DE", "web"), Order(2, "2024-02-10 10:00", 1, "DE", "web"),
        Order(3, "2024-02-10 10:00", 2, "FR", "shop"),
    ]  # fmt: skip
    lines = [Line(1, "10", product=1), Line(2, "12", product=1), Line(3, "40", product=2), Line(3, "-5", "refund", -1)]
    found = report(orders, lines, (Product(1, "Tea"), Product(2, "Cups")))
    rows = found.drivers.set_index(["dimension", "value"])
    assert rows.loc[("country", "FR"), ["current", "previous", "change"]].tolist() == [
        Decimal(35),
        Decimal(0),
        Decimal(35),
    ]
    assert rows.loc[("category", "Tea"), "change"] == Decimal(2)
    assert found.drivers[found.drivers["dimension"] == "category"]["value"].tolist() == ["Cups", None, "Tea"]
    assert found.headline is not None
    assert (found.headline.net_sales_change, found.headline.component) == (Decimal(37), "new")
    assert found.headline.driver is not None
    assert (found.headline.driver.dimension, found.headline.driver.value) == ("category", "Cups")


def test_each_dimension_of_the_drivers_adds_up_to_net_sales() -> None:
    orders = [Order(n, f"2024-02-{n:02} 10:00", n, "DE" if n % 2 else None, "web") for n in range(1, 20)]
    found = report(
        orders, [Line(n, f"{n}.5", product=n % 4 or None) for n in range(1, 20)], (Product(1, "A"), Product(2, "B"))
    )
    for _, rows in found.drivers.groupby("dimension"):
        assert sum(rows["current"]) == found.kpis.metrics["net_sales"].value


def test_the_only_country_of_a_shop_explains_nothing() -> None:
    orders = [Order(1, "2024-01-10 10:00", 1, "DE"), Order(2, "2024-02-10 10:00", 1, "DE")]
    found = report(orders, [Line(1, "10"), Line(2, "12")])
    assert found.headline is not None
    assert found.headline.driver is None


def test_without_data_to_compare_there_is_no_headline() -> None:
    assert report([Order(2, "2024-02-10 10:00", 1)], [Line(2, "12")]).headline is None
    assert report([], []).headline is None
    assert report([Order(2, "2024-02-10 10:00", 1)], [Line(2, "12")], compare="none").headline is None


@pytest.mark.parametrize("compare", ["previous", "none"])
def test_a_report_is_kept_and_read_back_exactly(compare: str) -> None:
    for orders in ([], [Order(1, "2024-02-02 10:00", 1, "DE")]):
        found = report(orders, [Line(order.id, "0.0001") for order in orders], compare=compare)
        file = BytesIO()
        dump(found, overview.types, file, about={})
        back, _ = load(file.getvalue(), overview.types)
        assert back.kpis == found.kpis
        assert back.headline == found.headline
        for name in ("series", "bridge", "drivers"):
            pd.testing.assert_frame_equal(getattr(back, name), getattr(found, name))


def test_roles_without_key_figures_are_refused(workspace: Workspace) -> None:
    workspace.warehouse.refresh()
    for role in Role:
        actor = Actor(user_id=1, name="Someone", role=role)
        if actor.may(Permission.KPIS_VIEW):
            assert workspace.analyses.run(overview, OverviewParams(FEBRUARY), actor=actor).headline is None
        else:
            with pytest.raises(PermissionDenied):
                workspace.analyses.run(overview, OverviewParams(FEBRUARY), actor=actor)
    assert not Actor(user_id=1, name="Sam", role=Role.STAFF).may(Permission.KPIS_VIEW)
