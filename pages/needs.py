"""Needs: what customers want most, and every one as it was noted."""

from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import done, list_views, needs, records_list
from dashboard.ui.records_views import VIEWS

page = ui.page("needs")
done.notice()
views = list_views.of(page, VIEWS["needs"], "as")
shape = page.choice(
    "as", _("Shown as"), {"list": _("List"), "ranking": _("Wanted most")}, default="list", label_visibility="collapsed"
)
if shape == "ranking":
    needs.ranking(page)
else:
    records_list.draw(page, VIEWS["needs"], views=views)
