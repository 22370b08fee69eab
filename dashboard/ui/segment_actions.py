"""What can be done with a saved segment, by those who may."""

from __future__ import annotations

from typing import Any

import streamlit as st

from crm_core.access import Permission
from crm_core.db.models import SavedSegment
from crm_core.errors import CrmError
from crm_core.records import campaigns, saved_segments
from crm_core.records.marketing_fields import MAX_NAME
from dashboard import session
from dashboard.i18n import _
from dashboard.ui.page import Page
from dashboard.ui.plain import plain_error


def actions(page: Page, segment: SavedSegment) -> None:
    """What can be done with it, by those who may."""
    with st.container(horizontal=True, key="segment_actions"):
        if page.may(Permission.CAMPAIGNS_EDIT) and not segment.is_removed:
            make = st.button(_("Make a campaign"), key="segment.campaign", icon=":material/campaign:", type="primary")
            if make:
                page.go("campaign", id=_draft(segment))
        if not page.may(Permission.SEGMENTS_SAVE):
            return
        if segment.is_removed:
            st.button(
                _("Bring back"), key="segment.restore", icon=":material/undo:", on_click=_restore, args=(segment.id,)
            )
            return
        if segment.is_live:
            if st.button(_("Edit rule"), key="segment.edit", icon=":material/edit:"):
                page.go("segment_rule", id=segment.id)
        elif segment.definition is not None:
            st.button(
                _("Follow the rule again"),
                key="segment.thaw",
                icon=":material/sync:",
                on_click=_thaw,
                args=(segment.id,),
            )
        if not segment.is_removed:
            st.button(_("Remove"), key="segment.remove", icon=":material/delete:", on_click=_remove, args=(segment.id,))


def freeze_button(segment: SavedSegment, ids: list[int]) -> None:
    """Keep today's members of a live segment."""
    may = session.actor().may(Permission.SEGMENTS_SAVE) and session.actor().scope.is_everything
    if segment.is_live and may:
        st.button(
            _("Keep these members"),
            key="segment.freeze",
            icon=":material/ac_unit:",
            help=_("From now on these customers are the segment, whoever meets the rule later."),
            on_click=_freeze,
            args=(segment.id, ids),
        )


def _draft(segment: SavedSegment) -> int:
    with session.workspace().write(session.actor(), "form") as database_session:
        return campaigns.create(
            session=database_session,
            actor=session.actor(),
            values={"name": _("Campaign for {segment}", segment=segment.name)[:MAX_NAME], "segment_id": segment.id},
        ).id


def _freeze(segment_id: int, ids: list[int]) -> None:
    def work(database_session: Any) -> None:
        saved_segments.freeze(session=database_session, actor=session.actor(), segment_id=segment_id, member_ids=ids)

    _change(work, _("The members are kept."))


def _thaw(segment_id: int) -> None:
    def work(database_session: Any) -> None:
        saved_segments.thaw(session=database_session, actor=session.actor(), segment_id=segment_id)

    _change(work, _("The segment follows its rule."))


def _remove(segment_id: int) -> None:
    def work(database_session: Any) -> None:
        saved_segments.remove(session=database_session, actor=session.actor(), segment_id=segment_id)

    _change(work, _("The segment was removed."))


def _restore(segment_id: int) -> None:
    def work(database_session: Any) -> None:
        saved_segments.restore(session=database_session, actor=session.actor(), segment_id=segment_id)

    _change(work, _("The segment is back."))


def _change(work: Any, done: str) -> None:
    try:
        with session.workspace().write(session.actor(), "form") as database_session:
            work(database_session)
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")
    else:
        st.toast(done, icon=":material/check_circle:")
