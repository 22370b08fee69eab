"""Campaigns: which there are, how far they are, and what they did for each segment."""

from dashboard import ui
from dashboard.i18n import _, ngettext
from dashboard.ui import campaigns as parts

page = ui.page("campaigns", reads_snapshot=True)
rows = parts.listed()

if rows:
    page.headline(ngettext("{n} campaign", "{n} campaigns", len(rows)))
parts.new_campaign(page)
if rows:
    parts.table(rows)
    parts.by_segment(page, rows)
    page.method(*parts.method())
else:
    ui.empty(
        _("No campaigns yet"),
        _("Take a saved segment, leave some of it out at random, contact the rest, and see here what it changed."),
        icon=":material/campaign:",
    )
