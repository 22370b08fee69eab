"""The public sales pipeline: metrics of the imported deals are those a plain reading of the file gives."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest

from crm_core.access import SYSTEM
from crm_core.analytics.periods import Period
from crm_core.analytics.pipeline import PipelineParams, PipelineReport, pipeline
from crm_core.config import Settings
from crm_core.imports.kinds import import_kind, kind_preset
from crm_core.workspace import Workspace
from tests.conftest import REAL_DATA

pytestmark = [pytest.mark.realdata, pytest.mark.xdist_group("sales_pipeline")]

FILE = REAL_DATA / "crm_sales_opportunities" / "sales_pipeline.csv"
WHOLE = Period(date(2016, 1, 1), date(2018, 1, 1))


@pytest.fixture(scope="module")
def deals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with the file in it and a fresh snapshot."""
    if not FILE.exists():
        pytest.skip(f"the public data sets are not at {REAL_DATA}")
    folder: Path = tmp_path_factory.mktemp("sales_pipeline")
    settings = Settings(data_dir=folder, timezone="UTC", currency="USD", _env_file=None)  # type: ignore[call-arg]
    workspace = Workspace.open(settings, create=True)
    import_kind(
        database=workspace.database, actor=SYSTEM, path=FILE, mapping=kind_preset("sales-pipeline"),
        rejects_folder=folder,
    )  # fmt: skip
    workspace.warehouse.refresh()
    yield workspace
    workspace.close()


def asked(workspace: Workspace, period: Period) -> PipelineReport:
    return workspace.analyses.run(pipeline, PipelineParams(period), actor=SYSTEM)


def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_whole_file_gives_the_published_figures(deals: Workspace) -> None:
    found = asked(deals, WHOLE)
    values = {name: kpi.value for name, kpi in found.metrics.items()}
    assert (values["won_deals"], values["lost_deals"]) == (4_238, 2_473)
    assert round(100 * float(values["win_rate"] or 0), 2) == 63.15
    assert values["won_value"] == Decimal(10_005_534)
    assert values["win_rate_value"] is None  # the file keeps 0 for every lost deal
    assert (values["open_deals"], values["weighted"], found.open_unpriced) == (1_589, None, 1_589)
    won = [row for row in rows() if row["deal_stage"] == "Won"]
    cycles = [(date.fromisoformat(r["close_date"]) - date.fromisoformat(r["engage_date"])).days for r in won]
    assert values["cycle_median"] == median(cycles)


@pytest.mark.parametrize(("first", "last"), [("2017-03-01", "2017-04-01"), ("2017-10-01", "2018-01-01")])
def test_a_month_or_quarter_counts_what_closed_in_it(deals: Workspace, first: str, last: str) -> None:
    closed = Counter(row["deal_stage"] for row in rows() if first <= row["close_date"] < last)
    found = asked(deals, Period.parse(first, last)).metrics
    assert (found["won_deals"].value, found["lost_deals"].value) == (closed["Won"], closed["Lost"])
    assert found["win_rate"].value == closed["Won"] / (closed["Won"] + closed["Lost"])


def test_win_rates_by_product_are_those_of_the_file(deals: Workspace) -> None:
    wanted: Counter[tuple[str, str]] = Counter()
    for row in rows():
        wanted[row["product"].replace("GTXPro", "GTX Pro"), row["deal_stage"]] += 1
    groups = asked(deals, WHOLE).groups
    products = groups[groups["dimension"] == "product"]
    found = {row["name"]: (row["won"], row["lost"]) for row in products.to_dict("records")}
    assert found == {name: (wanted[name, "Won"], wanted[name, "Lost"]) for name in found}
    assert len(found) == 7
