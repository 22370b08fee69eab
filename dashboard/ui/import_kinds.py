"""Before an import of customers, products, tickets, deals or needs: which column is which, and what words stand for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from crm_core.imports import FileProfile, kinds
from crm_core.imports.kinds import KIND_FIELDS, KindField, KindMapping, KindRules
from dashboard import session
from dashboard.i18n import _
from dashboard.ui.page import Page

ORDERS = "orders"
OWN = "own"
NOT_MAPPED = ""


def kind_choice(page: Page) -> str:
    """What the file holds."""
    options = {
        ORDERS: _("Orders"),
        "customers": _("Customers"),
        "products": _("Products"),
        "tickets": _("Tickets"),
        "deals": _("Deals"),
        "needs": _("Needs"),
    }
    return page.choice("kind", _("What the file holds"), options, default=ORDERS, kind="select", width=240)


def mapping_editor(page: Page, path: Path, profile: FileProfile, kind: str) -> tuple[KindMapping, str | None]:
    """Which column is which field: a preset, or a choice for each field that starts from a guess."""
    names = {
        "incident-log": _("Incident log (ServiceNow)"),
        "complaints": _("Consumer complaints (CFPB)"),
        "sales-pipeline": _("Sales pipeline (Maven)"),
    }
    presets = {name: kinds.kind_preset(name) for name in kinds.KIND_PRESETS}
    mine = {name: mapping for name, mapping in presets.items() if mapping.kind == kind}
    options = {OWN: _("Map the columns here")} | {name: names[name] for name in mine}
    fits = [name for name, mapping in mine.items() if set(mapping.columns.values()) <= set(profile.columns)]
    chosen = OWN
    if mine:
        default = fits[0] if fits else OWN
        chosen = page.choice(f"preset_{kind}", _("Mapping"), options, default=default, kind="select", width=320)
    if chosen != OWN:
        # Only this file was uploaded: what it names is made from its own rows.
        return replace(mine[chosen], companions={}), chosen
    guessed = kinds.suggested(kind, profile.columns)
    columns: dict[str, str] = {}
    with st.container(border=True), st.grid(3, min_column_width=220, gap="small", key="data.fields"):
        for item in KIND_FIELDS[kind]:
            columns[item.name] = _column(profile, kind, item, guessed.get(item.name, NOT_MAPPED))
    st.caption(_("Fields with :red[*] are needed."))
    mapping = KindMapping(kind, {name: column for name, column in columns.items() if column})
    mapping = replace(mapping, rules=KindRules(is_log=_is_log(path, profile, mapping)))
    return replace(mapping, codes=_codes(path, profile, mapping)), None


def _is_log(path: Path, profile: FileProfile, mapping: KindMapping) -> bool:
    """Whether each row is an update, which only tickets with a time of the update can be."""
    if not {"number", "updated_at"} <= mapping.columns.keys():
        return False
    key = f"data.log.{profile.fingerprint}"
    if key not in st.session_state:
        st.session_state[key] = kinds.repeats(path, profile.name, mapping, "number")
    return st.checkbox(
        _("One row per update of a ticket"),
        key=key,
        help=_("The last row of a number is its state, the earlier ones are its history."),
    )


def missing(mapping: KindMapping) -> list[str]:
    """The needed fields that no column fills."""
    needed = (item for item in KIND_FIELDS[mapping.kind] if item.is_required)
    return [_(kinds.LABELS[item.name]) for item in needed if item.name not in mapping.columns]


def _column(profile: FileProfile, kind: str, item: KindField, guess: str) -> str:
    key = f"data.map.{kind}.{profile.fingerprint}.{item.name}"
    if key not in st.session_state:
        st.session_state[key] = guess
    label = _(kinds.LABELS[item.name])
    chosen = st.selectbox(
        f"{label} :red[*]" if item.is_required else label,
        [NOT_MAPPED, *profile.columns],
        format_func=lambda column: column or "—",
        key=key,
    )
    return str(chosen or NOT_MAPPED)


def _codes(path: Path, profile: FileProfile, mapping: KindMapping) -> dict[str, dict[str, str]]:
    """What the file's own words stand for, where they are none of ours."""
    found: dict[str, dict[str, str]] = {}
    for field in kinds.CODED.get(mapping.kind, ()):
        if field not in mapping.columns:
            continue
        with session.workspace().read() as database_session:
            codes = kinds.known_codes(database_session, mapping.kind, field)
        words = [word for word in kinds.words_in(path, profile.name, mapping, field) if word not in codes]
        if not words:
            continue
        st.markdown(f"**{_(kinds.LABELS[field])}**")
        with st.grid(3, min_column_width=220, gap="small", key=f"data.codes.{field}"):
            found[field] = {word: _code(profile, field, word, codes) for word in words}
    return {field: {word: code for word, code in codes.items() if code} for field, codes in found.items()}


def _code(profile: FileProfile, field: str, word: str, codes: dict[str, str]) -> str:
    key = f"data.code.{profile.fingerprint}.{field}.{word}"
    if key not in st.session_state:
        same = (code for code, name in codes.items() if word.casefold() in (code.casefold(), name.casefold()))
        st.session_state[key] = next(same, NOT_MAPPED)
    label = _("“{word}” stands for", word=word)
    shown = {NOT_MAPPED: "—"} | {code: _(name) for code, name in codes.items()}
    return str(st.selectbox(label, list(shown), format_func=shown.__getitem__, key=key) or NOT_MAPPED)
