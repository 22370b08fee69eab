"""Contacts: the people at organisations, found by name, position or address."""

from dashboard import ui
from dashboard.ui import done, records_list
from dashboard.ui.records_views import VIEWS

page = ui.page("contacts")
done.notice()
records_list.draw(page, VIEWS["contacts"])
