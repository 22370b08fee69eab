"""The form of any kind of record, from its declared fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from crm_core.records import choosable, record_list, record_service
from crm_core.records.field_specs import Spec
from crm_core.records.record_kind import RecordKind
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.ui import done, form_numbers
from dashboard.ui.form_state import Field, Kind, opened
from dashboard.ui.record_form import record_form

_KINDS: Mapping[str, Kind] = {
    "text": "text", "long_text": "long_text", "email": "email", "phone": "phone", "choice": "select", "day": "day",
    "instant": "instant", "money": "amount", "whole": "whole", "share": "percent", "yes_no": "yes_no",
}  # fmt: skip


def field_of(spec: Spec, held: Any = None) -> Field:
    """The field of a form for a declared one; `held` is what the record holds, which can always stay."""
    common: dict[str, Any] = {"is_required": spec.is_required}
    name, label = spec.name, _(spec.label)
    if spec.target in choosable.FEW:
        options = choices(spec.target)
        if held is not None and held not in options:
            options[held] = label_of(spec.target, held) if isinstance(held, int) else str(held)
        return Field(name, label, "select", options, **common)
    if spec.kind == "reference":
        target = str(spec.target)
        return Field(name, label, "reference", target=target, said=lambda value: label_of(target, value), **common)
    said: dict[str, Callable[[Any], str]] = {
        "money": fmt().money, "instant": fmt().instant, "day": fmt().date, "share": _percent,
    }  # fmt: skip
    words = {code: _(text) for code, text in spec.choices.items()}
    return Field(name, label, _KINDS[spec.kind], words or None, said=said.get(spec.kind), **common)


def choices(table: str) -> dict[Any, str]:
    """The rows of a small table, named for this reader: the names a workspace begins with are translated."""
    with session.workspace().read() as database_session:
        found = choosable.choices(session=database_session, actor=session.actor(), table=table)
    return {code: _(name) if isinstance(code, str) else name for code, name in found.items()}


def label_of(table: str, row_id: int) -> str:
    """What a record another one points to is called."""
    with session.workspace().read() as database_session:
        return record_list.label_of(database_session, table, row_id)


def rows_of(kind: RecordKind, layout: Sequence[Sequence[str]], values: Mapping[str, Any]) -> list[list[Field]]:
    """The fields side by side as the layout says, the others below, each in a row of its own."""
    laid = {name for row in layout for name in row}
    rest = [(spec.name,) for spec in kind.fields if spec.name not in laid]
    return [[field_of(kind.specs[name], values.get(name)) for name in row] for row in (*layout, *rest)]


def values_of(kind: RecordKind, row: Any) -> dict[str, Any]:
    """The record's values as the form starts from them."""
    return {name: started(spec, getattr(row, name)) for name, spec in kind.specs.items()}


def started(spec: Spec, value: Any) -> Any:
    """A value as a form holds it: money as the digits one types."""
    return form_numbers.shown("amount", value) if spec.kind == "money" and value is not None else value


def edit_form(
    kind: RecordKind, row: Any, layout: Sequence[Sequence[str]], *, shortcut: str | None = "Ctrl+Enter"
) -> None:
    """The form of a record; a save is announced with its undo, and the page drawn anew."""
    form = f"{kind.table}:{row.id}"
    values = values_of(kind, row)

    def save(touched: dict[str, Any], version: int | None) -> bool:
        actor = session.actor()
        with session.workspace().write(actor, "form") as database_session:
            saved = record_service.update(
                session=database_session,
                actor=actor,
                kind=kind,
                row_id=row.id,
                seen_version=version or row.version,
                values=touched,
            )
            done.note(_saved(kind, saved.merged), done.change_set_of(database_session))
        return True

    state = opened(form, values, row.version)
    rows = rows_of(kind, layout, values | state.touched)
    if record_form(form, rows, state, save, save_label=_("Save changes"), shortcut=shortcut):
        st.rerun()


def new_form(
    kind: RecordKind, layout: Sequence[Sequence[str]], given: Mapping[str, Any], *, save_label: str
) -> int | None:
    """The form of a new record that begins with `given`; the id of the one just added, once."""
    form = f"{kind.table}:new"
    if given:  # what is added to a customer is another draft than what is added to none
        form += "".join(f":{name}={value}" for name, value in sorted(given.items()))
    values = dict.fromkeys(kind.specs) | dict(kind.defaults) | dict(given)

    def save(touched: dict[str, Any], _version: int | None) -> int:
        actor = session.actor()
        filled = {name: value for name, value in (values | touched).items() if value is not None}
        with session.workspace().write(actor, "form") as database_session:
            made = record_service.create(session=database_session, actor=actor, kind=kind, values=filled)
            done.note(_("Added."), done.change_set_of(database_session))
            return int(made.id)

    state = opened(form, values, None)
    added = record_form(form, rows_of(kind, layout, values | state.touched), state, save, save_label=save_label)
    return None if added is None else int(added)


def _saved(kind: RecordKind, merged: Sequence[str]) -> str:
    if not merged:
        return _("Saved.")
    fields = ", ".join(_(kind.specs[name].label) for name in merged)
    return _("Saved. Someone else had changed {fields} meanwhile; both are kept.", fields=fields)


def _percent(basis_points: int) -> str:
    return fmt().percent(basis_points / 10_000)
