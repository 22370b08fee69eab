"""The parts of a ticket's page: what it is about, the steps one takes, what was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from crm_core.db.base import now
from crm_core.db.models import Author, Ticket, TicketEvent, TicketEventKind, TicketState
from crm_core.errors import CrmError
from crm_core.records import record_service, tickets
from crm_core.records.field_specs import PRIORITIES
from crm_core.records.tickets import TICKETS
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.ui import done
from dashboard.ui.form_state import Field, opened
from dashboard.ui.page import Page
from dashboard.ui.plain import plain, plain_error
from dashboard.ui.record_form import record_form
from dashboard.ui.records_form import choices, label_of
from dashboard.ui.records_views import left

COLORS = {TicketState.OPEN.value: "blue", TicketState.ON_HOLD.value: "gray", TicketState.RESOLVED.value: "green"}
_SPOKEN = frozenset({TicketEventKind.OPENED.value, TicketEventKind.REPLY.value, TicketEventKind.NOTE.value})


def subtitle(page: Page, row: Ticket) -> None:
    """Number, state, what is due, and the customer."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(row.number, width="content")
        st.badge(plain(choices("ticket_statuses").get(row.status, row.status)), color=COLORS[row.state])  # type: ignore[arg-type]
        if row.due_at is not None:
            is_first = row.first_replied_at is None and row.due_at == row.response_due_at
            what = _("First reply: {time}", time=left(row.due_at)) if is_first else left(row.due_at)
            st.badge(what, color="red" if _is_late(row) else "orange", icon=":material/schedule:")
        if row.customer_id is not None:
            page.link(
                "customer", plain(label_of("customers", row.customer_id)), icon=":material/person:", id=row.customer_id
            )


def _is_late(row: Ticket) -> bool:
    return row.due_at is not None and row.due_at < now()


def steps(page: Page, row: Ticket) -> None:
    """What one does with a ticket, one click each: take it, resolve it, hold it, open it again."""
    if not page.may(TICKETS.edit):
        return
    me = session.actor().user_id
    first = _first_statuses()
    with st.container(horizontal=True, vertical_alignment="center", key="ticket_steps"):
        if row.assignee_id != me and me is not None:
            _step(row, "take", _("Take"), ":material/back_hand:", {"assignee_id": me}, _("The ticket is yours."))
        if row.state != TicketState.RESOLVED and "resolved" in first:
            said = _("The ticket is resolved.")
            _step(row, "resolve", _("Resolve"), ":material/check:", {"status": first["resolved"]}, said)
        if row.state == TicketState.OPEN and "on_hold" in first:
            said = _("The ticket waits; its clock stands still.")
            _step(row, "hold", _("Wait for the customer"), ":material/pause:", {"status": first["on_hold"]}, said)
        if row.state != TicketState.OPEN and "open" in first:
            said = _("The ticket is open again.")
            _step(row, "reopen", _("Open again"), ":material/undo:", {"status": first["open"]}, said)
        page.link("tickets", _("To the queue"), icon=":material/list:")


def _first_statuses() -> dict[str, str]:
    """The status to use for each state: the first one, of those that are open one that is not for new tickets."""
    with session.workspace().read() as database_session:
        rows = tickets.statuses(session=database_session, actor=session.actor())
    by_state: dict[str, str] = {}
    for status in sorted(rows, key=lambda status: status.code == TICKETS.defaults["status"]):
        by_state.setdefault(status.state, status.code)
    return by_state


def _step(row: Ticket, name: str, label: str, icon: str, values: Mapping[str, Any], said: str) -> None:
    st.button(label, key=f"ticket.{name}", icon=icon, on_click=_change, args=(row.id, row.version, values, said))


def _change(ticket_id: int, version: int, values: Mapping[str, Any], said: str) -> None:
    actor = session.actor()
    try:
        with session.workspace().write(actor, "form") as database_session:
            record_service.update(
                session=database_session, actor=actor, kind=TICKETS, row_id=ticket_id, seen_version=version,
                values=values,
            )  # fmt: skip
            done.note(said, done.change_set_of(database_session))
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")


