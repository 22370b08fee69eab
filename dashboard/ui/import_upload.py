"""Before an import: what is in the uploaded file, its mapping, its first rows."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from crm_core import imports
from crm_core.errors import CrmError, StorageFailed
from crm_core.imports import FileProfile, Mapping, OrderField
from crm_core.imports.kinds import KindMapping
from dashboard.i18n import _, fmt
from dashboard.ui import import_kinds, import_run
from dashboard.ui.drawing import grid
from dashboard.ui.import_options import written_options
from dashboard.ui.page import Page
from dashboard.ui.plain import plain_error

OWN = "own"
NOT_MAPPED = ""
CHUNK = 2**20


def choose_file(kind: str) -> Any:
    """The file to import, or None; what is too large for the browser has a way in too."""
    one_row = {
        "orders": _("A file with one row per order line: CSV, XLSX, Parquet or JSON"),
        "tickets": _("A file with one row per ticket, or per update of one: CSV, XLSX, Parquet or JSON"),
    }
    upload = st.file_uploader(
        one_row.get(kind, _("A file with one row per record: CSV, XLSX, Parquet or JSON")),
        type=["csv", "tsv", "txt", "xlsx", "parquet", "json", "jsonl"],
        key="data.file",
    )
    if upload is None:
        most = fmt().number(st.get_option("server.maxUploadSize"))
        st.caption(
            _(
                "Up to {n} MB here. A larger file goes in on the server’s command line: `{command}`",
                n=most,
                command=f"rapport import {kind} FILE",
            )
        )
    return upload


def inspect(upload: Any) -> FileProfile:
    """What is in the uploaded file; read once per upload."""
    key = f"data.profile.{upload.file_id}"
    if key not in st.session_state:
        try:
            st.session_state[key] = imports.inspect(_stored(upload), name=upload.name)
        except CrmError as error:
            st.error(plain_error(error), icon=":material/error:")
            st.stop()
    profile: FileProfile = st.session_state[key]
    return profile


def _stored(upload: Any) -> Path:
    """The upload as a file of the workspace, so that its bytes need not stay in memory."""
    name = hashlib.sha256(f"{upload.file_id}{upload.name}".encode()).hexdigest()[:24]
    path = import_run.uploads() / f"{name}{Path(upload.name).suffix.lower()}"
    if not path.exists():
        upload.seek(0)
        try:
            with path.open("wb") as target:
                shutil.copyfileobj(upload, target, CHUNK)  # its buffer would be a copy of the whole file
        except OSError as error:
            path.unlink(missing_ok=True)
            raise StorageFailed("The upload cannot be kept: {reason}", reason=error.strerror or str(error)) from error
    return path


def mapping_of(page: Page, upload: Any, profile: FileProfile, kind: str) -> tuple[Mapping | KindMapping, str | None]:
    """Which column is which field, of a file of that kind, and the preset it is from."""
    if kind == import_kinds.ORDERS:
        return mapping_editor(page, upload, profile)
    return import_kinds.mapping_editor(page, _stored(upload), profile, kind)


def mapping_editor(page: Page, upload: Any, profile: FileProfile) -> tuple[Mapping, str | None]:
    """Which column is which field: a preset, or a choice for each field that starts from a guess."""
    known = {"online-retail": _("Online Retail (UCI)")}
    presets = {OWN: _("Map the columns here")} | {name: known.get(name, name) for name in imports.PRESETS}
    fitting = next(
        (name for name in imports.PRESETS if set(imports.preset(name).columns.values()) <= set(profile.columns)), OWN
    )
    chosen = page.choice("preset", _("Mapping"), presets, default=fitting, kind="select", width=320)
    if chosen != OWN:
        mapping = imports.preset(chosen)
        missing = sorted(set(mapping.columns.values()) - set(profile.columns))
        if missing:
            st.warning(
                _("This file lacks columns of that mapping: {columns}", columns=", ".join(missing)),
                icon=":material/warning:",
            )
        return mapping, chosen
    guessed = imports.guess_mapping(profile)
    columns: dict[str, str] = {}
    with st.container(border=True), st.grid(3, min_column_width=220, gap="small", key="data.fields"):
        for field in imports.ORDER_FIELDS:
            columns[field.name] = _column(profile, field, guessed.columns.get(field.name, NOT_MAPPED))
    st.caption(_("Fields with :red[*] are needed; of unit price and line total, one is enough."))
    mapping = replace(guessed, columns={name: column for name, column in columns.items() if column})
    return written_options(profile, _stored(upload), mapping), None


def _column(profile: FileProfile, field: OrderField, guess: str) -> str:
    key = f"data.map.{profile.fingerprint}.{field.name}"
    if key not in st.session_state:
        st.session_state[key] = guess
    label = f"{_(field.label)} :red[*]" if field.is_required else _(field.label)
    chosen = st.selectbox(
        label,
        [NOT_MAPPED, *profile.columns],
        format_func=lambda column: column or "—",
        key=key,
        help=_(field.description),
    )
    return str(chosen or NOT_MAPPED)


def preview(profile: FileProfile) -> None:
    """What the file is, and its first rows."""
    known = " · ".join(part for part in (profile.format.upper(), profile.encoding) if part)
    st.caption(_("{kind}; the first rows:", kind=known))
    grid(
        pd.DataFrame(profile.rows, columns=list(profile.columns)).head(8),
        key="data.preview",
        alt=_("First rows of the file"),
    )


def actions(upload: Any, mapping: Mapping | KindMapping, preset: str | None) -> None:
    """Check or import, and what to do with bad rows."""
    if isinstance(mapping, KindMapping) and (fields := import_kinds.missing(mapping)):
        st.warning(_("Say which column holds: {fields}", fields=", ".join(fields)), icon=":material/warning:")
        return
    on_error = st.segmented_control(
        _("Rows that cannot be read"),
        ["stop", "skip"],
        format_func=lambda code: {"stop": _("Import nothing"), "skip": _("Leave them out and list them")}[code],
        default="stop",
        required=True,
        key="data.on_error",
    )
    path, name = _stored(upload), upload.name
    with st.container(horizontal=True):
        check = st.button(_("Check without saving"), key="data.check", icon=":material/fact_check:")
        load = st.button(_("Import"), key="data.import", type="primary", icon=":material/upload:")
        st.download_button(
            _("Save this mapping"),
            mapping.to_toml(),
            file_name=f"{mapping.kind}.toml",
            mime="application/toml",
            key="data.toml",
            icon=":material/save:",
            type="tertiary",
            on_click="ignore",
        )
    if check or load:
        import_run.start(import_run.Task(path, name, mapping, preset, on_error or "stop", is_dry_run=check))
        st.rerun()
