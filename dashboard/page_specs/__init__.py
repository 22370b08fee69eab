"""The pages there are: file, address, title, icon, section and who may open them."""

from __future__ import annotations

from crm_core.translation import N_
from dashboard.page_specs.marketing import MARKETING
from dashboard.page_specs.reports import REPORTS
from dashboard.page_specs.spec import PageSpec
from dashboard.page_specs.work import WORK
from dashboard.page_specs.workspace import WORKSPACE

__all__ = ["BY_NAME", "PAGES", "SECTIONS", "PageSpec"]

PAGES = (*REPORTS, *WORK, *MARKETING, *WORKSPACE)
"""Of a section in the order in which they are listed; the first one a person may open is where they begin."""
BY_NAME = {page.name: page for page in PAGES}
SECTIONS = (N_("Reports"), N_("Work"), N_("Marketing"), N_("Workspace"))
"""From top to bottom; a click on a section's name folds it, and the browser remembers."""
