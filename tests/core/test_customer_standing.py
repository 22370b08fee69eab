"""Where a customer stands: the same segment, value and band that the lists of everybody give."""

from __future__ import annotations

from decimal import Decimal

import pytest

from crm_core.access import SYSTEM
from crm_core.analytics.customer_standing import customer_worth, rfm_standings, value_band
from crm_core.analytics.rfm import RfmMembersParams, RfmParams, rfm_members
from crm_core.analytics.value import CustomerValueParams, ValueMembersParams, customer_value, value, value_members
from crm_core.db.types import from_e4
from crm_core.errors import AnalysisRefused
from crm_core.warehouse import Tables
from crm_core.workspace import Workspace
from tests.core.polling import add_customer
from tests.core.sample_analyses import CountParams, count
from tests.core.test_value import AS_OF, LOG, PARAMS, tables_of

pytestmark = pytest.mark.xdist_group("value")


@pytest.fixture(scope="module")
def tables() -> Tables:
    return tables_of(LOG)


def test_everybody_is_in_the_segment_they_are_listed_in(tables: Tables) -> None:
    report = rfm_standings(tables, RfmParams(AS_OF))
    listed = rfm_members(tables, RfmMembersParams(AS_OF)).members
    named = {int(row["customer_id"]): row["segment"] for _index, row in listed.iterrows()}
    assert report.standings["customer_id"].is_monotonic_increasing
    assert len(report.standings) == len(named) > 100
    assert {customer_id: report.of(customer_id).name for customer_id in named} == named  # type: ignore[union-attr]
    assert report.of(0) is report.of(10**9) is None


def test_value_and_band_of_one_are_those_of_the_list(tables: Tables) -> None:
    report = value(tables, PARAMS)
    listed = value_members(tables, ValueMembersParams(AS_OF, PARAMS.horizon_days)).members
    assert set(listed["band"]) == {"High value", "Middle value", "Low value"}
    for _index, row in listed.iloc[[0, 30, 90, 200, -1]].iterrows():
        asked = CustomerValueParams(int(row["customer_id"]), AS_OF, report.model, horizon_days=PARAMS.horizon_days)
        worth = customer_worth(tables, asked).value
        assert worth == from_e4(int(row["value_e4"])) == customer_value(tables, asked).value
        assert value_band(report, worth) == row["band"]
    assert value_band(report, Decimal(-1)) == "Low value"
    with pytest.raises(AnalysisRefused):
        customer_worth(tables, CustomerValueParams(10**9, AS_OF, report.model))


def test_the_latest_report_is_that_of_the_first_parameters_which_have_one(workspace: Workspace) -> None:
    analyses = workspace.analyses
    asked = [CountParams(label=label) for label in "abc"]
    assert analyses.latest(count, *asked, actor=SYSTEM) is None
    for number, place in enumerate((2, 1)):
        analyses.run(count, asked[place], actor=SYSTEM)
        found = analyses.latest(count, *asked, actor=SYSTEM)
        assert found is not None
        assert found.report.n_customers == number
        add_customer(workspace, f"C{number}")
