"""The next product on the Baskets page: worse is called worse, names stand for keys, and the list becomes a segment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from crm_core.access import PERMISSIONS, SYSTEM, Permission, Role
from crm_core.analytics.next_product import NextProductReport
from crm_core.analytics.next_product_judging import Verdict
from crm_core.db.models import Customer, Product, SavedSegment
from crm_core.formats import Formats
from crm_core.records import saved_segments
from crm_core.translation import translator
from crm_core.workspace import Workspace
from dashboard.ui import outcome
from dashboard.ui.next_product_list import in_words
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
Show = Callable[[NextProductReport], None]
DIFFERENCES: dict[Verdict, tuple[float, float, float]] = {
    "better": (0.05, 0.021, 0.079),
    "unclear": (0.004, -0.011, 0.019),
    "worse": (-0.031, -0.046, -0.016),
}


def report(verdict: Verdict, recommendations: pd.DataFrame, products: pd.DataFrame) -> NextProductReport:
    """A report whose mixture differs from what customers buy most as DIFFERENCES say, and beats popularity."""
    difference, low, high = DIFFERENCES[verdict]
    rates = {"model": 0.4, "popularity": 0.2, "repeat": 0.4 - difference}
    return NextProductReport(
        as_of=date(2026, 6, 30), horizon_days=90, k=5, verdict=verdict, closest="repeat",
        chosen_on=date(2026, 1, 1), judged_on=date(2026, 4, 1), n_judged=1_000, popular=0.4, again=0.2, followed=0.4,
        methods=pd.DataFrame(
            [(name, int(rate * 1_000), rate, rate - 0.03, rate + 0.03) for name, rate in rates.items()],
            columns=["method", "hits", "rate", "low", "high"],
        ),
        against=pd.DataFrame(
            [("popularity", 0.2, 0.17, 0.23, 0.0, 220, 20), ("repeat", difference, low, high, 0.3, 90, 86)],
            columns=["baseline", "difference", "low", "high", "p", "only_model", "only_baseline"],
        ),
        n_customers=recommendations["customer_id"].nunique(),
        recommendations=recommendations,
        products=products,
    )  # fmt: skip


NOBODY = pd.DataFrame(columns=["customer_id", "rank", "product_id", "reason", "because_id", "lift", "last_on"])


@pytest.fixture
def recommendations(demo_workspace: Workspace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two customers of the workspace who are named two products each, and the products."""
    with demo_workspace.read() as session:
        people = session.scalars(select(Customer.id).order_by(Customer.id).limit(2)).all()
        products = session.execute(select(Product.id, Product.code, Product.name).order_by(Product.id).limit(2)).all()
    one, other = (product.id for product in products)
    rows = pd.DataFrame(
        {
            "customer_id": [people[0], people[0], people[1]],
            "rank": [1, 2, 1],
            "product_id": [one, other, other],
            "reason": ["followed", "popular", "again"],
            "because_id": pd.array([other, None, None], dtype="Int64"),
            "lift": [2.5, float("nan"), float("nan")],
            "last_on": pd.Series([date(2026, 6, 1), date(2026, 6, 1), date(2026, 5, 1)], dtype=object),
        }
    )
    return rows, pd.DataFrame(products, columns=["product_id", "code", "name"])


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    """Have the page show this report instead of computing one."""
    real = outcome.report

    def shown(found: NextProductReport) -> None:
        def given(page: str, analysis: Any, params: Any) -> Any:
            return found if analysis.name == "next_product" else real(page, analysis, params)

        monkeypatch.setattr(outcome, "report", given)

    return shown


@pytest.fixture
def _segments_go(demo_workspace: Workspace) -> Iterator[None]:
    """Segments saved meanwhile are removed: the workspace is shared."""
    yield
    with demo_workspace.write(SYSTEM, "form") as session:
        for segment in session.scalars(select(SavedSegment).where(SavedSegment.is_removed.is_(False))):
            if segment.name.startswith(("Next product", "Customers with a next")):
                saved_segments.remove(session=session, actor=SYSTEM, segment_id=segment.id)


