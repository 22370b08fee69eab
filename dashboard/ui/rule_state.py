"""A rule while it is being written: its conditions as JSON, kept in this browser session until it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from crm_core.analytics.segment_rules import KINDS, parse
from crm_core.analytics.segment_rules.parameters import Amount, Choice, Days, Parameter, Score, Values
from crm_core.errors import FieldError, Invalid

FIRST_KIND = "metric"
STARTS: dict[str, dict[str, Any]] = {
    "metric": {"metric": "net_sales", "days": 365, "op": "at_least", "value": "500"},
    "bought": {"days": 365},
}
"""What a new condition begins with, where the first of everything would be an odd one."""


@dataclass
class Written:
    """One condition, or a group written elsewhere, with a number that its widgets are named by."""

    number: int
    data: dict[str, Any]

    @property
    def is_group(self) -> bool:
        return "is" not in self.data


@dataclass
class RuleState:
    """The rule being written; `seen_version` is that of the segment it was read from, None for a new one."""

    name: str = ""
    combine: str = "all"
    parts: list[Written] = field(default_factory=list)
    seen_version: int | None = None
    last_number: int = 0

    def add(self, data: dict[str, Any] | None = None) -> None:
        """Add a condition at the end, or one to begin with."""
        self.last_number += 1
        self.parts.append(Written(self.last_number, data or fresh(FIRST_KIND)))

    def remove(self, number: int) -> None:
        """Take the condition with that number out."""
        self.parts = [part for part in self.parts if part.number != number]

    def definition(self) -> dict[str, Any]:
        """The rule as JSON, valid or not."""
        return {self.combine: [part.data for part in self.parts]}

    def problems(self) -> Mapping[str, FieldError]:
        """What is wrong with the rule, by the place of the condition."""
        try:
            parse(self.definition())
        except Invalid as error:
            return error.fields
        return {}


def opened(key: str, *, name: str, definition: dict[str, Any] | None, version: int | None) -> RuleState:
    """The rule as left in this session, else as the segment has it, else one condition to begin with."""
    states: dict[str, RuleState] = st.session_state.setdefault("rules", {})
    if key not in states:
        state = RuleState(name=name, seen_version=version)
        for combine, parts in (definition or {}).items():
            state.combine = combine
            for part in parts:
                state.add(dict(part))
        if not state.parts:
            state.add()
        states[key] = state
    return states[key]


def forget(key: str) -> None:
    """Drop what was written."""
    st.session_state.get("rules", {}).pop(key, None)


def fresh(kind: str) -> dict[str, Any]:
    """A condition of the kind to begin with; what has to be chosen is empty."""
    data: dict[str, Any] = {"is": kind}
    for parameter in KINDS[kind].parameters:
        data[parameter.name] = STARTS.get(kind, {}).get(parameter.name, _first(parameter))
    return data


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
