"""Deals: the open ones by stage with what they are worth, moved on with a click, and all of them as a list."""

from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import deals, done, list_views, records_list
from dashboard.ui.records_views import VIEWS

page = ui.page("deals")
done.notice()
views = list_views.of(page, VIEWS["deals"], "as")
shape = page.choice(
    "as", _("Shown as"), {"board": _("Board"), "list": _("List")}, default="board", label_visibility="collapsed"
)
if shape == "board":
    deals.board(page)
else:
    records_list.draw(page, VIEWS["deals"], defaults={"outcome": "open"}, views=views)
