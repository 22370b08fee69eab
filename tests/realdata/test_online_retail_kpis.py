"""UCI Online Retail: over the whole period the key figures add up to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from crm_core import imports
from crm_core.access import SYSTEM
from crm_core.analytics.cohorts import CohortParams, cohorts
from crm_core.analytics.drill import rows_behind
from crm_core.analytics.kpis import KpiParams, KpiReport
from crm_core.analytics.overview import OverviewParams, OverviewReport, overview
from crm_core.analytics.periods import Period
from crm_core.analytics.rfm import RfmParams, rfm
from crm_core.config import Settings
from crm_core.workspace import Workspace
from tests.conftest import REAL_DATA

pytestmark = [pytest.mark.realdata, pytest.mark.xdist_group("online_retail_kpis")]

WHOLE = Period(date(2010, 12, 1), date(2011, 12, 10))


@pytest.fixture(scope="module")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with the file in it and a fresh snapshot."""
    source = REAL_DATA / "online_retail" / "online_retail.parquet"
    if not source.exists():
        pytest.skip(f"the public data sets are not at {REAL_DATA}")
    folder: Path = tmp_path_factory.mktemp("online_retail_kpis")
    settings = Settings(data_dir=folder, timezone="Europe/London", currency="GBP", _env_file=None)  # type: ignore[call-arg]
    workspace = Workspace.open(settings, create=True)
    mapping = imports.preset("online-retail")
    imports.import_orders(
        database=workspace.database, actor=SYSTEM, path=source, mapping=mapping, rejects_folder=folder
    )
    workspace.warehouse.refresh()
    yield workspace
    workspace.close()


@pytest.fixture(scope="module")
def report(retail: Workspace) -> OverviewReport:
    return retail.analyses.run(overview, OverviewParams(WHOLE, grain="month"), actor=SYSTEM)


def values(report: KpiReport) -> dict[str, object]:
    return {name: kpi.value for name, kpi in report.metrics.items()}


def test_everything_adds_up_to_the_last_digit(report: OverviewReport) -> None:
    found = values(report.kpis)
    wanted = {
        "billed": "10666684.544",
        "billed_guests": "1755276.640",
        "billed_customers": "8911407.904",
        "refunds": "896812.490",
        "adjustments_credited": "22124.120",
        "booked_total": "9747747.934",
        "product_sales_customers": "8761066.650",
        "adjustments_customers": "150341.254",
    }
    assert {name: found[name] for name in wanted} == {name: Decimal(amount) for name, amount in wanted.items()}
    assert found["active_customers"] == 4_334
    assert found["net_sales"] == found["gross_sales"] - found["refunds"]  # type: ignore[operator]
    assert report.kpis.metrics["refunds"].n == 9_288
    assert report.kpis.metrics["billed_customers"].n == 397_884


def test_thirteen_months_add_up_to_the_whole(report: OverviewReport) -> None:
    assert len(report.series) == 13
    for name in ("gross_sales", "refunds", "net_sales", "orders", "new_customers"):
        assert sum(report.series[name]) == report.kpis.metrics[name].value
    assert report.series["is_complete"].tolist() == [True] * 12 + [False]


def test_the_lines_behind_a_number_are_all_there(retail: Workspace) -> None:
    params = KpiParams(WHOLE)
    with retail.warehouse.open() as snapshot:
        tables = snapshot.tables(SYSTEM.scope)
        rows, total = rows_behind(tables, "adjustments_credited", params, limit=None)
        assert (total, sum(rows["counted"])) == (2, Decimal("22124.120"))
        rows, total = rows_behind(tables, "refunds", params, limit=None)
        assert (total, sum(rows["counted"])) == (9_288, Decimal("896812.490"))


def test_rfm_holds_every_customer_with_a_product_sale(retail: Workspace) -> None:
    found = retail.analyses.run(rfm, RfmParams(date(2011, 12, 9)), actor=SYSTEM)
    assert found.customers == found.segments["customers"].sum() == 4_334


def test_cohorts_are_those_a_plain_pivot_of_the_file_gives(retail: Workspace) -> None:
    """A customer's first month and their other months with a product sale, from the file alone."""
    file = REAL_DATA / "online_retail" / "online_retail.parquet"
    columns = ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]
    lines = pd.read_parquet(file, columns=columns).dropna(subset=["CustomerID"])
    no_product = ["POST", "DOT", "C2", "M", "m", "D", "S", "B", "PADS", "BANK CHARGES", "AMAZONFEE", "CRUK"]
    is_product = ~lines["StockCode"].isin(no_product) & ~lines["StockCode"].str.startswith("gift_0001_")
    sold = lines[is_product & (lines["Quantity"] > 0) & (lines["UnitPrice"] > 0)]
    month = sold["InvoiceDate"].dt.year * 12 + sold["InvoiceDate"].dt.month
    first = month.groupby(sold["CustomerID"]).transform("min")
    wanted = sold.groupby([first.rename("cohort"), (month - first).rename("offset")])["CustomerID"].nunique()

    report = retail.analyses.run(cohorts, CohortParams(WHOLE), actor=SYSTEM)
    cells = report.cells[report.cells["retained"] > 0]
    start = pd.to_datetime(cells["cohort"])
    found = cells["retained"].set_axis([start.dt.year * 12 + start.dt.month, cells["offset"]])
    assert found.to_dict() == wanted.to_dict()
    assert report.cohorts["size"].sum() == 4_334
    # December 2011 ends on its 9th day: every cell that looks at it is incomplete.
    assert (~report.cells["is_complete"]).sum() == len(report.cohorts) == 13
