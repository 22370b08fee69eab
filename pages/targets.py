"""Targets: what each metric should reach in a week, month, quarter or year; who set it, and when."""

import streamlit as st

from crm_core.access import Permission
from dashboard import ui
from dashboard.i18n import _, ngettext
from dashboard.ui import done
from dashboard.ui import targets as parts

page = ui.page("targets")
rows = parts.listed()
done.notice()
may_edit = page.may(Permission.TARGETS_EDIT)
row = parts.chosen(rows) if may_edit else None
if row is not None:
    page.headline(parts.named(row))
    parts.change(page, row)
    st.stop()

if rows:
    page.headline(ngettext("{n} target is set", "{n} targets are set", len(rows)))
else:
    ui.empty(
        _("No targets yet"),
        _("Set what a metric should reach; its card then says whether it is met."),
        icon=":material/flag:",
    )
if may_edit:
    with st.expander(_("Set a target"), icon=":material/add:", expanded=not rows, key="targets_new"):
        parts.new(page)
else:
    st.caption(_("Managers and administrators set targets."))
parts.listing(page, rows)
