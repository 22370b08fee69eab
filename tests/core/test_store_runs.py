"""Running analyses in this process: keys, permissions, freshness, and one computation however many ask."""

from __future__ import annotations

import errno
import logging
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crm_core.access import SYSTEM, Actor, Role, Scope
from crm_core.analytics import keys, report_files
from crm_core.analytics.keys import report_key
from crm_core.analytics.registry import Analysis
from crm_core.analytics.runner import Failed, Ready, Running
from crm_core.db.models import Order, Product, User
from crm_core.errors import AnalysisFailed, AnalysisRefused, PermissionDenied
from crm_core.workspace import Workspace
from tests.core.polling import add_customer, runs
from tests.core.sample_analyses import (
    CountParams,
    TroubleParams,
    count,
    dated,
    for_marketing,
    quick_trouble,
)

TAKEN_AT = datetime(2024, 5, 1, tzinfo=UTC)
PLAIN = CountParams()
MARKETING = Actor(user_id=None, name="Mia", role=Role.MARKETING)
SUPPORT = Actor(user_id=None, name="Sue", role=Role.SUPPORT)
STAFF = Actor(user_id=None, name="Sam", role=Role.STAFF)


def key_of(
    workspace: Workspace,
    params: CountParams = PLAIN,
    *,
    analysis: Analysis[Any, Any] = count,
    owner: int | None = None,
) -> str:
    workspace.warehouse.ensure_fresh()
    with workspace.warehouse.open() as snapshot:
        return report_key(analysis, params, snapshot, Scope(owner_id=owner)).key


def test_a_report_is_computed_once_and_then_kept(workspace: Workspace, tmp_path: Path) -> None:
    add_customer(workspace, "Ada")
    params = CountParams(log=str(tmp_path / "log"))
    first = workspace.analyses.run(count, params, actor=SYSTEM)
    assert (first.n_customers, first.rows["name"].tolist()) == (1, ["Ada"])
    first.rows["name"] = "changed"
    second = workspace.analyses.run(count, params, actor=SYSTEM)
    assert second.rows["name"].tolist() == ["Ada"]
    with closing(Workspace.open(workspace.settings)) as later:
        answer = later.analyses.poll(count, params, actor=SYSTEM)
    assert isinstance(answer, Ready)
    assert answer.report.n_customers == 1
    assert runs(tmp_path / "log") == 1


def test_a_change_of_a_table_that_is_read_gives_a_new_report(workspace: Workspace) -> None:
    add_customer(workspace, "Ada")
    before = workspace.analyses.poll(count, CountParams(), actor=SYSTEM)
    add_customer(workspace, "Bob")
    after = workspace.analyses.poll(count, CountParams(), actor=SYSTEM)
    assert isinstance(before, Ready)
    assert isinstance(after, Ready)
    assert (before.report.n_customers, after.report.n_customers) == (1, 2)
    assert after.snapshot_taken_at > before.snapshot_taken_at
    assert not after.is_stale


def test_a_change_of_another_table_keeps_the_report(workspace: Workspace, tmp_path: Path) -> None:
    params = CountParams(log=str(tmp_path / "log"))
    before = workspace.analyses.poll(count, params, actor=SYSTEM)
    with workspace.write(SYSTEM, "form") as session:
        session.add(Product(code="p", name="Pen"))
    after = workspace.analyses.poll(count, params, actor=SYSTEM)
    assert runs(tmp_path / "log") == 1
    assert isinstance(before, Ready)
    assert isinstance(after, Ready)
    assert after.snapshot_taken_at > before.snapshot_taken_at  # the records read are as they were, and known to be


def test_parameters_scope_and_code_give_other_keys(workspace: Workspace) -> None:
    key = key_of(workspace)
    assert key == key_of(workspace, CountParams())
    assert key != key_of(workspace, CountParams(label="other"))
    assert key != key_of(workspace, owner=7)
    assert key_of(workspace, owner=8) != key_of(workspace, owner=7)
    assert key != key_of(workspace, analysis=for_marketing)
    changed: Analysis[Any, Any] = Analysis(**{**asdict_shallow(count), "code_version": "another"})
    assert key != key_of(workspace, analysis=changed)


def asdict_shallow(analysis: Analysis[Any, Any]) -> dict[str, Any]:
    return {name: getattr(analysis, name) for name in Analysis.__dataclass_fields__}


def test_whose_customers_one_sees_depends_on_customers_and_orders_too(workspace: Workspace) -> None:
    """A limited scope filters every table by the customers' owners, whatever the analysis itself reads."""
    whole, owned = key_of(workspace), key_of(workspace, owner=7)
    with workspace.write(SYSTEM, "form") as session:
        session.add(Order(number="1", ordered_at=TAKEN_AT))
    assert key_of(workspace) == whole
    assert key_of(workspace, owner=7) != owned


def test_an_owner_gets_a_report_of_their_own_customers(workspace: Workspace) -> None:
    with workspace.database.untracked() as session:
        session.add(User(id=7, email="o@example.org", name="Olga", role="staff"))
    add_customer(workspace, "Ada", owner_id=7)
    add_customer(workspace, "Bob")
    olga = Actor(user_id=7, name="Olga", role=Role.MANAGER, scope=Scope(owner_id=7))
    assert workspace.analyses.run(count, CountParams(), actor=SYSTEM).n_customers == 2
    assert workspace.analyses.run(count, CountParams(), actor=olga).rows["name"].tolist() == ["Ada"]


