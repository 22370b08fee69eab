"""The Segments page: bounds of one's own, moves, clusters that are kept, each kept in the address and said in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from crm_core.access import SYSTEM
from crm_core.analytics import clustering
from crm_core.analytics.migration import MovedParams, moved
from crm_core.analytics.rfm_scores import SEGMENT_RULES, Scoring
from crm_core.analytics.segments import SegmentsParams, segments
from crm_core.db.models import SavedSegment
from crm_core.records import clusterings, saved_segments
from crm_core.workspace import Workspace
from dashboard.ui import segments as parts
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


def test_everybody_who_changed_segment_is_kept_as_a_list(open_app: Open, demo_workspace: Workspace) -> None:
    app = open_app("segments", view="moves", before="2026-03-31", as_of="2026-05-31")
    app.toggle(key="moves.everybody").set_value(True).run()  # Streamlit's own
    key = "moved.2026-03-31.2026-05-31.None.None"
    assert app.text_input(key=f"{key}.segment_name").value == "Changed their segment by May 31, 2026"
    app.text_input(key=f"{key}.segment_name").set_value("Moved in spring").run()
    app.button(key=f"{key}.segment_save").click().run()
    assert not app.exception
    made = saved(demo_workspace, "Moved in spring")
    assert (made.kind, made.is_live) == ("model", False)
    params = MovedParams(Scoring(), date(2026, 3, 31), DAY)
    listed = demo_workspace.analyses.run(moved, params, actor=SYSTEM).members
    with demo_workspace.read() as session:
        members = saved_segments.members(session=session, actor=SYSTEM, segment_id=made.id)
    assert members.tolist() == sorted(listed["customer_id"])
    assert "Customers listed by an analysis on" in texts(open_app("saved_segment", id=str(made.id)))
    remove(demo_workspace, made.id)


def test_a_group_of_a_kept_clustering_becomes_a_segment_that_follows_it(
    open_app: Open, demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = demo_workspace.analyses.run(segments, SegmentsParams(DAY, 3), actor=SYSTEM).clustering
    assert found is not None
    with demo_workspace.write(SYSTEM, "form") as session:
        kept = clusterings.keep(
            session=session, actor=SYSTEM, name="May", found_on=DAY, definition=clustering.written(found)
        ).id
    monkeypatch.setattr(parts, "segment_table", lambda *_args, **_keys: 2)  # as if the second row was chosen
    app = open_app("segments", view="clusters", as_of="2026-06-30", kept=str(kept))
    app.text_input(key=f"kept.{kept}.2.segment_name").set_value("Second group").run()
    app.button(key=f"kept.{kept}.2.segment_save").click().run()
    assert not app.exception
    made = saved(demo_workspace, "Second group")
    assert made.is_live
    assert made.definition == {"all": [{"is": "cluster", "clustering": clustering.written(found), "segment": 2}]}
    remove(demo_workspace, made.id)
    with demo_workspace.write(SYSTEM, "form") as session:
        clusterings.remove(session=session, actor=SYSTEM, clustering_id=kept)


def test_dense_regions_say_why_they_cannot_be_kept_and_what_can(open_app: Open, demo_workspace: Workspace) -> None:
    demo_workspace.analyses.run(segments, SegmentsParams(DAY, method="density"), actor=SYSTEM)
    app = open_app("segments", view="clusters", as_of=str(DAY), method="density")
    assert "Dense regions cannot be kept" in texts(app)
    assert "keep_clustering.save" not in {button.key for button in app.button}


def saved(workspace: Workspace, name: str) -> SavedSegment:
    with workspace.read() as session:
        ids = {row.name: row.id for row in saved_segments.list_all(session=session, actor=SYSTEM)}
        return saved_segments.get(session=session, actor=SYSTEM, segment_id=ids[name])


def remove(workspace: Workspace, segment_id: int) -> None:
    with workspace.write(SYSTEM, "form") as session:
        saved_segments.remove(session=session, actor=SYSTEM, segment_id=segment_id)


def test_the_ranges_of_the_named_segments_are_not_broken_at_their_dash(open_app: Open) -> None:
    (table,) = (text.value for text in open_app("segments").markdown if "| FM |" in str(text.value))
    ranges = re.findall(r"\d\S*–\S*\d", table)
    assert len(ranges) == 2 * len(SEGMENT_RULES)
    assert all(re.fullmatch("\\d\u2060–\u2060\\d", found) for found in ranges)
