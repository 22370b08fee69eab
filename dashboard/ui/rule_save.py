"""How many meet the rule being written, and saving it."""

from __future__ import annotations

import streamlit as st

from crm_core.analytics.membership import Who
from crm_core.analytics.saved_members import SavedSizesParams, saved_sizes
from crm_core.analytics.segment_rules import parse, written
from crm_core.db.models import SegmentKind
from crm_core.errors import Conflict, CrmError, Invalid
from crm_core.records import saved_segments
from crm_core.records.marketing_fields import MAX_NAME
from crm_core.translation import translate_fields
from dashboard import session
from dashboard.i18n import _, fmt, joined, ngettext, texts
from dashboard.ui.page import Page
from dashboard.ui.plain import plain, plain_error, unlinked
from dashboard.ui.rule_state import RuleState, forget, keep
from dashboard.ui.who import looked_at


def live_count(page: Page, state: RuleState) -> None:
    """The rule in words and how many meet it; while it is not finished, what is missing."""
    if state.problems():
        page.headline(_("The rule is not finished."))
        st.caption(_("Fill in the conditions below; how many customers meet them shows here."))
        return
    rule = parse(state.definition())
    report = page.run(saved_sizes, SavedSizesParams(Who.by_rule(written(rule)), (looked_at(page),)))
    size = int(report.sizes["customers"].iloc[-1])
    page.headline(
        _(
            "{customers} of {all}.",
            customers=ngettext("{n} customer", "{n} customers", size),
            all=fmt().number(report.everybody),
        )
    )
    st.caption(plain(_("Who belongs: {rule}.", rule=rule.words(texts(), fmt()))))


def draft_notice(state: RuleState) -> None:
    """That the rule below is one the reader left unsaved, and from when; its place stays when it goes."""
    notice = st.empty()
    if state.draft_at is not None and state.is_changed:
        notice.info(
            _(
                "You have unsaved changes from {time}. They are below; save or discard them.",
                time=fmt().instant(state.draft_at),
            ),
            icon=":material/edit_note:",
        )


def foot(page: Page, key: str, state: RuleState, segment_id: int | None) -> None:
    """The name of a new segment, and the buttons; what is written is kept as a draft."""
    if segment_id is None:
        field = f"{key}.name"
        if field not in st.session_state:
            st.session_state[field] = state.name
        state.name = st.text_input(_("Name of the segment"), key=field, max_chars=MAX_NAME)
    keep(key, state)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("Save segment"), key=f"{key}.save", type="primary", icon=":material/check:"):
            _save(page, key, state, segment_id)
        if st.button(_("Discard"), key=f"{key}.discard", icon=":material/undo:"):
            _discard(page, key, segment_id)
        if state.is_changed:
            said = _("Not saved yet; kept as a draft") if state.problem is None else _("Not saved yet; only here")
            st.caption(f":orange[:material/edit:] {said}")
    if state.problem is not None:
        st.warning(plain_error(state.problem), icon=":material/hourglass_top:")


def _discard(page: Page, key: str, segment_id: int | None) -> None:
    try:
        forget(key)
    except CrmError as error:
        st.error(plain_error(error), icon=":material/error:")
    else:
        page.go("saved_segments") if segment_id is None else page.go("saved_segment", id=segment_id)


def _save(page: Page, key: str, state: RuleState, segment_id: int | None) -> None:
    try:
        definition = written(parse(state.definition()))
        with session.workspace().write(session.actor(), "form") as database_session:
            if segment_id is None:
                saved_id = saved_segments.create(
                    session=database_session,
                    actor=session.actor(),
                    values={"name": state.name, "definition": definition},
                    kind=SegmentKind.RULE,
                ).id
            else:
                saved_id = segment_id
                saved_segments.update(
                    session=database_session,
                    actor=session.actor(),
                    segment_id=segment_id,
                    seen_version=state.seen_version or 1,
                    values={"definition": definition},
                )
    except Conflict as error:
        state.seen_version = error.current_version
        st.warning(
            _(
                "{who} changed this rule meanwhile. Save again to replace it with yours, or discard yours.",
                who=plain(error.changed_by or _("Someone else")),
            ),
            icon=":material/call_split:",
        )
    except Invalid as error:
        said = translate_fields(error, texts())
        st.error(unlinked(" ".join(dict.fromkeys(said.values()))), icon=":material/error:")
    except CrmError as error:
        st.error(plain_error(error), icon=":material/error:")
    else:
        message = _("The segment was saved.")
        try:
            forget(key)
        except CrmError as error:  # the segment is saved; only the draft is left
            message = joined(message, plain_error(error))
        st.session_state["flash"] = message
        page.go("saved_segment", id=saved_id)
