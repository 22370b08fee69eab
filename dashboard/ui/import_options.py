"""How a file writes dates and amounts: what was found by looking, and the reader's word where that is not enough."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import streamlit as st

from crm_core import imports
from crm_core.imports import FileProfile, Mapping, Written
from dashboard.i18n import _

AUTO = "auto"
TYPED = {"parquet"}
"""Formats whose dates and numbers are no texts, so that there is nothing to choose."""


def written_options(profile: FileProfile, path: Path, mapping: Mapping) -> Mapping:
    """The mapping with what the reader says of dates and decimal signs; left to the file where nothing is chosen."""
    if profile.format in TYPED or "ordered_at" not in mapping.columns:
        return mapping
    found = _found(profile, path, mapping)
    days = {AUTO: _days_found(found), "day": _("Day first, 31/12/2024"), "month": _("Month first, 12/31/2024")}
    signs = {AUTO: _sign_found(found), ".": _("Point, 1,234.50"), ",": _("Comma, 1.234,50")}
    with st.container(horizontal=True, key="data.written"):
        day = _choice("days", _("Dates"), days, profile)
        sign = _choice("decimal", _("Decimal sign"), signs, profile)
    options = replace(
        mapping.options, day_first=None if day == AUTO else day == "day", decimal=None if sign == AUTO else sign
    )
    return replace(mapping, options=options)


def _found(profile: FileProfile, path: Path, mapping: Mapping) -> Written:
    """What the file's first rows show; looked up once for each choice of columns."""
    wanted = ("ordered_at", "quantity", "unit_price", "line_total", "discount")
    columns = tuple((name, mapping.columns[name]) for name in wanted if name in mapping.columns)
    key = f"data.written.{profile.fingerprint}"
    kept: tuple[object, Written] | None = st.session_state.get(key)
    if kept is None or kept[0] != columns:
        kept = columns, imports.find_written(path, mapping, name=profile.name)
        st.session_state[key] = kept
    return kept[1]


def _days_found(found: Written) -> str:
    if found.is_day_open:
        return _("Not clear from the file; choose")
    if found.day_first is None:
        return _("Found: the year comes first")
    return _("Found: day first") if found.day_first else _("Found: month first")


def _sign_found(found: Written) -> str:
    if found.decimal is None:
        return _("Not clear from the file; choose")
    return _("Found: comma") if found.decimal == "," else _("Found: point")


def _choice(name: str, label: str, options: dict[str, str], profile: FileProfile) -> str:
    key = f"data.{name}.{profile.fingerprint}"
    if key not in st.session_state:
        st.session_state[key] = AUTO
    return str(st.selectbox(label, list(options), format_func=options.__getitem__, key=key, width=280))
