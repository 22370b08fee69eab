"""Rules: who meets them, against a plain-Python oracle; how they read; what is refused."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.analytics import clustering
from crm_core.analytics.rfm import SEGMENT_RULES, RfmMembersParams, rfm_members
from crm_core.analytics.segment_rules import KINDS, Ground, dumps, loads, parse, written
from crm_core.analytics.segments import SegmentMembersParams, SegmentsParams, segment_members, segments
from crm_core.errors import Invalid
from crm_core.formats import Formats
from crm_core.translation import LANGUAGES, translator
from tests.core.tables import Line, Order, Product, make_tables

AS_OF = date(2026, 6, 30)
CITIES = ("Berlin", "Paris")
CATEGORIES = ("Tea", "Cups", "")


def berlin(**other: Any) -> dict[str, Any]:
    return {"is": "field", "field": "city", "op": "is", "values": ["Berlin"]} | other


def metric(name: str, op: str, value: str, days: int | None = None) -> dict[str, Any]:
    return {"is": "metric", "metric": name, "days": days, "op": op, "value": value}


# ── The oracle: one customer at a time, in plain Python ────────────────────────────────────────────────────────────


def holds(part: dict[str, Any], customer: dict[str, Any], shop: Shop) -> bool:
    if "all" in part:
        return all(holds(inner, customer, shop) for inner in part["all"])
    if "any" in part:
        return any(holds(inner, customer, shop) for inner in part["any"])
    match part["is"]:
        case "field":
            return (customer.get(part["field"]) in part["values"]) == (part["op"] == "is")
        case "consent":
            return customer.get("has_marketing_consent") is {"yes": True, "no": False, "never": None}[part["answer"]]
        case "metric":
            known = measured(part["metric"], shop.lines_of(customer["id"], part["days"]))
            limit = Decimal(part["value"])
            return known is not None and (known >= limit if part["op"] == "at_least" else known <= limit)
        case "bought":
            did = any(
                kind == "sale" and (category if part["what"] == "category" else code) in part["values"]
                for _, _, kind, _, category, code in shop.lines_of(customer["id"], part["days"])
            )
            return did == (part["op"] == "bought")
        case "rfm_segment":
            return (shop.segments.get(customer["id"]) in part["segments"]) == (part["op"] == "is")
    raise AssertionError(part)


def measured(name: str, lines: list[Any]) -> Decimal | int | None:
    sold = [line for line in lines if line[2] == "sale"]
    orders = len({line[0] for line in sold})
    if name == "net_sales":
        return sum((line[3] for line in lines), Decimal(0))
    if name == "orders":
        return orders
    if not orders:
        return None
    if name == "aov":
        return sum((line[3] for line in sold), Decimal(0)) / orders
    day = max(line[1] for line in sold) if name == "days_since_last" else min(line[1] for line in sold)
    return (AS_OF - day).days


class Shop:
    """A few customers, products and orders, as tables and as plain rows."""

    def __init__(self, customers: list[dict[str, Any]], orders: list[dict[str, Any]]) -> None:
        self.customers = [{"id": number, **customer} for number, customer in enumerate(customers, 1)]
        self.orders = [{"id": number, **order} for number, order in enumerate(orders, 1)]
        self.tables = make_tables(
            [Order(o["id"], f"{o['day']} 12:00", (o["buyer"] - 1) % len(customers) + 1) for o in self.orders],
            [
                Line(
                    o["id"],
                    f"{-amount if kind == 'refund' else amount}",
                    kind,
                    -1 if kind == "refund" else 1,
                    product=p,
                )
                for o in self.orders
                for kind, amount, p in o["lines"]
            ],
            [Product(number, category or None) for number, category in enumerate(CATEGORIES, 1)],
            customers=self.customers,
        )
        scored = rfm_members(self.tables, RfmMembersParams(AS_OF)).members
        self.segments = dict(zip(scored["customer_id"], scored["segment"], strict=True))

    def lines_of(self, customer: int, days: int | None) -> list[Any]:
        first = AS_OF - timedelta(days=days - 1) if days is not None else date.min
        return [
            (o["id"], o["day"], kind, amount if kind == "sale" else -amount, CATEGORIES[p - 1], f"P{p}")
            for o in self.orders
            if (o["buyer"] - 1) % len(self.customers) + 1 == customer and first <= o["day"] <= AS_OF
            for kind, amount, p in o["lines"]
        ]

    def members(self, rule: dict[str, Any]) -> list[int]:
        return parse(rule).members(Ground(self.tables, AS_OF)).tolist()


amounts = st.decimals(1, 500, places=2)
shops = st.builds(
    Shop,
    st.lists(
        st.fixed_dictionaries(
            {
                "city": st.sampled_from([*CITIES, None]),
                "has_marketing_consent": st.sampled_from([True, False, None]),
            }
        ),
        min_size=1,
        max_size=6,
    ),
    st.lists(
        st.fixed_dictionaries(
            {
                "buyer": st.integers(1, 6),
                "day": st.dates(AS_OF - timedelta(days=70), AS_OF + timedelta(days=5)),
                "lines": st.lists(
                    st.tuples(st.sampled_from(["sale", "sale", "refund"]), amounts, st.integers(1, 3)), max_size=3
                ),
            }
        ),
        max_size=8,
    ),
)
spans = st.sampled_from([None, 1, 30, 60])
conditions = st.one_of(
    st.builds(
        lambda op, values: berlin(op=op, values=values),
        st.sampled_from(["is", "is_not"]),
        st.lists(st.sampled_from(CITIES), min_size=1, max_size=2, unique=True),
    ),
    st.builds(lambda answer: {"is": "consent", "answer": answer}, st.sampled_from(["yes", "no", "never"])),
    st.builds(
        metric,
        st.sampled_from(["net_sales", "orders", "aov", "days_since_last", "days_since_first"]),
        st.sampled_from(["at_least", "at_most"]),
        st.one_of(st.sampled_from(["0", "1", "2", "-10", "1.5", "-0.5"]), amounts.map(str)),
        spans,
    ),
    st.builds(
        lambda op, what, days: {
            "is": "bought",
            "op": op,
            "what": what,
            "values": ["Tea"] if what == "category" else ["P2", "P3"],
            "days": days,
        },
        st.sampled_from(["bought", "not_bought"]),
        st.sampled_from(["category", "product"]),
        spans,
    ),
    st.builds(
        lambda op, segments: {"is": "rfm_segment", "op": op, "segments": segments},
        st.sampled_from(["is", "is_not"]),
        st.lists(st.sampled_from([rule.name for rule in SEGMENT_RULES]), min_size=1, max_size=4, unique=True),
    ),
)


def combined(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda how, inner: {how: inner}, st.sampled_from(["all", "any"]), st.lists(parts, min_size=1, max_size=3)
    )


rules = combined(st.one_of(conditions, combined(conditions)))


@settings(max_examples=60, deadline=None)
@given(shop=shops, rule=rules)
def test_a_rule_holds_for_exactly_those_for_whom_plain_python_says_so(shop: Shop, rule: dict[str, Any]) -> None:
    expected = [customer["id"] for customer in shop.customers if holds(rule, customer, shop)]
    assert shop.members(rule) == expected


@given(rule=rules)
def test_a_rule_reads_back_equal_and_equal_rules_are_written_the_same(rule: dict[str, Any]) -> None:
    parsed = parse(rule)
    assert parse(written(parsed)) == parsed
    assert loads(dumps(parsed)) == parsed
    assert dumps(loads(dumps(parsed))) == dumps(parsed)


@given(rule=rules)
def test_every_rule_reads_as_a_sentence_in_every_language(rule: dict[str, Any]) -> None:
    for language in LANGUAGES:
        sentence = parse(rule).words(translator(language), Formats(language, "EUR", "Europe/Berlin"))
        assert sentence
        assert not re.search(r"[{}]", sentence)


def test_a_rule_says_what_it_asks_for() -> None:
    rule = parse(
        {
            "all": [
                {"is": "field", "field": "country", "op": "is", "values": ["DE", "FR"]},
                {"any": [metric("net_sales", "at_least", "500", 365), {"is": "consent", "answer": "yes"}]},
                {"is": "bought", "op": "not_bought", "what": "category", "values": ["Tea"], "days": 30},
                {"is": "rfm_segment", "op": "is", "segments": ["Champions"]},
            ]
        }
    )
    assert rule.words(translator("en"), Formats("en", "EUR", "Europe/Berlin")) == (
        "Country is Germany or France and (Net sales in the last 365 days ≥ €500.00 or agreed to marketing) "
        "and did not buy Tea in the last 30 days and RFM segment is Champions"
    )


def test_a_window_ends_with_the_day_asked_for_and_is_cut_in_local_days() -> None:
    tables = make_tables(
        [Order(1, "2026-06-30 23:59", 1), Order(2, "2026-07-01 00:00", 2), Order(3, "2026-06-01 00:00", 3),
         Order(4, "2026-05-31 23:59", 4)],
        [Line(number, "10") for number in (1, 2, 3, 4)],
    )  # fmt: skip
    rule = parse({"all": [metric("orders", "at_least", "1", 30)]})
    assert rule.members(Ground(tables, AS_OF)).tolist() == [1, 3]


def test_orders_after_the_day_change_nothing() -> None:
    before = [Order(1, "2026-06-01 10:00", 1), Order(2, "2026-01-01 10:00", 2)]
    after = Order(3, "2026-07-05 10:00", 2)
    rule = parse({"any": [metric("days_since_last", "at_most", "60"), metric("net_sales", "at_least", "50")]})
    without = make_tables(before, [Line(1, "10"), Line(2, "10")])
    with_later = make_tables([*before, after], [Line(1, "10"), Line(2, "10"), Line(3, "1000")])
    assert [rule.members(Ground(tables, AS_OF)).tolist() for tables in (without, with_later)] == [[1], [1]]


@pytest.mark.parametrize(
    ("rule", "place", "words"),
    [
        (None, "definition", "A rule is an object of conditions."),
        ({"is": "field"}, "definition", "A rule is an object of conditions."),
        ({"all": []}, "definition", "A rule needs at least one condition."),
        ({"all": [{"is": "mood"}]}, "1.is", "There is no condition 'mood'."),
        ({"all": [berlin(), berlin(values=[])]}, "2.values", "Choose one or more values."),
        ({"all": [berlin(values=[""])]}, "1.values", "Choose one or more values."),
        ({"all": [berlin(field="password_hash")]}, "1.field", "'password_hash' is none of: country"),
        ({"all": [berlin(sneaky=1)]}, "1.sneaky", "This condition has no 'sneaky'."),
        ({"all": [metric("net_sales", "at_least", "much")]}, "1.value", "'much' is not a number."),
        ({"all": [metric("net_sales", "at_least", "NaN")]}, "1.value", "'NaN' is not a number."),
        ({"all": [metric("net_sales", "at_least", "0.00001")]}, "1.value", "Use at most 4 decimal places."),
        ({"all": [metric("orders", "at_least", "1", 0)]}, "1.days", "Choose 1 to 3660 days."),
        ({"all": [{"is": "rfm_scores", "r": 6, "f": 1}]}, "1.r", "A score is from 1 to 5."),
        ({"all": [{"any": [{"any": [{"any": [berlin()]}]}]}]}, "1.1.1", "nested at most 3 deep"),
        ({"all": [berlin()] * 31}, "definition", "A rule has at most 30 conditions."),
        ({"all": [{"any": [{"is": "rfm_segment", "op": "is", "segments": ["Kings"]}]}]}, "1.1.segments", "'Kings'"),
    ],
)
def test_what_is_no_rule_is_refused_by_the_place_of_the_condition(rule: Any, place: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(rule)
    assert words in str(refused.value.fields[place])


def test_every_kind_of_condition_declares_its_fields_as_parameters() -> None:
    for kind, condition in KINDS.items():
        assert condition.kind == kind
        if not condition.is_offered:
            continue
        assert [parameter.name for parameter in condition.parameters] == [field.name for field in fields(condition)]  # type: ignore[arg-type]


def test_scores_are_those_of_the_grid() -> None:
    start = datetime(2026, 1, 1)
    orders = [Order(n, str(start + timedelta(days=n)), n) for n in range(1, 51)]
    tables = make_tables(orders, [Line(n, "10") for n in range(1, 51)])
    scored = rfm_members(tables, RfmMembersParams(AS_OF, cell=(5, 3))).members
    rule = parse({"all": [{"is": "rfm_scores", "r": 5, "f": 3}]})
    assert rule.members(Ground(tables, AS_OF)).tolist() == sorted(scored["customer_id"])
    assert len(scored) == 10


def test_a_cluster_is_kept_in_the_rule_and_places_later_customers_by_the_same_yardstick() -> None:
    days = [date(2026, 6, 1) - timedelta(days=4 * n) for n in range(60)]
    orders = [Order(n, f"{day} 10:00", n) for n, day in enumerate(days, 1)]
    lines = [Line(n, f"{10 if n % 2 else 900}.{n:02d}") for n in range(1, 61)]
    tables = make_tables(orders, lines)
    report = segments(tables, SegmentsParams(AS_OF, k=2))
    assert report.clustering is not None
    rule = {"all": [{"is": "cluster", "clustering": clustering.written(report.clustering), "segment": 1}]}
    parsed = loads(dumps(parse(rule)))
    listed = segment_members(tables, SegmentMembersParams(AS_OF, 2, 1)).members
    assert parsed.members(Ground(tables, AS_OF)).tolist() == sorted(listed["customer_id"])
    later = make_tables([*orders, Order(61, "2026-06-15 10:00", 61)], [*lines, Line(61, "900")])
    then = parsed.members(Ground(later, AS_OF)).tolist()
    assert set(then) - {61} == set(listed["customer_id"])
    assert "in the cluster" in parsed.words(translator("en"), Formats("en", "EUR", "Europe/Berlin"))
    with pytest.raises(Invalid, match="There is no segment 9"):
        parse({"all": [rule["all"][0] | {"segment": 9}]})
