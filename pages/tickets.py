"""Tickets: whose turn it is and what is due next, searched, filtered and opened."""

from dashboard import session, ui
from dashboard.i18n import _
from dashboard.ui import done, list_views, records_list
from dashboard.ui.records_views import VIEWS

page = ui.page("tickets")
done.notice()
views = list_views.of(page, VIEWS["tickets"], "whose")
whose = page.choice(
    "whose",
    _("Whose"),
    {"all": _("All"), "mine": _("Mine"), "none": _("Unassigned")},
    default="all",
    label_visibility="collapsed",
)
narrowed = {"mine": {"assignee_id": session.actor().user_id}, "none": {"assignee_id": None}}.get(whose)
records_list.draw(page, VIEWS["tickets"], narrowed=narrowed, defaults={"state": "open"}, views=views)
