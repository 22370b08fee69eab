"""Customers chosen one by one in the list, page after page, to be kept as a segment."""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

import streamlit as st

from crm_core.access import Permission
from crm_core.db.models import SegmentKind
from crm_core.errors import CrmError
from crm_core.records import saved_segments
from crm_core.records.customer_list import CustomerRow
from dashboard import session
from dashboard.i18n import _, fmt, ngettext
from dashboard.ui.plain import plain, plain_error
from dashboard.ui.save_segment import save_as_segment
from dashboard.ui.saved_segments import listed

_CHOSEN = "customers.chosen"
_EPOCH = "customers.chosen_epoch"
_NAMES_SHOWN = 5


def table_key(rows: Sequence[CustomerRow]) -> str:
    """A key for the table of these customers: what was ticked among others never carries over to them."""
    shown = crc32(",".join(str(row.id) for row in rows).encode())
    return f"customers.table.{st.session_state.get(_EPOCH, 0)}.{shown:x}"


def ticked(rows: Sequence[CustomerRow]) -> list[int]:
    """The places of those among the customers that are chosen already."""
    return [place for place, row in enumerate(rows) if row.id in _choice()]


def remember(rows: Sequence[CustomerRow], places: Sequence[int]) -> None:
    """Take what is ticked among the customers shown into the choice, and what is not out of it."""
    choice, marked = _choice(), set(places)
    for place, row in enumerate(rows):
        if place in marked:
            choice[row.id] = row.name
        else:
            choice.pop(row.id, None)


def _choice() -> dict[int, str]:
    """The customers chosen so far: key and name."""
    found: dict[int, str] = st.session_state.setdefault(_CHOSEN, {})
    return found


def chosen() -> None:
    """Who is chosen so far, and what can be done with them, for those who may save segments."""
    customers = _choice()
    if not session.actor().may(Permission.SEGMENTS_SAVE):
        return
    if not customers:
        st.caption(_("Tick customers to keep them as a segment; the choice is kept from page to page."))
        return
    names = list(customers.values())[:_NAMES_SHOWN]
    more = len(customers) - len(names)
    said = ", ".join(names) + (_(" and {n} more", n=fmt().number(more)) if more else "")
    with st.container(border=True, key="customers_chosen"):
        st.markdown(
            _(
                "{customers} chosen: {names}",
                customers=ngettext("{n} customer", "{n} customers", len(customers)),
                names=plain(said),
            )
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            save_as_segment("customers", name="", kind=SegmentKind.HAND, member_ids=list(customers), is_live=False)
            _add_to_segment(list(customers))
            st.button(_("Clear choice"), key="customers.clear", icon=":material/close:", on_click=_clear)


def _add_to_segment(ids: list[int]) -> None:
    names = {row.id: row.name for row in listed() if row.kind == SegmentKind.HAND}
    if not names:
        return
    with st.popover(_("Add to a segment"), icon=":material/playlist_add:", key="customers.add_to"):
        segment_id = st.selectbox(
            _("Segment"), list(names), format_func=lambda key: names.get(key, str(key)), key="customers.add_segment"
        )
        st.button(_("Add"), key="customers.add", icon=":material/check:", on_click=_add, args=(segment_id, ids))


def _add(segment_id: int, ids: list[int]) -> None:
    try:
        with session.workspace().write(session.actor(), "form") as database_session:
            size = saved_segments.change_members(
                session=database_session, actor=session.actor(), segment_id=segment_id, add=ids
            )
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")
    else:
        st.toast(_("The segment holds {n} customers now.", n=fmt().number(size)), icon=":material/check_circle:")
        _clear()


def _clear() -> None:
    st.session_state[_CHOSEN] = {}
    st.session_state[_EPOCH] = st.session_state.get(_EPOCH, 0) + 1  # a new table, with nothing ticked
