"""Tasks: mine or everybody's, what is due, done with one click."""

from dashboard import session, ui
from dashboard.i18n import _
from dashboard.ui import done, list_views, records_list, tasks
from dashboard.ui.records_views import VIEWS

page = ui.page("tasks")
done.notice()
views = list_views.of(page, VIEWS["tasks"], "whose", "when")
whose, when = tasks.narrowing(page)
narrowed = {"is_done": when == "done"}
if whose == "mine":
    narrowed["owner_id"] = session.actor().user_id
records_list.draw(
    page, VIEWS["tasks"], narrowed=narrowed, spans=tasks.spans(when), step=tasks.step(_("Done")), views=views
)