@pytest.mark.parametrize(
    ("verdict", "language", "words"),
    [
        ("worse", "en", "Clearly worse than “What they buy most”: by 3.1 percentage points (95% interval 1.6 to 4.6)."),
        ("unclear", "en", "No clear difference from “What they buy most”: +0.4 percentage points "
                          "(95% interval -1.1 to +1.9)"),
        ("better", "en", "Clearly better than “What they buy most”: by 5.0 percentage points "
                         "(95% interval 2.1 to 7.9)"),
        ("worse", "zh_CN", "明确差于“客户最常买的”：低了 3.1 个百分点（95% 区间 1.6 至 4.6）"),
        ("unclear", "zh_CN", "没有明确差别：相差 +0.4 个百分点"),
    ],
)  # fmt: skip
def test_worse_is_called_worse_and_only_what_is_not_clear_is_put_down_to_chance(
    open_app: Open, show: Show, verdict: Verdict, language: str, words: str
) -> None:
    products = pd.DataFrame({"product_id": [1], "code": ["P1"], "name": ["Teapot"]})
    show(report(verdict, NOBODY, products))
    app = open_app("baskets", view="next", language=language)
    assert not app.exception
    said = texts(app)
    assert words in said
    assert ("chance alone" in said) == (verdict == "unclear" and language == "en")


def test_customers_and_products_are_named_and_the_file_holds_the_same(
    open_app: Open, show: Show, demo_workspace: Workspace, recommendations: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    rows, products = recommendations
    found = report("better", rows, products)
    show(found)
    app = open_app("baskets", view="next")
    assert not app.exception
    table = next(frame.value for frame in app.dataframe if "product_name" in frame.value)
    with demo_workspace.read() as session:
        names = {row.id: row.name for row in session.execute(select(Customer.id, Customer.name))}
    assert table["name"].tolist() == [names[key] for key in rows["customer_id"]]
    one, other = products["name"]
    assert table["product_name"].tolist() == [one, other, other]
    assert table["why"].tolist() == [
        f"Bought “{other}”; 2.5 times as likely after it", "Popular with everyone", "Bought it before",
    ]  # fmt: skip
    with demo_workspace.warehouse.open() as snapshot:
        tables, formats = snapshot.tables(SYSTEM.scope), Formats("en", "EUR", "Europe/Berlin")
        file = in_words(tables, found, rows, translator("en"), formats)
    assert [*file] == [
        "customer_id", "ref", "name", "email", "country", "has_marketing_consent", "rank", "product_code",
        "product_name", "why", "lift", "last_on",
    ]  # fmt: skip
    assert file["name"].tolist() == table["name"].tolist()


@pytest.mark.usefixtures("_segments_go")
def test_those_who_are_named_a_product_become_a_segment(
    open_app: Open, show: Show, demo_workspace: Workspace, recommendations: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    rows, products = recommendations
    show(report("better", rows, products))
    app = open_app("baskets", view="next", product=str(products["code"].iloc[0]))
    assert not app.exception
    save = next(button for button in app.button if button.label == "Save segment")
    save.click().run()
    name = f"Next product: {products['name'].iloc[0]}"
    with demo_workspace.read() as session:
        saved = session.scalars(select(SavedSegment).where(SavedSegment.name == name)).one()
        members = saved_segments.members(session=session, actor=SYSTEM, segment_id=saved.id).tolist()
    assert members == [int(rows["customer_id"].iloc[0])]
    assert (saved.kind, saved.is_live) == ("model", False)


@pytest.mark.parametrize("is_allowed", [True, False])
@pytest.mark.parametrize(
    ("permission", "label"),
    [(Permission.SEGMENTS_SAVE, "Save segment"), (Permission.CUSTOMERS_EXPORT, "Download CSV")],
)
def test_who_may_save_or_export_sees_how_and_nobody_else(
    open_app: Open,
    show: Show,
    recommendations: tuple[pd.DataFrame, pd.DataFrame],
    monkeypatch: pytest.MonkeyPatch,
    permission: Permission,
    label: str,
    is_allowed: bool,
) -> None:
    if not is_allowed:
        monkeypatch.setitem(PERMISSIONS, Role.MARKETING, PERMISSIONS[Role.MARKETING] - {permission})
    show(report("better", *recommendations))
    app = open_app("baskets", role=Role.MARKETING, view="next")
    assert not app.exception
    labels = {button.label for button in (*app.button, *app.get("download_button"))}
    assert (label in labels) == is_allowed
