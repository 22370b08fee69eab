"""Settings of service and sales: targets, working hours, teams, statuses, stages."""

from dashboard import ui
from dashboard.i18n import _
from dashboard.ui import done, settings

page = ui.page("settings")
done.notice()
table, content = page.tab({table: _(title) for table, title in settings.TABS.items()})
with content:
    settings.tab(table)
