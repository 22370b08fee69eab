"""A table as a CSV or XLSX file, made when it is asked for, for those who may export."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd
import streamlit as st

from crm_core.access import Permission
from crm_core.reports import spreadsheet
from crm_core.warehouse import Tables
from dashboard import session
from dashboard.i18n import _, fmt


def downloads(
    make: Callable[[], pd.DataFrame],
    *,
    file_name: str,
    key: str,
    permission: Permission = Permission.CUSTOMERS_EXPORT,
) -> None:
    """A button for each kind of file of what `make` gives; nothing for who may not export. Both files hold the same
    frame, its instants as the workspace's clock shows them. `file_name` has no suffix."""
    actor, timezone = session.actor(), fmt().timezone
    if not actor.may(permission):
        return

    def made(kind: str) -> bytes:
        actor.require(permission)
        return spreadsheet.file_of(spreadsheet.in_zone(make(), timezone), kind)

    labels = {"csv": _("Download CSV"), "xlsx": _("Download XLSX")}
    for kind, label in labels.items():
        st.download_button(
            label,
            partial(made, kind),
            file_name=f"{file_name}.{kind}",
            mime=spreadsheet.MIME[kind],
            key=key if kind == "csv" else f"{key}.{kind}",
            icon=":material/download:",
            on_click="ignore",
        )


def rows_downloads(
    rows: Callable[[Tables], pd.DataFrame], *, titles: Mapping[str, str], file_name: str, key: str
) -> None:
    """The files of what `rows` finds in this person's tables; `titles` are messages by column, and others are left
    out."""
    workspace, scope = session.workspace(), session.actor().scope
    said = {name: _(title) for name, title in titles.items()}

    def make() -> pd.DataFrame:
        with workspace.warehouse.open() as snapshot:
            found = rows(snapshot.tables(scope))
        return found[[name for name in found.columns if name in said]].rename(columns=said)

    downloads(make, file_name=file_name, key=key)
