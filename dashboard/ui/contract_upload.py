"""A file of contracts: taken in, its columns chosen, and read; nothing of it is stored."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from crm_core import imports
from crm_core.analytics.contract_report import ContractReport, contract_report
from crm_core.config import zone
from crm_core.errors import CrmError
from crm_core.imports import FileProfile
from crm_core.imports.contract_file import ByDates, ByDuration, ContractColumns, Contracts, read_contracts
from dashboard import session
from dashboard.i18n import _
from dashboard.ui.drawing import grid
from dashboard.ui.page import Page
from dashboard.ui.plain import plain_error

T = TypeVar("T")

NOT_CHOSEN = ""
PREVIEWED = 5
_GUESSES = {
    "start": ("start", "startdate", "startedon", "begin", "signedon", "开始日期", "起始日期"),
    "end": ("end", "enddate", "endedon", "cancelledon", "churnedon", "结束日期", "终止日期"),
    "duration": ("tenure", "duration", "months", "days", "时长", "在网时长"),
    "has_ended": ("churn", "churned", "ended", "hasended", "cancelled", "流失", "是否流失"),
}


def read(page: Page) -> tuple[Contracts, ContractReport] | None:
    """The contracts of the file that was put here, with their report; None until its columns are chosen."""
    upload = st.file_uploader(
        _("A file with one row per contract: CSV, XLSX, Parquet or JSON"),
        type=["csv", "tsv", "txt", "xlsx", "parquet", "json", "jsonl"],
        key="contracts.file",
    )
    if upload is None:
        st.caption(
            _(
                "Each row has a first and a last day, which is empty while the contract runs; or how long it has "
                "lasted and whether it ended. A model learns from the other columns. The file is read and not kept."
            )
        )
        return None
    try:
        profile = _once(f"contracts.profile.{upload.file_id}", lambda: _profile(upload))
        _preview(profile)
        columns = _columns(page, profile)
        if columns is None:
            return None
        with st.spinner(_("Following contracts")):
            return _once(f"contracts.report.{upload.file_id}.{columns}", lambda: _read(upload, columns))
    except CrmError as error:
        st.error(plain_error(error), icon=":material/error:")
        return None


def _once(key: str, compute: Callable[[], T]) -> T:
    """What is computed once a file and choice; only the newest of each kind is held."""
    kind = key.split(".")[1]
    held: dict[str, tuple[str, Any]] = st.session_state.setdefault("contracts.held", {})
    if kind not in held or held[kind][0] != key:
        held[kind] = (key, compute())
    found: T = held[kind][1]
    return found


def _profile(upload: Any) -> FileProfile:
    with _on_disk(upload) as path:
        return imports.inspect(path, name=upload.name)


def _read(upload: Any, columns: ContractColumns) -> tuple[Contracts, ContractReport]:
    today = datetime.now(zone(session.workspace().timezone)).date()
    with _on_disk(upload) as path:
        contracts = read_contracts(path, upload.name, columns, today=today)
    return contracts, contract_report(contracts)


@contextmanager
def _on_disk(upload: Any) -> Iterator[Path]:
    """The upload as a file, for as long as it is read."""
    with tempfile.TemporaryDirectory(prefix="contracts-") as folder:
        path = Path(folder) / f"contracts{Path(upload.name).suffix.lower()}"
        upload.seek(0)
        with path.open("wb") as target:
            shutil.copyfileobj(upload, target)
        yield path


def _preview(profile: FileProfile) -> None:
    grid(
        pd.DataFrame(profile.rows, columns=list(profile.columns)).head(PREVIEWED),
        key="contracts.preview",
        alt=_("First rows of the file"),
    )


def _columns(page: Page, profile: FileProfile) -> ContractColumns | None:
    """Which columns say how long; None while not both are chosen."""
    kinds = {"dates": _("A first and a last day"), "duration": _("How long, and whether it ended")}
    guess = {field: _guess(profile.columns, names) for field, names in _GUESSES.items()}
    default = "dates" if guess["start"] and guess["end"] else "duration"
    kind = page.choice("contract_kind", _("The file holds"), kinds, default=default)
    with st.container(horizontal=True):
        if kind == "dates":
            one = _column(profile, "start", _("First day"), guess["start"])
            other = _column(profile, "end", _("Last day, empty while it runs"), guess["end"])
        else:
            one = _column(profile, "duration", _("How long it has lasted"), guess["duration"])
            other = _column(profile, "has_ended", _("Whether it ended (yes or no)"), guess["has_ended"])
    if NOT_CHOSEN in (one, other):
        st.caption(_("Choose both columns."))
        return None
    return ByDates(one, other) if kind == "dates" else ByDuration(one, other)


def _column(profile: FileProfile, field: str, label: str, guess: str) -> str:
    key = f"contracts.map.{profile.fingerprint}.{field}"
    if key not in st.session_state:
        st.session_state[key] = guess
    chosen = st.selectbox(
        label, [NOT_CHOSEN, *profile.columns], format_func=lambda column: column or "—", key=key, width=300
    )
    return str(chosen or NOT_CHOSEN)


def _guess(columns: Sequence[str], names: Sequence[str]) -> str:
    plain = {"".join(sign for sign in column.casefold() if sign.isalnum()): column for column in reversed(columns)}
    return next((plain[name] for name in names if name in plain), NOT_CHOSEN)
