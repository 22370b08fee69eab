"""A saved segment as analyses take it, and the day its rule is looked at."""

from __future__ import annotations

from datetime import date

from crm_core.analytics.membership import Who
from crm_core.analytics.periods import local_today
from crm_core.db.models import SavedSegment
from crm_core.records import saved_segments
from dashboard import session
from dashboard.ui.page import Page
from dashboard.ui.periods import span


def who(segment: SavedSegment) -> Who:
    """Those who meet the segment's rule, or those on its list."""
    if segment.is_live:
        return Who.by_rule(segment.definition)
    with session.workspace().read() as database_session:
        listed = saved_segments.members(session=database_session, actor=session.actor(), segment_id=segment.id)
    return Who.by_list(listed)


def looked_at(page: Page) -> date:
    """Today; where the orders ended long ago, the day they end."""
    found = span(page)
    return found.anchor if found is not None else local_today(session.workspace().timezone)
