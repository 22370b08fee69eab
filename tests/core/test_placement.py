"""Clusterings that are kept: the same numbers back from the store, and newcomers placed among the groups."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from crm_core.access import SYSTEM
from crm_core.analytics.clustering import Clustering, read, written
from crm_core.analytics.placement import PlacedParams, PlacementParams, placed, placement
from crm_core.analytics.segments import SegmentMembersParams, SegmentsParams, segment_members, segments
from crm_core.config import Settings
from crm_core.db.engine import Database
from crm_core.demo import SimulationConfig, fill, load_truth
from crm_core.errors import Invalid, NotFound
from crm_core.records import clusterings
from crm_core.workspace import Workspace
from tests.core.tables import Line, Order, make_tables
from tests.core.test_segments import AS_OF, planted, records


def found(method: str = "kmeans", features: tuple[str, ...] = ("recency", "frequency", "monetary")) -> Clustering:
    clustering = segments(planted(20), SegmentsParams(AS_OF, 3, features, method)).clustering  # type: ignore[arg-type]
    assert clustering is not None
    return clustering


@pytest.mark.parametrize("method", ["kmeans", "mixture"])
def test_a_kept_clustering_comes_back_to_the_last_digit_and_places_everyone_as_before(
    database: Database, method: str
) -> None:
    clustering = found(method)
    with database.write(SYSTEM, "form") as session:
        row = clusterings.keep(
            session=session, actor=SYSTEM, name="Three", found_on=AS_OF, definition=written(clustering)
        )
    with database.read() as session:
        kept = read(clusterings.get(session=session, actor=SYSTEM, clustering_id=row.id).definition)
        assert [line.name for line in clusterings.list_all(session=session, actor=SYSTEM)] == ["Three"]
    assert kept == clustering
    tables = planted(20)
    for segment in (1, 2, 3):
        asked = SegmentMembersParams(AS_OF, 3, segment, clustering.features, clustering.method)
        members = segment_members(tables, asked).members
        pd.testing.assert_frame_equal(placed(tables, PlacedParams(kept, AS_OF, segment)).members, members)


def test_newcomers_are_placed_by_the_groups_of_the_day_they_were_found_on() -> None:
    tables = planted(20)
    later = AS_OF + timedelta(days=3)
    rows = [Order(o["id"], o["ordered_at"].isoformat(), o["customer_id"]) for o in records(tables.orders)]
    lines = [Line(r["order_id"], str(r["amount_e4"] / 10_000)) for r in records(tables.order_lines)]
    newcomer = [Order(70_000 + i, f"{later} 09:0{i}", 999) for i in range(9)]
    grown = make_tables(rows + newcomer, lines + [Line(order.id, "900") for order in newcomer])
    clustering = found()
    report = placement(grown, PlacementParams(clustering, later))
    assert (report.n, report.newcomers) == (61, 1)
    assert report.segments["newcomers"].tolist() == [1, 0, 0]
    assert report.segments["customers"].tolist() == [21, 20, 20]
    members = placed(grown, PlacedParams(clustering, later, 1)).members
    assert 999 in set(members["customer_id"])
    assert placement(grown, PlacementParams(clustering, AS_OF)).newcomers == 0


def test_a_name_in_use_no_name_and_an_unknown_clustering_are_refused_in_words(database: Database) -> None:
    with database.write(SYSTEM, "form") as session:
        first = clusterings.keep(session=session, actor=SYSTEM, name="Three", found_on=AS_OF, definition={}).id
    with database.write(SYSTEM, "form") as session:
        for name, words in (("Three", "Another clustering is called 'Three'."), (" ", "Give it a name.")):
            with pytest.raises(Invalid) as refused:
                clusterings.keep(session=session, actor=SYSTEM, name=name, found_on=AS_OF, definition={})
            assert str(refused.value.fields["name"]) == words
        clusterings.remove(session=session, actor=SYSTEM, clustering_id=first)
        assert clusterings.list_all(session=session, actor=SYSTEM) == []
        clusterings.keep(session=session, actor=SYSTEM, name="Three", found_on=AS_OF, definition={})
        with pytest.raises(NotFound, match="There is no clustering 99"):
            clusterings.get(session=session, actor=SYSTEM, clustering_id=99)


def test_what_is_no_clustering_or_not_one_of_its_groups_is_refused_in_words() -> None:
    for stored in ({}, {"$": "data", "t": "os:system", "v": {}}, written(found()) | {"v": {}}):
        with pytest.raises(Invalid) as refused:
            read(stored)
        assert str(refused.value.fields["clustering"]) == "This is no clustering that was kept here."
    with pytest.raises(Invalid) as segment:
        PlacedParams(found(), AS_OF, 4)
    assert str(segment.value.fields["segment"]) == "There is no segment 4."


def test_further_features_place_customers_whose_value_is_not_there_yet() -> None:
    clustering = found(features=("recency", "order_value", "regularity", "products", "refunds", "discounts"))
    report = placement(planted(20), PlacementParams(clustering, AS_OF))
    assert report.segments["customers"].sum() == 60


@pytest.fixture(scope="module", params=["separated", "plain"])
def simulated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Workspace]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    settings = Settings(data_dir=folder, database_url="", timezone="Europe/Berlin", currency="EUR", _env_file=None)  # type: ignore[call-arg]
    workspace = Workspace.open(settings, create=True)
    config = getattr(SimulationConfig, request.param)()
    fill(workspace, customers=400, seed=11, today=date(2026, 6, 1), config=config)
    workspace.warehouse.refresh()
    return request.param, workspace


def test_planted_segments_are_found_where_they_are_apart_and_none_are_claimed_in_one_population(
    simulated: tuple[str, Workspace],
) -> None:
    kind, workspace = simulated
    day = date(2026, 5, 31)
    report = workspace.analyses.run(segments, SegmentsParams(day), actor=SYSTEM)
    if kind == "plain":
        assert not report.has_structure
        return
    assert (report.k, report.verdict) == (4, "natural")
    assert report.clustering is not None
    truth = load_truth(workspace).customers.set_index("customer_id")["segment"]
    labels = pd.concat(
        workspace.analyses.run(placed, PlacedParams(report.clustering, day, segment), actor=SYSTEM).members.assign(
            label=segment
        )
        for segment in range(1, 5)
    ).set_index("customer_id")["label"]
    assert adjusted_rand_score(truth.loc[labels.index], labels) >= 0.9
