"""A saved segment's customers alone, in lists and key figures: the choice of it, in the address by its number."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from crm_core.access import Permission
from crm_core.analytics.customer_lists import CustomerList
from crm_core.analytics.saved_members import SavedMembersParams, saved_list
from crm_core.db.models import SavedSegment
from crm_core.records import saved_segments
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.ui.page import Page
from dashboard.ui.saved_segments import listed
from dashboard.ui.who import looked_at, who

NONE = ""
NAME = "segment"
"""What the filter is called in the address."""


@dataclass(frozen=True)
class Narrowed:
    """The customers looked at, and in words who they are; nobody is left out where `customers` is None.

    `caution` says what to mind about customers chosen by what they are today.
    """

    customers: CustomerList | None = None
    words: str = ""
    caution: str = ""


def choice(page: Page) -> int | None:
    """The saved segment chosen, for those who may see segments and where there are any."""
    if not page.may(Permission.SEGMENTS_VIEW):
        return None
    names = {str(row.id): row.name for row in listed()}
    if not names:
        return None
    options = {NONE: _("All customers")} | names
    chosen = page.choice(NAME, _("Saved segment"), options, default=NONE, kind="select")
    return int(chosen) if chosen else None


def addressed() -> int | None:
    """The saved segment the address names."""
    given = st.query_params.get(NAME, NONE)
    return int(given) if given.isdecimal() else None


def narrowed(page: Page, segment_id: int | None) -> Narrowed:
    """Who belongs to the segment on the day it is looked at.

    Raises:
        PermissionDenied: this person may not see segments.
        NotFound: there is no such segment.
    """
    if segment_id is None:
        return Narrowed()
    segment = _found(segment_id)
    day = looked_at(page)
    customers = page.run(saved_list, SavedMembersParams(who(segment), day)).customers
    if not segment.is_live:
        return Narrowed(customers, segment.name)
    return Narrowed(
        customers,
        _("{segment}, who belongs on {day}", segment=segment.name, day=fmt().date(day)),
        _(
            "They are chosen by what is known of them on that day: where their rule asks for recent purchases, the "
            "time before looks weaker than it was."
        ),
    )


def _found(segment_id: int) -> SavedSegment:
    with session.workspace().read() as database_session:
        return saved_segments.get(session=database_session, actor=session.actor(), segment_id=segment_id)
