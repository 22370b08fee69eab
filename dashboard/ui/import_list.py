"""Earlier imports, newest first, and the way to take one back."""

from __future__ import annotations

import streamlit as st

from crm_core import imports
from dashboard import session
from dashboard.i18n import _, fmt, ngettext
from dashboard.ui import drawing
from dashboard.ui.import_run import undo
from dashboard.ui.plain import plain


def earlier_imports() -> None:
    """Draw the list."""
    with session.workspace().read() as database_session:
        found = imports.list_imports(session=database_session, actor=session.actor())
    if not found:
        drawing.empty(
            _("No imports yet"),
            _("Files you import are listed here, and each can be taken back."),
            icon=":material/history:",
        )
        return
    for item in found:
        with drawing.row(f"import_{item.import_id}"):
            created = ngettext("{n} row created", "{n} rows created", item.counts.get("created", 0))
            facts = " · ".join((fmt().instant(item.at), plain(item.actor_name), created))
            st.markdown(f"**{plain(item.file_name)}**  \n:gray[{facts}]", width="content")
            if item.is_undone:
                st.badge(_("taken back"), color="gray")
            elif item.is_undoable:
                st.button(
                    _("Take back"),
                    key=f"undo_import_{item.import_id}",
                    icon=":material/undo:",
                    on_click=undo,
                    args=(item.import_id,),
                )
