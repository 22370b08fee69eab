"""Orders: found by number or customer, narrowed by channel, country and time, opened, added."""

from dashboard import ui
from dashboard.ui import done, order_page, records_list
from dashboard.ui.records_views import VIEWS

page = ui.page("orders")
done.notice()
records_list.draw(page, VIEWS["orders"], spans=order_page.spans(page))
