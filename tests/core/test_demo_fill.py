"""When the demo may fill a workspace, what a fill that fails leaves behind, and what the command says."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from crm_core.access import SYSTEM
from crm_core.cli import app
from crm_core.db.models import Customer, DealStage, Ticket, TicketStatus, User, WorkspaceRow
from crm_core.demo import SimulationConfig, fill, load_truth
from crm_core.errors import NotFound, StorageFailed, WorkspaceNotEmpty
from crm_core.workspace import Workspace
from tests.core.demo_workspaces import TODAY, counts, frame, opened


def test_records_are_in_the_way_of_a_demo(workspace: Workspace) -> None:
    with workspace.write(SYSTEM, "form") as session:
        session.add(Customer(ref="X-1", name="Real Person", sort_name="real person"))
    with pytest.raises(WorkspaceNotEmpty) as refused:
        fill(workspace, customers=10, today=TODAY)
    assert str(refused.value) == (
        "This workspace holds records already (customers: 1, products: 0, orders: 0, tickets, deals and needs: 0), and "
        "the demo would mix with them. Choose another with --data-dir, or add --force to mix them."
    )
    assert counts(workspace) == (1, 0, 0, 0)


def test_a_ticket_alone_is_in_the_way_too(workspace: Workspace) -> None:
    with workspace.write(SYSTEM, "form") as session:
        session.add(Ticket(number="T-1", subject="A real question"))
    with pytest.raises(WorkspaceNotEmpty, match="tickets, deals and needs: 1"):
        fill(workspace, customers=10, today=TODAY)


def test_a_workspace_with_words_of_its_own_gets_neither_tickets_nor_deals(workspace: Workspace) -> None:
    with workspace.write(SYSTEM, "form") as session:
        session.scalars(select(TicketStatus).where(TicketStatus.code == "waiting")).one().state = "open"
        session.scalars(select(DealStage).where(DealStage.code == "proposal")).one().outcome = "won"
    result = fill(workspace, customers=200, today=TODAY)
    assert (result.tickets, result.deals) == (0, 0)
    assert result.needs > 0


def test_by_force_a_real_workspace_gets_records_but_no_accounts_everybody_knows(workspace: Workspace) -> None:
    with workspace.write(SYSTEM, "form") as session:
        session.add(Customer(ref="C-000001", name="Real Person", sort_name="real person"))
    result = fill(workspace, customers=20, today=TODAY, force=True)
    assert counts(workspace)[0] == 21
    assert result.customers == 20
    assert frame(workspace, "SELECT * FROM team_members").empty
    assert frame(workspace, "SELECT DISTINCT assignee_id, team_id FROM tickets").dropna(how="all").empty
    assert frame(workspace, "SELECT * FROM tasks").empty
    with workspace.read() as session:
        assert session.scalars(select(User)).all() == []
        assert not session.execute(select(WorkspaceRow.is_demo)).scalar_one()
    assert not workspace.is_demo


def test_by_force_a_demo_is_filled_twice_and_the_truth_is_of_the_second(workspace: Workspace) -> None:
    fill(workspace, customers=20, today=TODAY)
    fill(workspace, customers=30, seed=8, today=TODAY, force=True)
    truth = load_truth(workspace)
    assert counts(workspace)[0] == 50
    assert truth.customers["customer_id"].tolist() == list(range(21, 51))
    codes = set(frame(workspace, "SELECT code FROM products")["code"])
    assert set(truth.popularity) < codes
    assert workspace.is_demo


def test_a_fill_killed_just_before_the_end_leaves_the_workspace_empty(workspace: Workspace, tmp_path: Path) -> None:
    script = f"""
import os, signal
from datetime import date
from pathlib import Path
from crm_core.config import Settings
from crm_core.demo import fill
from crm_core.workspace import Workspace
def progress(fraction, step):
    if fraction == 1:
        os.kill(os.getpid(), signal.SIGKILL)
