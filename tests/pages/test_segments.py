"""The Segments page: bounds of one's own, moves, clusters that are kept, each kept in the address and said in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM
from crm_core.analytics.segments import SegmentsParams, segments
from crm_core.workspace import Workspace
from tests.pages.test_pages import texts

Open = Callable[..., AppTest]
DAY = date(2026, 5, 31)


def test_bounds_of_ones_own_score_customers_and_stay_in_the_address(open_app: Open) -> None:
    app = open_app("segments", scores="thresholds")
    assert not app.exception
    app.text_input(key="segments.f").set_value("2 4 8 16").run()
    assert not app.exception
    assert not app.error
    assert app.query_params["f"] == "2 4 8 16"
    assert "Scores follow your bounds" in texts(app)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("2 4 8", "Write four numbers"),
        ("2 4 8 many", "Write four numbers"),
        ("2 4 8 8", "The bounds must rise from each to the next."),
    ],
)
def test_bounds_that_make_no_scores_are_said_beside_their_field(open_app: Open, typed: str, words: str) -> None:
    app = open_app("segments", scores="thresholds", f=typed)
    assert [words in error.value for error in app.error] == [True]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_moves_say_how_many_changed_their_segment(open_app: Open, language: str) -> None:
    app = open_app("segments", view="moves", language=language, before="2026-03-31", as_of="2026-05-31")
    assert not app.exception
    assert ("changed their segment" if language == "en" else "换了分群") in texts(app)
    flows = app.dataframe[-1].value
    assert len(flows) == 10


@pytest.mark.parametrize("method", ["kmeans", "density"])
def test_clusters_say_whether_they_are_real_and_what_sets_each_apart(
    open_app: Open, demo_workspace: Workspace, method: str
) -> None:
    k = 3 if method == "kmeans" else None
    params = SegmentsParams(DAY, k, ("recency", "frequency", "discounts"), method)  # type: ignore[arg-type]
    demo_workspace.analyses.run(segments, params, actor=SYSTEM)
    app = open_app(
        "segments", view="clusters", as_of=str(DAY), k=str(k or "auto"), method=method, by="recency.frequency.discounts"
    )
    assert not app.exception
    shown = texts(app)
    assert "Silhouette" in shown
    assert ": They " in shown


def test_groups_that_are_kept_place_the_customers_of_another_day_until_they_are_removed(
    open_app: Open, demo_workspace: Workspace
) -> None:
    demo_workspace.analyses.run(segments, SegmentsParams(DAY, 3), actor=SYSTEM)
    app = open_app("segments", view="clusters", as_of=str(DAY), k="3")
    app.button(key="keep_clustering.save").click().run()
    assert [error.value for error in app.error] == ["Give it a name."]
    app.text_input(key="keep_clustering.name").set_value("Spring").run()
    app.button(key="keep_clustering.save").click().run()
    assert not app.exception
    assert "“Spring” places" in texts(app)
    kept = app.query_params["kept"]
    later = open_app("segments", view="clusters", as_of="2026-06-30", kept=kept)
    assert "“Spring” places" in texts(later)
    later.button(key=f"remove_clustering.{kept}").click().run()
    assert not later.exception
    assert "“Spring”" not in texts(later)
