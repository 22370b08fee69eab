"""Baskets of a workspace: which orders count, the simulator's bundles found and nothing else, bad input in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from crm_core import demo
from crm_core.access import SYSTEM, Actor, Role
from crm_core.analytics.baskets import BasketParams, BasketReport, baskets
from crm_core.analytics.periods import Period
from crm_core.config import Settings
from crm_core.errors import AnalysisRefused, Invalid, PermissionDenied
from crm_core.warehouse import Tables
from crm_core.workspace import Workspace
from tests.core.tables import Line, Order, Product, make_tables

LOOSE = {"min_support": 0.01, "min_count": 1, "min_confidence": 0.0}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Six hundred simulated customers, with bundles planted in their baskets."""
    folder: Path = tmp_path_factory.mktemp("company")
    settings = Settings(data_dir=folder, timezone="Europe/Berlin", _env_file=None)  # type: ignore[call-arg]
    workspace = Workspace.open(settings, create=True)
    demo.fill(workspace, customers=600, seed=11, today=date(2026, 6, 30))
    workspace.warehouse.refresh()
    yield workspace
    workspace.close()


def small() -> Tables:
    """Four orders of two days, one by a guest, one refunded only, one of a product without category."""
    orders = [
        Order(1, "2024-01-01 10:00", 7, "DE", "web"), Order(2, "2024-01-02 23:30", 8, "FR", "shop"),
        Order(3, "2024-01-03 00:00", None, "DE", "web"), Order(4, "2024-01-04 10:00", 7, "DE", "web"),
    ]  # fmt: skip
    lines = [
        Line(1, "5", product=1), Line(1, "5", product=2), Line(1, "9", product=1),
        Line(2, "5", product=1), Line(2, "5", product=3), Line(2, "4", kind="adjustment", product=4),
        Line(3, "5", product=1), Line(3, "5", product=2), Line(3, "5", product=None),
        Line(4, "-5", kind="refund", quantity=-1, product=1),
    ]  # fmt: skip
    return make_tables(orders, lines, [Product(1, "Tea"), Product(2, "Cups"), Product(3), Product(4, "Post")])


def counts(report: BasketReport) -> dict[str, int]:
    return dict(zip(report.items["code"], report.items["count"], strict=True))


def test_a_basket_is_an_order_with_a_sale_and_holds_each_product_once() -> None:
    report = baskets(small(), BasketParams(**LOOSE))  # type: ignore[arg-type]
    assert report.n_baskets == 3
    assert counts(report) == {"P1": 3, "P2": 2, "P3": 1}
    rule = report.rules[report.rules["antecedents"] == (2,)].iloc[0]
    assert (rule["consequents"], rule["count"], rule["lift"]) == ((1,), 2, 1.0)


def test_a_category_is_an_item_too_and_what_has_none_is_left_out() -> None:
    report = baskets(small(), BasketParams(level="category", **LOOSE))  # type: ignore[arg-type]
    assert counts(report) == {"Tea": 3, "Cups": 2}


@pytest.mark.parametrize(
    ("which", "n"),
    [
        ({"channel": "web"}, 2),
        ({"country": "FR"}, 1),
        ({"period": Period(date(2024, 1, 1), date(2024, 1, 3))}, 2),
        ({"period": Period(date(2024, 1, 3), date(2024, 1, 5))}, 1),
    ],
)
def test_channel_country_and_local_days_choose_the_orders(which: dict[str, object], n: int) -> None:
    assert baskets(small(), BasketParams(**LOOSE, **which)).n_baskets == n  # type: ignore[arg-type]


def test_a_segment_is_that_of_the_end_of_the_period_and_has_no_guests() -> None:
    period = Period(date(2024, 1, 1), date(2024, 1, 5))
    everyone = [
        baskets(small(), BasketParams(period=period, segment=name, **LOOSE)).n_baskets  # type: ignore[arg-type]
        for name in segments_with_customers()
    ]
    assert sum(everyone) == 2


def segments_with_customers() -> list[str]:
    from crm_core.analytics.rfm import RfmParams, rfm

    found = rfm(small(), RfmParams(date(2024, 1, 4))).segments
    return found[found["customers"] > 0]["name"].tolist()


