"""The filters of a list of records, each kept in the address by its code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from crm_core.records import choosable
from crm_core.records.distinct import distinct_values
from crm_core.records.field_specs import Spec
from dashboard import session
from dashboard.i18n import _
from dashboard.ui.page import Page
from dashboard.ui.records_form import choices, label_of
from dashboard.ui.records_views import View

ANY, NONE = "any", "none"


def draw(page: Page, view: View, *, hidden: frozenset[str], defaults: Mapping[str, str]) -> dict[str, Any]:
    """The filters chosen, as the list takes them; `defaults` are the codes of those set from the beginning."""
    filters: dict[str, Any] = {}
    for name in view.kind.filters:
        if name in hidden:
            continue
        label, options = _options(view, name)
        if options is None:
            filters |= _by_address(name)
            continue
        labels = {ANY: _("Any"), **{str(code): text for code, text in options.items()}}
        chosen = page.choice(name, label, labels, default=defaults.get(name, ANY), kind="select")
        if chosen != ANY:
            filters[name] = next(code for code in options if str(code) == chosen)
    return {name: None if value == NONE else value for name, value in filters.items()}


def said(view: View, filters: Mapping[str, Any]) -> list[str]:
    """What the list is narrowed to, in words: the filters themselves are folded away."""
    words = []
    for name, value in filters.items():
        label, options = _options(view, name)
        if options is not None:
            words.append(_("{label}: {value}", label=label, value=options.get(NONE if value is None else value, "–")))
        else:
            target = str(view.kind.specs[name].target)
            words.append(_("{label}: {value}", label=label, value=label_of(target, value)))
    return words


def _options(view: View, name: str) -> tuple[str, dict[Any, str] | None]:
    """What the filter is called, and what it offers; None where that is found by typing and comes with the address."""
    if name in view.derived:
        label, texts = view.derived[name]
        return _(label), {code: _(text) for code, text in texts.items()}
    spec = view.kind.specs[name]
    return _(spec.label), _offered(view, spec)


def _offered(view: View, spec: Spec) -> dict[Any, str] | None:
    if spec.choices:
        return {code: _(text) for code, text in spec.choices.items()}
    if spec.target in choosable.FEW:
        unset = {NONE: _("Not set")} if spec.kind == "reference" else {}
        return unset | choices(str(spec.target))
    if spec.kind == "yes_no":
        return {True: _("Yes"), False: _("No")}
    if spec.kind == "reference":
        return None
    kind = view.kind
    with session.workspace().read() as database_session:
        found = distinct_values(database_session, kind.attribute(spec.name), kind.in_scope(session.actor().scope))
    return {value: value for value in found}


def _by_address(name: str) -> dict[str, int]:
    given = st.query_params.get(name, "")
    return {name: int(given)} if given.isdecimal() else {}
