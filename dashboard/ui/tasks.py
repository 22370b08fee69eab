"""The parts of the page of tasks: whose and when, and doing one with a click."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import streamlit as st

from crm_core.analytics.periods import local_today
from crm_core.errors import CrmError
from crm_core.records import record_service
from crm_core.records.relations import TASKS
from dashboard import session
from dashboard.i18n import _
from dashboard.ui import done
from dashboard.ui.page import Page
from dashboard.ui.plain import plain_error
from dashboard.ui.records_list import Step


def narrowing(page: Page) -> tuple[str, str]:
    """Whose tasks, and when they are due."""
    with st.container(horizontal=True):
        whose = page.choice(
            "whose", _("Whose"), {"mine": _("Mine"), "all": _("All")}, default="mine", label_visibility="collapsed"
        )
        when = page.choice(
            "when",
            _("When"),
            {
                "open": _("All open"),
                "overdue": _("Overdue"),
                "today": _("Today"),
                "later": _("Later"),
                "done": _("Done"),
            },
            default="open",
            label_visibility="collapsed",
        )
    return whose, when


def spans(when: str) -> dict[str, tuple[date | None, date | None]]:
    """The days a task of that time is due within."""
    today = local_today(session.workspace().timezone)
    tomorrow = today + timedelta(days=1)
    span = {"overdue": (None, today), "today": (today, tomorrow), "later": (tomorrow, None)}.get(when)
    return {} if span is None else {"due_on": span}


def step(title: str) -> Step:
    """The tick that says a task is done, or not after all."""
    return Step(
        title, lambda row: ":material/check_box:" if row.is_done else ":material/check_box_outline_blank:", turn
    )


def turn(row: Any) -> None:
    """Say that a task is done; of one that is, that it is not."""
    actor = session.actor()
    try:
        with session.workspace().write(actor, "form") as database_session:
            record_service.update(
                session=database_session,
                actor=actor,
                kind=TASKS,
                row_id=row.id,
                seen_version=row.version,
                values={"is_done": not row.is_done},
            )
            said = _("Open again: {title}", title=row.title) if row.is_done else _("Done: {title}", title=row.title)
            done.note(said, done.change_set_of(database_session))
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")