def conversation(row: Ticket) -> None:
    """What was said and done, oldest first, and the answer below."""
    with session.workspace().read() as database_session:
        events = tickets.events_of(session=database_session, actor=session.actor(), ticket_id=row.id)
    words = {"status": choices("ticket_statuses"), "priority": {code: _(text) for code, text in PRIORITIES.items()}}
    with st.container():  # one place however much was said: the answer below it, and what is typed there, stays
        for event in events:
            if event.kind in _SPOKEN:
                _message(row, event)
            else:
                st.caption(f"{fmt().instant(event.at)} · {_happened(event, words.get(event.kind, {}))}")
    if session.actor().may(TICKETS.edit):
        _answer(row)


def _message(row: Ticket, event: TicketEvent) -> None:
    is_note = event.kind == TicketEventKind.NOTE
    with st.container(border=True, gap="xsmall", key=f"event_{event.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            icon = ":material/lock:" if is_note else ":material/chat:"
            st.caption(f"{icon} **{plain(_author(row, event))}** · {fmt().instant(event.at)}", width="content")
            if is_note:
                st.badge(_("Internal note"), color="yellow")
        if event.text:
            st.text(event.text)
        else:
            st.caption(_("Opened without words."))


def _author(row: Ticket, event: TicketEvent) -> str:
    if event.author == Author.CUSTOMER:
        return label_of("customers", row.customer_id) if row.customer_id is not None else _("The customer")
    if event.author == Author.BOT:
        return _("Bot")
    return label_of("users", event.author_id) if event.author_id is not None else _("The team")


def _happened(event: TicketEvent, words: Mapping[Any, str]) -> str:
    before, after = (plain(words.get(code, code) if code else _("nobody")) for code in (event.before, event.after))
    who = plain(label_of("users", event.author_id)) if event.author_id is not None else _("The team")
    if event.kind == TicketEventKind.RATED:
        said = {"yes": _("The customer is satisfied"), "no": _("The customer is not satisfied")}
        return said.get(event.after or "", _("The answer on satisfaction was taken back"))
    texts = {
        TicketEventKind.STATUS.value: _("{who}: status {before} → {after}", who=who, before=before, after=after),
        TicketEventKind.PRIORITY.value: _("{who}: priority {before} → {after}", who=who, before=before, after=after),
        TicketEventKind.ASSIGNED.value: _("{who}: assigned {before} → {after}", who=who, before=before, after=after),
        TicketEventKind.MERGED.value: _("{who}: merged into {after}", who=who, after=after),
    }
    return texts.get(event.kind, event.kind)


def _answer(row: Ticket) -> None:
    """The answer as it is typed, kept as a draft until it is sent."""

    @st.fragment
    def box() -> None:
        kinds = {"reply": _("Reply to the customer"), "note": _("Internal note")}
        chosen = st.segmented_control(
            _("What this is"), list(kinds), format_func=kinds.__getitem__, default="reply", required=True,
            key=f"ticket.answer.kind.{row.id}", label_visibility="collapsed",
        )  # fmt: skip
        is_note = chosen == "note"
        form = f"ticket_answer:{row.id}"

        def save(touched: dict[str, Any], _version: int | None) -> bool:
            write = tickets.note if is_note else tickets.reply
            actor = session.actor()
            with session.workspace().write(actor, "form") as database_session:
                write(session=database_session, actor=actor, ticket_id=row.id, text=touched.get("text") or "")
                said = _("The note was added.") if is_note else _("The reply was added.")
                done.note(said, done.change_set_of(database_session))
            return True

        state = opened(form, {"text": None}, None)
        label = _("Add note") if is_note else _("Send reply")
        if record_form(form, [[Field("text", kinds[str(chosen)], "long_text")]], state, save, save_label=label):
            st.rerun()

    box()