fill(Workspace.open(Settings(data_dir=Path({str(tmp_path)!r}), _env_file=None)), customers=200, progress=progress)
"""
    killed = subprocess.run([sys.executable, "-c", script], check=False, env=os.environ | {"PYTHONWARNINGS": ""})
    assert killed.returncode == -signal.SIGKILL
    assert counts(workspace) == (0, 0, 0, 0)
    assert fill(workspace, customers=5, today=TODAY).customers == 5


def test_a_fill_that_fails_leaves_neither_records_nor_truth(workspace: Workspace) -> None:
    def stop(fraction: float, step: str) -> None:
        if fraction == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(workspace, customers=5, today=TODAY, progress=stop)
    assert counts(workspace) == (0, 0, 0, 0)
    assert not workspace.is_demo
    assert [path.name for path in (workspace.folder / "demo").iterdir()] == []


def test_a_workspace_that_is_not_simulated_has_no_truth(workspace: Workspace) -> None:
    with pytest.raises(NotFound) as missing:
        load_truth(workspace)
    assert str(missing.value) == (
        "This workspace was not filled by the simulator. Fill an empty one with: rapport demo"
    )


def test_a_folder_that_cannot_be_written_stops_the_fill_with_a_reason(workspace: Workspace) -> None:
    workspace.folder.mkdir(parents=True)
    (workspace.folder / "demo").write_text("in the way")
    with pytest.raises(StorageFailed) as failed:
        fill(workspace, customers=5, today=TODAY)
    assert str(failed.value) == (
        f"The demo's files cannot be written to {workspace.folder / 'demo'}: File exists. Nothing was saved."
    )
    assert counts(workspace) == (0, 0, 0, 0)


def test_progress_goes_from_nothing_to_all(workspace: Workspace) -> None:
    steps: list[tuple[float, str]] = []
    fill(workspace, customers=5, today=TODAY, progress=lambda fraction, step: steps.append((fraction, step)))
    assert steps == [(0.0, "Simulating customers and their orders"), (1.0, "Saving")]


def test_a_company_needs_a_customer(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="at least one customer"):
        fill(workspace, customers=0)


def test_without_a_day_the_history_ends_today_in_the_workspaces_zone(workspace: Workspace) -> None:
    fill(workspace, customers=5)
    assert abs(load_truth(workspace).end_at.timestamp() - datetime.now(UTC).timestamp()) < 25 * 3600


def test_customers_alone_can_be_had(workspace: Workspace) -> None:
    result = fill(workspace, customers=50, today=TODAY, config=SimulationConfig(has_orders=False))
    assert (result.customers, result.orders, result.order_lines) == (50, 0, 0)
    truth = load_truth(workspace).customers
    assert truth["first_order_at"].isna().all()
    assert truth["n_orders"].eq(0).all()


def test_prices_and_spending_follow_the_currency(tmp_path: Path) -> None:
    workspace = opened(tmp_path / "yen", currency="JPY")
    fill(workspace, customers=100, today=TODAY)
    prices = frame(workspace, "SELECT unit_price_e4 FROM order_lines")["unit_price_e4"]
    assert (prices % 10_000 == 0).all()
    assert load_truth(workspace).customers["mean_spend"].mean() > 3000
    workspace.close()


def test_the_command_prints_one_json_object_and_refuses_a_second_time(tmp_path: Path) -> None:
    command = ["--data-dir", str(tmp_path / "cli"), "demo", "--customers", "20", "--seed", "3", "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0
    result = json.loads(done.stdout)
    assert list(result) == ["customers", "orders", "order_lines", "products", "tickets", "needs", "deals"]
    assert (result["customers"], result["products"]) == (20, 205)
    assert "Simulating customers and their orders" in done.stderr
    again = CliRunner().invoke(app, command)
    assert isinstance(again.exception, WorkspaceNotEmpty)
    assert again.stdout == ""


def test_the_command_tells_people_what_it_made(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--data-dir", str(tmp_path / "cli"), "demo", "--customers", "1"])
    assert done.exit_code == 0
    assert done.stdout.startswith("1 customers, ")
