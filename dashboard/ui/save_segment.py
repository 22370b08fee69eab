"""Keep a group of customers as a saved segment, from wherever one is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from crm_core.access import Permission
from crm_core.db.models import SegmentKind
from crm_core.errors import CrmError, Invalid
from crm_core.records import saved_segments
from crm_core.records.marketing_fields import MAX_NAME
from crm_core.translation import translate_fields
from dashboard import nav, session
from dashboard.i18n import _, texts
from dashboard.ui.plain import plain_error, unlinked


def save_as_segment(
    key: str,
    *,
    name: str,
    kind: SegmentKind,
    definition: dict[str, Any] | None = None,
    member_ids: Iterable[int] | None = None,
    is_live: bool = True,
) -> None:
    """A button that asks for a name and saves the group, for those who may; then the new segment's page opens.

    `definition` is the rule it follows; `member_ids` its list, where it is not live.
    """
    if not session.actor().may(Permission.SEGMENTS_SAVE):
        return
    with st.popover(_("Save as segment"), icon=":material/bookmark_add:", key=f"{key}.save_segment"):
        field = f"{key}.segment_name"
        if field not in st.session_state:
            st.session_state[field] = name[:MAX_NAME]
        st.text_input(_("Name"), key=field, max_chars=MAX_NAME)
        if not is_live:
            st.caption(_("The customers listed now are kept; who belongs does not change by itself."))
        else:
            st.caption(_("The segment follows its rule: who belongs changes with their orders."))
        if st.button(_("Save segment"), key=f"{key}.segment_save", type="primary", icon=":material/check:"):
            try:
                with session.workspace().write(session.actor(), "form") as database_session:
                    saved = saved_segments.create(
                        session=database_session,
                        actor=session.actor(),
                        values={"name": st.session_state[field], "definition": definition},
                        kind=kind,
                        is_live=is_live,
                        member_ids=member_ids,
                    )
            except Invalid as error:
                st.error(unlinked(" ".join(translate_fields(error, texts()).values())), icon=":material/error:")
            except CrmError as error:
                st.error(plain_error(error), icon=":material/error:")
            else:
                st.session_state["flash"] = _("The segment was saved.")
                st.switch_page(nav.page("saved_segment"), query_params={"id": str(saved.id)})
