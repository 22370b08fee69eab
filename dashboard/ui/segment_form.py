"""Name and note of a saved segment, in a form."""

from __future__ import annotations

from typing import Any

import streamlit as st

from crm_core.access import Permission
from crm_core.db.models import SavedSegment
from crm_core.records import saved_segments
from dashboard import session
from dashboard.i18n import _
from dashboard.ui.form_state import Field, opened
from dashboard.ui.record_form import record_form


@st.fragment
def name_and_note(segment: SavedSegment) -> None:
    """The form; who may not save segments reads the note above."""
    if not session.actor().may(Permission.SEGMENTS_SAVE):
        st.caption(_("Your role may look at segments, not change them."))
        return
    form = f"saved_segment:{segment.id}"

    def save(values: dict[str, Any], version: int | None) -> bool:
        with session.workspace().write(session.actor(), "form") as database_session:
            saved_segments.update(
                session=database_session,
                actor=session.actor(),
                segment_id=segment.id,
                seen_version=version or segment.version,
                values=values,
            )
        return True

    state = opened(form, {"name": segment.name, "note": segment.note}, segment.version)
    rows = [[Field("name", _("Name"), is_required=True)], [Field("note", _("Note"), "long_text")]]
    if record_form(form, rows, state, save, save_label=_("Save changes")):
        st.session_state["flash"] = _("Saved.")
        st.rerun()
