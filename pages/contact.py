"""One contact of an organisation: what it holds in a form, and what happened to it."""

from dashboard.ui import record_page
from dashboard.ui.records_views import VIEWS

record_page.plain_page(VIEWS["contacts"])