def test_without_a_basket_there_is_a_refusal_in_words() -> None:
    with pytest.raises(AnalysisRefused) as refused:
        baskets(make_tables([Order(1, "2024-01-01 10:00", 1)], [Line(1, "-5", kind="refund", quantity=-1, product=1)]),
                BasketParams())  # fmt: skip
    assert str(refused.value) == "There is no basket: no order with a sale of a known product."


def test_one_product_and_one_order_give_no_rule_and_no_error() -> None:
    tables = make_tables([Order(1, "2024-01-01 10:00", 1)], [Line(1, "5", product=1)], [Product(1)])
    report = baskets(tables, BasketParams(**LOOSE))  # type: ignore[arg-type]
    assert (report.n_baskets, report.n_rules, report.sizes) == (1, 0, (1,))
    assert report.rules.empty


def test_planted_bundles_are_the_top_rules_and_nothing_else_holds(company: Workspace) -> None:
    report = company.analyses.run(baskets, BasketParams(), actor=SYSTEM)
    planted = is_planted(report, company)
    top = report.rules.assign(planted=planted)
    assert top["planted"].head(20).all()
    assert top[top["holds"]]["planted"].all()
    assert report.n_holding > 20


def test_even_a_tiny_support_lets_nothing_hold_that_was_not_planted(company: Workspace) -> None:
    report = company.analyses.run(
        baskets, BasketParams(min_support=0.0005, min_count=3, min_confidence=0.1), actor=SYSTEM
    )
    planted = is_planted(report, company)
    assert (~planted).sum() > 300
    assert not (report.rules["holds"] & ~planted).any()


def test_every_planted_pair_is_found(company: Workspace) -> None:
    report = company.analyses.run(baskets, BasketParams(min_support=0.001), actor=SYSTEM)
    code = dict(zip(report.items["item"], report.items["code"], strict=True))
    found = {
        frozenset(code[i] for i in row.antecedents + row.consequents)
        for row in report.rules[report.rules["holds"]].itertuples()
    }
    for bundle in demo.load_truth(company).bundles:
        for first in bundle.codes:
            for second in set(bundle.codes) - {first}:
                assert {first, second} in found


def test_the_bundles_to_sell_are_the_planted_ones(company: Workspace) -> None:
    report = company.analyses.run(baskets, BasketParams(min_support=0.001), actor=SYSTEM)
    code = dict(zip(report.items["item"], report.items["code"], strict=True))
    found = {frozenset(code[item] for item in items) for items in report.bundles["items"]}
    assert found == {frozenset(bundle.codes) for bundle in demo.load_truth(company).bundles}
    assert report.bundles["together"].between(0.3, 1).all()
    assert report.bundles["together"].is_monotonic_decreasing


def is_planted(report: BasketReport, company: Workspace) -> pd.Series:
    """Whether all items of a rule lie in one planted bundle."""
    code = dict(zip(report.items["item"], report.items["code"], strict=True))
    bundles = [set(bundle.codes) for bundle in demo.load_truth(company).bundles]
    held = [{code[i] for i in row.antecedents + row.consequents} for row in report.rules.itertuples()]
    return pd.Series([any(items <= bundle for bundle in bundles) for items in held])


def test_the_same_orders_give_the_same_report_to_the_last_digit(company: Workspace) -> None:
    with company.warehouse.open() as snapshot:
        one, two = (baskets(snapshot.tables(SYSTEM.scope), BasketParams()) for _ in range(2))
    pd.testing.assert_frame_equal(one.rules, two.rules, check_exact=True)
    kept = company.analyses.run(baskets, BasketParams(), actor=SYSTEM)  # through the store
    pd.testing.assert_frame_equal(one.rules, kept.rules, check_exact=True)


def test_only_those_who_see_segments_see_rules(company: Workspace) -> None:
    for role, is_allowed in ((Role.MARKETING, True), (Role.SUPPORT, False)):
        actor = Actor(user_id=1, name="Someone", role=role)
        if is_allowed:
            assert company.analyses.run(baskets, BasketParams(), actor=actor).n_rules
        else:
            with pytest.raises(PermissionDenied):
                company.analyses.run(baskets, BasketParams(), actor=actor)


def test_wrong_parameters_are_refused_in_words_each() -> None:
    with pytest.raises(Invalid) as invalid:
        BasketParams(min_support=2, min_confidence=-1, min_count=0, max_consequents=0, holdout=1, segment="Champions")
    assert set(invalid.value.fields) == {
        "min_support", "min_confidence", "min_count", "max_consequents", "holdout", "segment",
    }  # fmt: skip
