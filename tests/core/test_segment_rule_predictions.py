"""Rules on what models expect: the same customers as on the pages, and a refusal where the pages refuse."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from crm_core.analytics.churn import ChurnParams, ChurnReport, churn
from crm_core.analytics.churn_bands import BAND_NAMES, in_band
from crm_core.analytics.membership import Who
from crm_core.analytics.messages import error_from_json, error_to_json
from crm_core.analytics.saved_members import SavedCountsParams, saved_counts
from crm_core.analytics.segment_rules import Ground, loads, parse
from crm_core.analytics.segment_rules.language import dumps
from crm_core.analytics.value import ValueMembersParams, value_members
from crm_core.errors import AnalysisRefused, Invalid
from crm_core.formats import Formats
from crm_core.translation import translate_error, translator
from crm_core.warehouse import Tables
from tests.core.leavers import leavers_tables, purchases
from tests.core.tables import Line, Order, make_tables

END = date(2026, 6, 29)
pytestmark = pytest.mark.xdist_group("churn")


def risk(*bands: str, horizon: str = "90") -> dict[str, Any]:
    return {"is": "churn_risk", "bands": list(bands), "horizon": horizon}


def worth(*bands: str, horizon: str = "182") -> dict[str, Any]:
    return {"is": "value_band", "bands": list(bands), "horizon": horizon}


@pytest.fixture(scope="module")
def tables() -> Tables:
    return leavers_tables(END)


@pytest.fixture(scope="module")
def report(tables: Tables) -> ChurnReport:
    return churn(tables, ChurnParams(END, 90))


@pytest.fixture(scope="module")
def ground(tables: Tables) -> Ground:
    return Ground(tables, END)


def members(ground: Ground, *conditions: dict[str, Any]) -> set[int]:
    return set(parse({"all": list(conditions)}).members(ground).tolist())


def test_a_band_of_risk_holds_for_those_scored_in_it_and_for_nobody_else(ground: Ground, report: ChurnReport) -> None:
    assert report.verdict == "usable"
    each = {band: members(ground, risk(band)) for band in BAND_NAMES}
    for band, found in each.items():
        inside = in_band(report.customers["probability"].to_numpy(), band)
        assert found == set(report.customers.loc[inside, "customer_id"].astype(int)), band
    assert len(each["high"]) > 20
    assert sum(map(len, each.values())) == report.n_scored < 700
    assert members(ground, risk("high", "low")) == each["high"] | each["low"]


def test_a_high_risk_a_category_bought_and_agreement_meet_in_one_rule(ground: Ground) -> None:
    rule = [
        risk("high"),
        {"is": "bought", "op": "bought", "what": "category", "values": ["Tea"], "days": None},
        {"is": "consent", "answer": "yes"},
    ]
    found = members(ground, *rule)
    tea = {customer for customer, _day, is_cheap in purchases() if is_cheap}  # product 1, tea, is what they buy
    agreed = set(range(3, 701, 3))
    assert found == members(ground, risk("high")) & tea & agreed
    assert len(found) > 5
    said = parse({"all": rule}).words(translator("en"), Formats("en", "EUR", "Europe/Berlin"))
    assert said == "churn risk over 90 days is high and bought Tea and agreed to marketing"


def test_a_value_band_holds_for_those_listed_in_it(tables: Tables, ground: Ground) -> None:
    listed = value_members(tables, ValueMembersParams(END, 182)).members
    for band in ("High value", "Middle value", "Low value"):
        assert members(ground, worth(band)) == set(listed.loc[listed["band"] == band, "customer_id"])
    rule = parse({"all": [worth("High value", "Middle value")]})
    assert loads(dumps(rule)) == rule
    assert rule.words(translator("en"), Formats("en", "EUR", "Europe/Berlin")) == (
        "value band for the next 6 months is High value or Middle value"
    )


def test_where_the_model_refuses_so_does_the_rule_in_words_of_either_language() -> None:
    ground = Ground(make_tables([Order(1, "2026-06-01 10:00", 1)], [Line(1, "10")]), END)
    with pytest.raises(AnalysisRefused) as refused:
        members(ground, risk("high"))
    assert str(refused.value).startswith(
        "This rule asks for the churn risk, and the churn model is refused: The history is too short for a horizon of "
        "90 days"
    )
    assert str(refused.value).endswith("So nobody can be said to meet it or not.")
    arrived = error_from_json(error_to_json(refused.value))  # from the worker's process
    assert str(arrived) == str(refused.value)
    assert "历史" in translate_error(arrived, translator("zh_CN"))
    assert "The history" not in translate_error(arrived, translator("zh_CN"))
    with pytest.raises(AnalysisRefused, match="the forecast is refused: All sales up to 2026-06-29 fall on one day"):
        members(ground, worth("High value", horizon="30"))


def test_one_refused_segment_leaves_the_others_their_counts() -> None:
    tables = make_tables(
        [Order(n, f"{END - timedelta(days=n)} 10:00", n) for n in range(1, 6)], [Line(n, "10") for n in range(1, 6)]
    )
    rules = [risk("high"), {"is": "metric", "metric": "orders", "op": "at_least", "value": "1", "days": None}]
    people = tuple(Who.by_rule({"all": [rule]}) for rule in (rules[0], rules[1], rules[0]))
    found = saved_counts(tables, SavedCountsParams(people, END))
    assert found.customers == (None, 5, None)
    assert [str(reason)[:38] for reason in found.reasons] == ["This rule asks for the churn risk, and"]


@pytest.mark.parametrize(
    ("condition", "place", "words"),
    [
        (risk(), "1.bands", "Choose one or more values."),
        (risk("certain"), "1.bands", "'certain' is none of: high, medium, low."),
        (risk("high", horizon="91"), "1.horizon", "'91' is none of: 30, 60, 90, 180."),
        (worth("Rich"), "1.bands", "'Rich' is none of: High value, Middle value, Low value."),
        (worth("High value", horizon="7"), "1.horizon", "'7' is none of: 30, 91, 182, 365."),
    ],
)
def test_bands_and_horizons_are_those_of_the_pages(condition: dict[str, Any], place: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse({"all": [condition]})
    assert str(refused.value.fields[place]) == words


def test_only_rules_that_ask_a_model_are_learned() -> None:
    assert parse({"any": [{"all": [risk("high")]}]}).is_learned
    assert not parse({"all": [{"is": "consent", "answer": "yes"}]}).is_learned
