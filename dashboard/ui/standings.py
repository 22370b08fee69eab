"""How the figures of a page stand against the targets of their period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from crm_core.analytics import targets
from crm_core.analytics.figures import Figure
from crm_core.analytics.periods import Period
from crm_core.analytics.standings import Standing
from dashboard import session


def standings_of(
    metrics: Mapping[str, Figure], period: Period, complete_until: date | None, *, is_narrowed: bool = False
) -> dict[str, Standing]:
    """By metric; none of a part of the records, nor of a period that is no calendar week, month, quarter or year."""
    if is_narrowed:
        return {}
    with session.workspace().read() as database_session:
        return targets.standings_among(
            session=database_session,
            actor=session.actor(),
            metrics=metrics,
            period=period,
            complete_until=complete_until,
        )
