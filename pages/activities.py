"""Activities: calls, e-mails, meetings and notes."""

from dashboard import ui
from dashboard.ui import done, records_list
from dashboard.ui.records_views import VIEWS

page = ui.page("activities")
done.notice()
records_list.draw(page, VIEWS["activities"])
