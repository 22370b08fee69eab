"""A table as a CSV file, made when it is asked for, for those who may export."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from crm_core.access import Permission
from crm_core.reports import spreadsheet
from crm_core.warehouse import Tables
from dashboard import session
from dashboard.i18n import _


def csv_download(
    rows: Callable[[Tables], pd.DataFrame], *, titles: Mapping[str, str], file_name: str, key: str
) -> None:
    """A button that gives what `rows` finds in this person's tables; `titles` are messages by column."""
    if not session.actor().may(Permission.CUSTOMERS_EXPORT):
        return
    workspace, scope = session.workspace(), session.actor().scope
    said = {name: _(title) for name, title in titles.items()}

    def make() -> bytes:
        with workspace.warehouse.open() as snapshot:
            return spreadsheet.csv_bytes(rows(snapshot.tables(scope)).rename(columns=said))

    st.download_button(
        _("Download CSV"),
        make,
        file_name=file_name,
        mime="text/csv",
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )
