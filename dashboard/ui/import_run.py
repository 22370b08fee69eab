"""An import under way: started in the background, followed on the page, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from crm_core import imports
from crm_core.errors import CrmError, StorageFailed
from crm_core.imports import ImportResult, Mapping
from crm_core.imports.background import import_in_background
from crm_core.imports.kinds import KindMapping
from crm_core.translation import translate_field
from dashboard import jobs, session
from dashboard.i18n import _, column_format, fmt, joined, ngettext, texts
from dashboard.ui.drawing import grid
from dashboard.ui.plain import plain, plain_error

JOB = "import"
KEPT_HOURS = 24
"""How long an upload that was not imported is kept."""


@dataclass(frozen=True)
class Task:
    """One file to check or import, and how."""

    path: Path
    name: str
    mapping: Mapping | KindMapping
    preset: str | None
    on_error: str
    is_dry_run: bool


def uploads() -> Path:
    """Where uploaded files wait; those nobody came back for are swept.

    Raises:
        StorageFailed: the folder cannot be made.
    """
    folder = session.workspace().folder / "uploads"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailed("The upload cannot be kept: {reason}", reason=error.strerror or str(error)) from error
    oldest = time.time() - KEPT_HOURS * 3600
    for path in folder.iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
    return folder


def current() -> jobs.Job | None:
    """This person's import, running or just ended."""
    return jobs.current(session.actor().user_id, JOB)


def start(task: Task) -> None:
    """Check or import the file in the background."""
    workspace, actor = session.workspace(), session.actor()

    def work(job: jobs.Job) -> ImportResult:
        result = import_in_background(
            database=workspace.database,
            actor=actor,
            path=task.path,
            mapping=task.mapping,
            on_error=task.on_error,
            dry_run=task.is_dry_run,
            rejects_folder=workspace.folder / "rejects",
            preset=task.preset,
            file_name=task.name,
            timezone=workspace.timezone,
            progress=job.report,
        )
        if not task.is_dry_run:
            task.path.unlink(missing_ok=True)
        return result

    st.session_state["data.task"] = task
    title = _("Checking {file}", file=task.name) if task.is_dry_run else _("Importing {file}", file=task.name)
    jobs.forget(actor.user_id, JOB)
    jobs.start(actor.user_id, JOB, title, work)


def progress(running: jobs.Job) -> None:
    """How far the import is, until it ends."""

    @st.fragment(run_every=0.5, key="data.wait")
    def waiting() -> None:
        if not running.is_running:
            st.rerun()
        rows = fmt().number(running.done)
        st.progress(running.fraction, text=_("{title}: {n} rows", title=plain(running.title), n=rows))
        st.caption(_("You can leave this page; the import goes on."))

    waiting()


def outcome(ended: jobs.Job) -> None:
    """What came of it, with the way on."""
    task: Task | None = st.session_state.get("data.task")
    can_import = False
    if isinstance(ended.error, CrmError):
        st.error(plain_error(ended.error), icon=":material/error:", title=_("Nothing was imported"))
        _problems(getattr(ended.error, "problems", ()))
    elif ended.error is not None:
        failed = _("The import failed unexpectedly and nothing was saved. The log has the details.")
        st.error(failed, icon=":material/error:")
    else:
        _result(ended.result)
        can_import = ended.result.is_dry_run and ended.result.created + ended.result.updated > 0
    with st.container(horizontal=True):
        if can_import and task is not None and task.path.exists():
            st.button(
                _("Import now"),
                key="data.import_now",
                type="primary",
                icon=":material/upload:",
                on_click=start,
                args=(replace(task, is_dry_run=False),),
            )
        back = (session.actor().user_id, JOB)
        st.button(_("Back"), key="data.back", icon=":material/arrow_back:", on_click=jobs.forget, args=back)


def _result(result: ImportResult) -> None:
    if result.is_dry_run:
        st.info(_("Checked only; nothing was saved."), icon=":material/fact_check:")
    elif result.created + result.updated:
        done = _("Imported. The reports show it as soon as they are read again.")
        st.success(done, icon=":material/check_circle:")
    else:
        same = _("Everything in this file was here already; nothing changed.")
        st.success(same, icon=":material/check_circle:")
    figures = {
        _("Read"): result.read,
        (_("To create") if result.is_dry_run else _("Created")): result.created,
        (_("To update") if result.is_dry_run else _("Updated")): result.updated,
        _("Unchanged"): result.unchanged,
        _("Skipped"): result.skipped,
        _("Rejected"): result.rejected,
    }
    with st.grid(6, min_column_width=110, gap="small", key="data.counts"):
        for label, count in figures.items():
            st.metric(label, fmt().number(count), border=True)
    for remark in result.notes:
        st.caption(plain(translate_field(remark, texts())))
    _problems(result.problems)
    if result.rejects_file:
        path = Path(result.rejects_file)
        st.download_button(
            _("Rejected rows"),
            path.read_bytes,
            file_name=path.name,
            mime="text/csv",
            key="data.rejects",
            icon=":material/download:",
        )
    if result.import_id is not None and not result.is_dry_run:
        st.button(
            _("Take this import back"), key="data.undo", icon=":material/undo:", on_click=undo, args=(result.import_id,)
        )


def _problems(found: Any) -> None:
    """The first bad rows, each with what was expected."""
    if not found:
        return
    frame = pd.DataFrame(
        {
            _("Row"): [problem.row for problem in found],
            _("Column"): [problem.column or "" for problem in found],
            _("Value"): [problem.value or "" for problem in found],
            _("What is wrong"): [translate_field(problem.problem, texts()) for problem in found],
        }
    )
    columns = {
        _("Row"): st.column_config.NumberColumn(format=column_format("count"), width=70),
        _("Column"): st.column_config.TextColumn(width=120),
        _("Value"): st.column_config.TextColumn(width=140),
    }
    grid(frame, key="data.problems", alt=_("Rows that cannot be read"), columns=columns)


def undo(import_id: int) -> None:
    """Take an import back and say what became of its rows."""
    try:
        result = imports.undo_import(database=session.workspace().database, actor=session.actor(), import_id=import_id)
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")
        return
    jobs.forget(session.actor().user_id, JOB)
    said = [ngettext("{n} row removed.", "{n} rows removed.", result.removed)]
    if result.kept:
        said.append(
            ngettext("{n} row was changed since and is kept.", "{n} rows were changed since and are kept.", result.kept)
        )
    st.toast(joined(*said), icon=":material/undo:")
