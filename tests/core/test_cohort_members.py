"""The customers of one cell of the triangle."""

from __future__ import annotations

from datetime import date

import pytest

from crm_core.analytics.cohorts import CohortMembersParams, CohortParams, cohort_members, cohorts
from crm_core.analytics.periods import Period
from crm_core.errors import AnalysisRefused, Invalid
from tests.core.cohort_sales import YEAR
from tests.core.tables import Line, Order, make_tables


def test_members_of_a_cell_are_those_counted_and_the_rest_those_who_were_not() -> None:
    orders = [Order(10 * c + i, f"2024-0{1 + i}-{c:02} 10:00", c) for c in range(1, 9) for i in range(1 + c % 3)]
    tables = make_tables(orders, [Line(order.id, str(order.id)) for order in orders])
    for criterion in ("on", "on-or-after"):
        params = CohortParams(Period(date(2024, 1, 1), date(2024, 4, 1)), criterion=criterion)
        report = cohorts(tables, params)
        for cell in report.cells.itertuples():
            came, stayed_away = (
                cohort_members(tables, CohortMembersParams(params, cell.cohort, cell.offset, retained)).members
                for retained in (True, False)
            )
            size = dict(zip(report.cohorts["start"], report.cohorts["size"], strict=True))[cell.cohort]
            assert (len(came), len(stayed_away)) == (cell.retained, size - cell.retained)
            assert not set(came["customer_id"]) & set(stayed_away["customer_id"])
    members = cohort_members(tables, CohortMembersParams(params, date(2024, 1, 1), 2)).members
    assert members[["ref", "frequency", "monetary_e4"]].values.tolist() == [
        ["C8", 3, 2_430_000], ["C5", 3, 1_530_000], ["C2", 3, 630_000],
    ]  # fmt: skip


def test_a_cell_that_is_not_there_is_refused_in_words() -> None:
    tables = make_tables([Order(1, "2024-01-05 10:00", 1)], [Line(1, "5")])
    with pytest.raises(AnalysisRefused, match="There is no window 1 of a cohort that starts on 2024-01-01"):
        cohort_members(tables, CohortMembersParams(CohortParams(YEAR), date(2024, 1, 1), 1))
    with pytest.raises(AnalysisRefused, match="There is no window 0 of a cohort that starts on 2024-01-02"):
        cohort_members(tables, CohortMembersParams(CohortParams(YEAR), date(2024, 1, 2), 0))
    with pytest.raises(Invalid) as negative:
        CohortMembersParams(CohortParams(YEAR), date(2024, 1, 1), -1)
    assert str(negative.value.fields["offset"]) == "Windows are counted from 0."
