"""Products: what is sold, found by words, narrowed by category, changed one by one or many at once."""

from dashboard import ui
from dashboard.ui import done, records_list
from dashboard.ui.records_views import VIEWS

page = ui.page("products")
done.notice()
records_list.draw(page, VIEWS["products"])
