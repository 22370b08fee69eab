"""A rule while it is being written: its conditions as JSON, kept as a draft on the server until it is saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import streamlit as st

from crm_core.analytics.segment_rules import KINDS, parse
from crm_core.analytics.segment_rules.parameters import Amount, Choice, Days, Parameter, Score, Values
from crm_core.errors import CrmError, FieldError, Invalid
from crm_core.records.drafts import SavedDraft
from dashboard.ui import form_drafts
from dashboard.ui.choices import kept_choices

FIRST_KIND = "metric"
STARTS: dict[str, dict[str, Any]] = {
    "metric": {"metric": "net_sales", "days": 365, "op": "at_least", "value": "500"},
    "bought": {"days": 365},
    "churn_risk": {"horizon": "90"},
    "value_band": {"horizon": "365"},
}
"""What a new condition begins with, where the first of everything would be an odd one."""


@dataclass
class Written:
    """One condition, with a number that its widgets are named by."""

    number: int
    data: dict[str, Any]

    def definition(self) -> dict[str, Any]:
        """The condition as JSON."""
        return dict(self.data)


@dataclass
class Group:
    """Conditions of which all must hold, or any; groups among them. The rule itself is the group numbered 0."""

    number: int
    combine: str = "all"
    parts: list[Written | Group] = field(default_factory=list)

    def definition(self) -> dict[str, Any]:
        """The group as JSON, valid or not."""
        return {self.combine: [part.definition() for part in self.parts]}

    def groups(self) -> Iterator[Group]:
        """This group and every one within it."""
        yield self
        for part in self.parts:
            if isinstance(part, Group):
                yield from part.groups()


@dataclass
class RuleState:
    """The rule being written.

    `seen_version` is that of the segment it was read from, None for a new one; `original` what it was then. `draft_at`
    says from when the draft is that it was found as, until it is changed; `kept` what the server holds as a draft, and
    `problem` why it does not hold what is written.
    """

    name: str = ""
    root: Group = field(default_factory=lambda: Group(0))
    seen_version: int | None = None
    last_number: int = 0
    original: dict[str, Any] = field(default_factory=dict)
    draft_at: datetime | None = None
    kept: tuple[dict[str, Any], int | None] | None = None
    problem: CrmError | None = None

    def add(self, to: Group, data: Mapping[str, Any] | None = None) -> None:
        """Add a condition, or one to begin with, at the end of a group."""
        self.last_number += 1
        to.parts.append(Written(self.last_number, dict(data or fresh(FIRST_KIND))))

    def add_group(self, to: Group, data: Mapping[str, Any] | None = None) -> None:
        """Add a group at the end of another; a new one combines the other way and has a condition to begin with."""
        self.last_number += 1
        made = Group(self.last_number, "any" if to.combine == "all" else "all")
        to.parts.append(made)
        if data is None:
            self.add(made)
        else:
            self.fill(made, data)

    def fill(self, group: Group, data: Mapping[str, Any]) -> None:
        """Put what JSON spells into the group."""
        for combine, parts in data.items():
            group.combine = combine
            for part in parts:
                (self.add if "is" in part else self.add_group)(group, part)

    def remove(self, number: int) -> None:
        """Take the condition or group with that number out."""
        for group in self.root.groups():
            group.parts = [part for part in group.parts if part.number != number]

    def definition(self) -> dict[str, Any]:
        """The rule as JSON, valid or not."""
        return self.root.definition()

    def values(self) -> dict[str, Any]:
        """What is written: the name and the rule."""
        return {"name": self.name, "definition": self.definition()}

    @property
    def is_changed(self) -> bool:
        """Whether it differs from what it was read as."""
        return self.values() != self.original

    def problems(self) -> Mapping[str, FieldError]:
        """What is wrong with the rule, by the place of the condition."""
        try:
            parse(self.definition())
        except Invalid as error:
            return error.fields
        return {}


def opened(key: str, *, name: str, definition: dict[str, Any] | None, version: int | None) -> RuleState:
    """The rule as left in this session, else this person's draft, else as the segment has it, else a beginning."""
    states: dict[str, RuleState] = st.session_state.setdefault("rules", {})
    state = states.get(key)
    is_on_screen = f"{key}.combine" in st.session_state  # and a first change may be in its widgets
    if state is None or (not is_on_screen and not state.is_changed and state.seen_version != version):
        _drop_widgets(key)
        state = _begun(name, definition)
        state.original, state.seen_version = state.values(), version
        draft = form_drafts.load(key)
        if draft is not None:
            state = _continued(state, draft)
        states[key] = state
    return state


def keep(key: str, state: RuleState) -> None:
    """Keep what is written on the server, or forget the draft where it is as it was read."""
    now = (state.values(), state.seen_version) if state.is_changed else None
    if now == state.kept:
        return
    try:
        form_drafts.keep(key, now[0] if now is not None else {}, state.seen_version)
    except CrmError as error:
        state.problem = error
    else:
        state.kept, state.problem, state.draft_at = now, None, None


def forget(key: str) -> None:
    """Drop what was written, and its draft.

    Raises:
        CrmError: the draft cannot be deleted now; it is there again at the next opening.
    """
    st.session_state.get("rules", {}).pop(key, None)
    _drop_widgets(key)
    form_drafts.drop(key)


def fresh(kind: str) -> dict[str, Any]:
    """A condition of the kind to begin with; what has to be chosen is empty."""
    data: dict[str, Any] = {"is": kind}
    for parameter in KINDS[kind].parameters:
        data[parameter.name] = STARTS.get(kind, {}).get(parameter.name, _first(parameter))
    return data


def _begun(name: str, definition: Mapping[str, Any] | None) -> RuleState:
    state = RuleState(name=name)
    if definition is None:
        state.add(state.root)
    else:
        state.fill(state.root, definition)
    return state


def _continued(read: RuleState, draft: SavedDraft) -> RuleState:
    """The rule as it was left; as it was read, where that says the same by now."""
    state = _begun(draft.values["name"], draft.values["definition"])
    state.original = read.original
    if not state.is_changed:
        state.seen_version = read.seen_version
    else:
        state.seen_version, state.draft_at = draft.seen_version, draft.updated_at
    state.kept = (state.values(), draft.seen_version)
    return state


def _drop_widgets(key: str) -> None:
    """What the widgets of a rule held: the next one's have the same names."""
    for held in (kept_choices(), st.session_state):
        for name in [str(name) for name in held if str(name).startswith(f"{key}.")]:
            del held[name]


def _first(parameter: Parameter) -> Any:
    match parameter:
        case Choice(options=options):
            return next(iter(options))
        case Values():
            return []
        case Amount():
            return "0"
        case Days():
            return None
        case Score():
            return 5