def test_a_report_of_today_is_another_tomorrow(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    today = key_of(workspace, analysis=dated), key_of(workspace)
    monkeypatch.setattr(keys, "today", lambda timezone: "2030-01-01")
    tomorrow = key_of(workspace, analysis=dated), key_of(workspace)
    assert today[0] != tomorrow[0]
    assert today[1] == tomorrow[1]


def test_parameters_of_another_analysis_are_refused(workspace: Workspace) -> None:
    with pytest.raises(TypeError, match="analysis 'sample_count' takes CountParams, not TroubleParams"):
        workspace.analyses.run(count, TroubleParams("x"), actor=SYSTEM)  # type: ignore[arg-type]


@pytest.mark.parametrize("ask", ["run", "poll", "retry", "cancel", "latest"])
def test_only_who_may_see_it_may_ask(workspace: Workspace, ask: str) -> None:
    call = getattr(workspace.analyses, ask)
    call(for_marketing, CountParams(), actor=MARKETING)
    call(count, CountParams(), actor=SUPPORT)
    with pytest.raises(PermissionDenied, match=r"The role support may not do this \(segments.view\)\."):
        call(for_marketing, CountParams(), actor=SUPPORT)
    with pytest.raises(PermissionDenied, match=r"The role staff may not do this \(kpis.view\)\."):
        call(count, CountParams(), actor=STAFF)


def test_a_damaged_report_is_computed_again(workspace: Workspace, tmp_path: Path) -> None:
    params = CountParams(log=str(tmp_path / "log"))
    workspace.analyses.run(count, params, actor=SYSTEM)
    for path in workspace.analyses.store.folder.rglob("*.report"):
        path.write_bytes(path.read_bytes()[:-1])
    with closing(Workspace.open(workspace.settings)) as later:
        assert later.analyses.run(count, params, actor=SYSTEM).n_customers == 0
    assert runs(tmp_path / "log") == 2


def test_a_full_disk_does_not_cost_the_report(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*args: object) -> tuple[int, bool]:
        raise OSError(errno.ENOSPC, "No space left on device")

    add_customer(workspace, "Ada")
    monkeypatch.setattr(report_files.ReportFiles, "write", full)
    with caplog.at_level(logging.WARNING):
        assert workspace.analyses.run(count, CountParams(), actor=SYSTEM).n_customers == 1
    assert "cannot be kept" in caplog.text


def test_failures_are_told_in_words_and_logged(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    run = workspace.analyses.run
    with pytest.raises(AnalysisRefused, match=r"^3 customers are too few for segments\.$"):
        run(quick_trouble, TroubleParams("refuse"), actor=SYSTEM)
    assert caplog.text == ""
    with pytest.raises(AnalysisFailed) as broke:
        run(quick_trouble, TroubleParams("break"), actor=SYSTEM)
    assert str(broke.value) == (
        "'sample_quick_trouble' broke with an error we did not foresee (ZeroDivisionError: division by zero). "
        "The server's log says more."
    )
    assert "Traceback" in caplog.text
    with pytest.raises(AnalysisFailed, match=r"TroubleReport\.text is builtins\.object, which cannot be kept"):
        run(quick_trouble, TroubleParams("unkeepable"), actor=SYSTEM)
    with pytest.raises(AnalysisFailed) as starved:
        run(quick_trouble, TroubleParams("starve"), actor=SYSTEM)
    assert str(starved.value) == (
        "'sample_quick_trouble' ran out of memory. Choose a shorter period or fewer customers and try again."
    )


def test_a_failure_is_not_tried_again_until_retry(workspace: Workspace, tmp_path: Path) -> None:
    params = TroubleParams("refuse", once=str(tmp_path / "once"))
    for _ in range(3):
        answer = workspace.analyses.poll(quick_trouble, params, actor=SYSTEM)
        assert isinstance(answer, Failed)
        assert str(answer.error) == "3 customers are too few for segments."
    answer = workspace.analyses.retry(quick_trouble, params, actor=SYSTEM)
    assert isinstance(answer, Ready)
    assert answer.report.text == "all is well"


def test_a_failure_is_forgotten_when_the_records_change(workspace: Workspace, tmp_path: Path) -> None:
    params = TroubleParams("refuse", once=str(tmp_path / "once"))
    assert isinstance(workspace.analyses.poll(quick_trouble, params, actor=SYSTEM), Failed)
    add_customer(workspace, "Ada")
    assert isinstance(workspace.analyses.poll(quick_trouble, params, actor=SYSTEM), Ready)


def test_what_was_slow_goes_to_the_worker_next_time(workspace: Workspace) -> None:
    analyses = workspace.analyses
    analyses.run(count, CountParams(), actor=SYSTEM)
    assert isinstance(analyses.poll(count, CountParams(label="quick"), actor=SYSTEM), Ready)
    analyses._runtimes.record(count, seconds=1.5, snapshot_bytes=10**9)
    assert isinstance(analyses.poll(count, CountParams(label="slow"), actor=SYSTEM), Running)


def test_the_expected_runtime_grows_with_the_data(workspace: Workspace) -> None:
    runtimes = workspace.analyses._runtimes
    assert runtimes.expected(count, snapshot_bytes=10) is None
    runtimes.record(count, seconds=0.5, snapshot_bytes=1000)
    assert runtimes.expected(count, snapshot_bytes=3000) == 1.5
    assert runtimes.expected(count, snapshot_bytes=10) == 0.5


def test_the_latest_report_on_older_records_is_at_hand(workspace: Workspace) -> None:
    analyses = workspace.analyses
    assert analyses.latest(count, CountParams(), actor=SYSTEM) is None
    assert analyses.run(count, CountParams(), actor=SYSTEM).n_customers == 0
    add_customer(workspace, "Ada")
    latest = analyses.latest(count, CountParams(), actor=SYSTEM)
    assert latest is not None
    assert (latest.report.n_customers, latest.is_stale) == (0, True)
    assert analyses.latest(count, CountParams(label="unasked"), actor=SYSTEM) is None
