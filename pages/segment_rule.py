"""Write the rule of a segment, new or saved, and see at once who meets it."""

import streamlit as st

from crm_core.records import saved_segments
from dashboard import session, ui
from dashboard.i18n import _
from dashboard.ui import rule_editor, rule_save
from dashboard.ui.rule_state import opened

given = st.query_params.get("id")
segment_id = int(given) if given is not None and given.isdecimal() else None
page = ui.page("segment_rule", title=_("Edit rule") if segment_id else _("New segment by rule"), reads_snapshot=True)
key = f"rule.{segment_id or 'new'}"
if segment_id is None:
    state = opened(key, name="", definition=None, version=None)
else:
    with session.workspace().read() as database_session:
        segment = saved_segments.get(session=database_session, actor=session.actor(), segment_id=segment_id)
    state = opened(key, name=segment.name, definition=segment.definition, version=segment.version)

rule_save.draft_notice(state)
answer = st.container()  # the answer stands first, though the conditions below decide it
rule_editor.conditions(page, key, state)
rule_save.foot(page, key, state, segment_id)
with answer:
    rule_save.live_count(page, state)
