"""One saved segment: who belongs, how many over time, what sets them apart, and what to do with them."""

import streamlit as st

from crm_core.analytics.saved_members import SavedMembersParams, saved_members
from crm_core.errors import Invalid
from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import customer, segment_actions, segment_form, segments
from dashboard.ui import saved_segment as parts
from dashboard.ui.addressed import wanted
from dashboard.ui.plain import plain, plain_error
from dashboard.ui.saved_segments import kind_text
from dashboard.ui.who import looked_at, who

segment = parts.found(wanted("saved_segment"))
if segment is None:
    page = ui.page("saved_segment")
    with ui.empty(_("No segment chosen"), _("Open one from the list of saved segments.")):
        page.link("saved_segments", _("Saved segments"), icon=":material/bookmarks:")
    st.stop()

page = ui.page("saved_segment", title=plain(segment.name), reads_snapshot=True)
parts.subtitle(segment, kind_text(segment.kind, segment.is_live))
customer.flash()
try:
    day, people = looked_at(page), who(segment)
except Invalid as error:
    st.error(plain_error(error), icon=":material/error:")
    segment_actions.actions(page, segment)
    parts.back()
    st.stop()
answer = st.container()  # it stands first; a rule that cannot be counted can still be changed or removed
st.markdown(plain(parts.rule_sentence(segment)))
segment_actions.actions(page, segment)
with answer:
    counted = parts.counted(page, segment, people, day)
    page.headline(parts.headline(counted))

names = {"overview": _("Overview"), "members": _("Members"), "name": _("Name and note")}
tab, content = page.tab(names, of=segment.id)
with content:
    if tab == "members":
        members = page.run(saved_members, SavedMembersParams(people, day)).members
        segments.members(_("Members"), "", members, key="saved_members")
        segment_actions.freeze_button(segment, [int(value) for value in members["customer_id"]])
    elif tab == "name":
        segment_form.name_and_note(segment)
    else:
        parts.size_chart(segment, counted)
        parts.differences(page, people, day)
page.method(*parts.method(day))
parts.back()
