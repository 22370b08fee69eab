"""The parts every page is made of."""

from dashboard.ui.cards import kpi_cards, metric_text
from dashboard.ui.drawing import chart, empty, grid, is_dark
from dashboard.ui.form_state import Field, FormState, opened
from dashboard.ui.page import Page, page
from dashboard.ui.periods import Span, fitting_grain, period_filter, span
from dashboard.ui.record_form import record_form

__all__ = [
    "Field",
    "FormState",
    "Page",
    "Span",
    "chart",
    "empty",
    "fitting_grain",
    "grid",
    "is_dark",
    "kpi_cards",
    "metric_text",
    "opened",
    "page",
    "period_filter",
    "record_form",
    "span",
]
