"""The deals, needs, activities and tasks of a simulated company."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_core.demo import DemoResult, Truth, fill, load_truth
from crm_core.demo.pipeline import OPEN_STAGES
from crm_core.workspace import Workspace
from tests.core.demo_workspaces import TODAY, frame, opened

N = 3000
DAY_US = 86_400 * 10**6
Filled = tuple[Workspace, DemoResult, Truth]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    workspace = opened(tmp_path_factory.mktemp("demo"))
    result = fill(workspace, customers=N, today=TODAY)
    yield workspace, result, load_truth(workspace)
    workspace.close()


def test_moves_lead_each_deal_to_where_it_is(filled: Filled) -> None:
    workspace, result, truth = filled
    deals = frame(workspace, "SELECT * FROM deals").set_index("id")
    moves = frame(workspace, "SELECT * FROM deal_moves ORDER BY deal_id, at, id")
    by_deal = moves.groupby("deal_id")
    assert len(deals) == result.deals == len(by_deal)
    came_from = by_deal["after"].shift()
    assert moves["before"].fillna("").tolist() == came_from.fillna("").tolist()
    last = by_deal.last().loc[deals.index]
    assert last["after"].tolist() == deals["stage"].tolist()
    assert last["at"].tolist() == deals["stage_since"].tolist()
    assert by_deal["at"].first().loc[deals.index].tolist() == deals["opened_at"].tolist()
    is_closed = deals["outcome"] != "open"
    assert (deals["closed_at"].notna() == is_closed).all()
    assert (deals.loc[is_closed, "closed_at"] == deals.loc[is_closed, "stage_since"]).all()
    assert (deals["lost_reason"].notna() == deals["outcome"].eq("lost")).all()
    assert moves["at"].max() < truth.end_at.timestamp() * 1e6


def test_about_a_quarter_of_the_deals_is_open_and_some_slipped_or_went_to_sleep(filled: Filled) -> None:
    deals = frame(filled[0], "SELECT * FROM deals WHERE outcome = 'open'")
    assert len(deals) / filled[1].deals == pytest.approx(0.25, abs=0.07)
    assert 0.1 < (pd.to_datetime(deals["expected_close_on"]) < pd.Timestamp(TODAY)).mean() < 0.6
    assert (deals["stage_since"] < (filled[2].end_at - timedelta(days=60)).timestamp() * 1e6).any()
    assert set(deals["stage"]) == set(OPEN_STAGES)


def test_deals_are_won_with_the_odds_of_their_source(filled: Filled) -> None:
    workspace, _, truth = filled
    moves = frame(
        workspace,
        "SELECT d.source, m.before, m.after FROM deal_moves m JOIN deals d ON d.id = m.deal_id "
        "WHERE m.before IS NOT NULL",
    )
    moves["goes_on"] = moves["after"] != "lost"
    ahead = dict(zip(OPEN_STAGES, [*OPEN_STAGES[1:], None], strict=True))
    n_checked = 0
    for (source, stage), left in moves.groupby(["source", "before"]):
        odds = truth.win_odds[source]
        chance = odds[stage] / odds[ahead[stage]] if ahead[stage] else odds[stage]
        margin = 3.5 * np.sqrt(chance * (1 - chance) / len(left))
        assert abs(left["goes_on"].mean() - chance) < margin, (source, stage)
        n_checked += 1
    assert n_checked == len(OPEN_STAGES) * 4
    first = {source: odds["prospecting"] for source, odds in truth.win_odds.items()}
    assert first == pytest.approx({"referral": 0.5086, "web": 0.3071, "fair": 0.2528, "cold call": 0.1473}, abs=1e-4)


def test_stages_take_their_known_time(filled: Filled) -> None:
    workspace, _, truth = filled
    moves = frame(workspace, "SELECT deal_id, at, after FROM deal_moves ORDER BY deal_id, at, id")
    moves["left_at"] = moves.groupby("deal_id")["at"].shift(-1)
    entered = moves[moves["after"].isin(OPEN_STAGES)]
    old = entered[entered["at"] < (truth.end_at - timedelta(days=400)).timestamp() * 1e6]  # hardly any is still there
    days = ((old["left_at"] - old["at"]) / DAY_US).groupby(old["after"]).median()
    for stage, median in truth.stage_days.items():
        assert days[stage] == pytest.approx(median, rel=0.3)


def test_shared_wishes_lead_the_needs_of_their_product(filled: Filled) -> None:
    workspace, result, truth = filled
    needs = frame(workspace, "SELECT n.*, p.code FROM needs n JOIN products p ON p.id = n.product_id")
    assert len(needs) == result.needs
    assert result.needs / N == pytest.approx(0.1, abs=0.03)
    for wish in truth.wishes:
        margin = 3.5 * np.sqrt(wish.share * (1 - wish.share) / len(needs))
        about = needs[needs["code"] == wish.product]
        assert abs(len(about) / len(needs) - wish.share) < margin + truth.popularity[wish.product]
        assert (about["title"] == wish.title).mean() > 0.6
    assert set(needs["status"]) == {"new", "considered", "planned", "done", "declined"}
    assert (needs["closed_at"].notna() == needs["status"].isin(["done", "declined"])).all()
    assert (needs["closed_at"].dropna() > needs.loc[needs["closed_at"].notna(), "created_at"]).all()


def test_everybody_has_something_to_do_today_and_something_late(filled: Filled) -> None:
    tasks = frame(
        filled[0], "SELECT u.email, t.due_on, t.is_done, t.done_at FROM tasks t JOIN users u ON u.id = t.owner_id"
    )
    waiting = tasks[tasks["is_done"] == 0]
    people = {f"{role}@demo.rapport.example" for role in ("admin", "manager", "marketing", "support", "staff")}
    due = pd.to_datetime(waiting["due_on"]).dt.date
    for days in (due < TODAY, due == TODAY, due > TODAY):
        assert set(waiting.loc[days, "email"]) == people
    assert (tasks["done_at"].notna() == tasks["is_done"].eq(1)).all()
    assert date(2026, 3, 15) >= due.max()


def test_contacts_with_customers_follow_their_deals(filled: Filled) -> None:
    astray = frame(
        filled[0],
        """SELECT 1 FROM activities a LEFT JOIN deals d ON d.id = a.deal_id AND d.customer_id = a.customer_id
           AND d.owner_id = a.owner_id AND a.at >= d.opened_at AND (d.closed_at IS NULL OR a.at <= d.closed_at)
           WHERE d.id IS NULL""",
    )
    assert astray.empty
    done = frame(
        filled[0], "SELECT max(at) AS last, count(*) AS n, count(DISTINCT kind) AS kinds FROM activities"
    ).iloc[0]
    assert done["last"] < filled[2].end_at.timestamp() * 1e6
    assert done["n"] > filled[1].deals
    assert done["kinds"] == 4
