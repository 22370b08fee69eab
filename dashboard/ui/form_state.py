"""What an open form knows between reruns: what was read, what was touched, what was refused; and its draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import streamlit as st

from crm_core.errors import Conflict, CrmError, FieldError
from dashboard.ui import form_drafts

Kind = Literal[
    "text", "email", "phone", "long_text", "select", "reference", "date", "day", "instant", "tags", "yes_no", "whole",
    "percent", "amount",
]  # fmt: skip
"""`date` lies in the past, `day` anywhere; a `reference` is found by typing."""


@dataclass(frozen=True)
class Field:
    """One field of a form.

    Attributes:
        options: the label of each code of a select.
        target: the table a reference points to.
        said: how a value reads where it says nothing by itself, such as the name behind an id.
    """

    name: str
    label: str
    kind: Kind = "text"
    options: Mapping[Any, str] | None = None
    is_required: bool = False
    help: str | None = None
    placeholder: str | None = None
    target: str | None = None
    said: Callable[[Any], str] | None = None


@dataclass
class FormState:
    """What one open form knows between reruns.

    `epoch` names its widgets anew when their values must be replaced; `focus` is the refused field that has had the
    cursor; `is_kept` says whether the server holds what was typed, `has_draft` whether it should.
    """

    original: dict[str, Any]
    seen_version: int | None
    touched: dict[str, Any] = field(default_factory=dict)
    draft_at: datetime | None = None
    errors: dict[str, FieldError] = field(default_factory=dict)
    conflict: Conflict | None = None
    problem: CrmError | None = None
    epoch: int = 0
    focus: str | None = None
    is_kept: bool = True
    has_draft: bool = True

    def value(self, name: str) -> Any:
        """What the field shows."""
        return self.touched.get(name, self.original.get(name))


def opened(form: str, original: Mapping[str, Any], version: int | None) -> FormState:
    """The form's state: as left in this browser session, else with this person's draft, else the record as it is."""
    states: dict[str, FormState] = st.session_state.setdefault("forms", {})
    state = states.get(form)
    if state is None or (not state.touched and (state.seen_version, state.original) != (version, dict(original))):
        epoch = state.epoch + 1 if state else 0
        state = FormState(dict(original), version, epoch=epoch)
        draft = form_drafts.load(form)
        if draft is not None:
            state.touched = dict(draft.values)
            state.seen_version = draft.seen_version
            state.draft_at = draft.updated_at
        states[form] = state
    return state


def keep_draft(form: str, state: FormState) -> None:
    """Keep what is typed on the server, or forget the draft when nothing differs any more.

    Where the server cannot keep it, the form says so; what was typed stays in the form.
    """
    if not state.has_draft:
        return
    try:
        form_drafts.keep(form, state.touched, state.seen_version)
    except CrmError as error:
        state.is_kept, state.problem = False, error
    else:
        if not state.is_kept:
            state.is_kept, state.problem = True, None


def forget(form: str, state: FormState) -> None:
    """Forget the form and its draft; where the draft cannot be deleted, it is shown again at the next opening."""
    st.session_state["forms"][form] = FormState(dict(state.original), None, epoch=state.epoch + 1)
    form_drafts.drop(form)


def discard(form: str, state: FormState) -> None:
    """Forget what was typed; where the draft cannot be deleted, the form keeps it and says so."""
    try:
        forget(form, state)
    except CrmError as error:
        st.session_state["forms"][form] = state
        state.problem = error
