"""The parts of the pages of deals: the board by stage, what a deal is worth, moving it to another stage."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import streamlit as st

from crm_core.analytics.periods import local_today
from crm_core.db.models import Deal, Outcome
from crm_core.errors import CrmError
from crm_core.records import deal_board, record_service
from crm_core.records.deal_board import Column
from crm_core.records.deals import DEALS, stages
from dashboard import nav, session
from dashboard.i18n import _, fmt, joined, ngettext
from dashboard.ui import done
from dashboard.ui.drawing import empty
from dashboard.ui.page import Page
from dashboard.ui.plain import plain, plain_error
from dashboard.ui.records_form import choices, label_of
from dashboard.ui.records_list import new_button
from dashboard.ui.records_views import VIEWS

COLORS = {Outcome.OPEN.value: "blue", Outcome.WON.value: "green", Outcome.LOST.value: "red"}
LEAST_WIDTH = 180


def board(page: Page) -> None:
    """The open deals by stage, with totals, and a menu on each to move it."""
    view = VIEWS["deals"]
    with st.container(horizontal=True, vertical_alignment="center"):
        whose = page.choice(
            "whose", _("Whose"), {"all": _("All"), "mine": _("Mine")}, default="all", label_visibility="collapsed"
        )
        new_button(page, view)
    owner_id = session.actor().user_id if whose == "mine" else None
    with session.workspace().read() as database_session:
        columns = deal_board.board(session=database_session, actor=session.actor(), owner_id=owner_id)
    count = sum(column.count for column in columns)
    if not count:
        empty(_("No open deals"), _(view.nothing[1]), icon=view.icon)
        return
    total = sum((column.amount for column in columns), Decimal(0))
    weighted = sum((column.weighted for column in columns), Decimal(0))
    deals = ngettext("{n} open deal", "{n} open deals", count)
    money = fmt().money
    page.headline(
        _("{deals} of {amount} together, {weighted} of it to be expected", deals=deals, amount=money(total),
          weighted=money(weighted))
    )  # fmt: skip
    names = choices("deal_stages")
    st.html("<style>.st-key-deal_board button p{text-align:left}</style>")  # names of two lines would be centred
    with st.grid(len(columns), min_column_width=LEAST_WIDTH, gap="small", key="deal_board"):
        for column in columns:
            with st.container(key=f"stage_{column.stage.code}", gap="small"):
                _column(page, column, names)
    st.caption(_("To be expected: each amount times the chance to win it, the deal's own or else that of its stage."))


def _column(page: Page, column: Column, names: Mapping[str, str]) -> None:
    money = fmt().money
    st.markdown(f"**{plain(names[column.stage.code])}** :gray[{fmt().number(column.count)}]")
    st.caption(_("{amount}, weighted {weighted}", amount=money(column.amount), weighted=money(column.weighted)))
    for deal, customer in column.deals:
        with st.container(border=True, gap="xsmall", key=f"deal_{deal.id}"):
            st.button(
                plain(deal.name),
                key=f"deal.open.{deal.id}",
                type="tertiary",
                wrap=True,
                on_click=_open,
                args=(deal.id,),
            )
            amount = money(deal.amount) if deal.amount is not None else _("No amount yet")
            closes = _closes(deal)
            st.caption("  \n".join(plain(part) for part in (customer or "", amount, closes) if part))
            if page.may(DEALS.edit):
                _move_menu(deal, names)
    if column.count > len(column.deals):
        more = column.count - len(column.deals)
        page.link(
            "deals", _("{n} more in the list", n=fmt().number(more)), **{"as": "list", "stage": column.stage.code}
        )


def _closes(deal: Deal) -> str:
    """When the deal is expected to close; of an open one whose day has passed, that it was."""
    if deal.expected_close_on is None:
        return ""
    day = fmt().date(deal.expected_close_on)
    is_late = deal.outcome == Outcome.OPEN and deal.expected_close_on < local_today(session.workspace().timezone)
    return _("was to close {day}", day=day) if is_late else _("closes {day}", day=day)


def _open(deal_id: int) -> None:
    st.switch_page(nav.page("deal"), query_params={"id": str(deal_id)})


def _move_menu(deal: Deal, names: Mapping[str, str]) -> None:
    key = f"deal.move.{deal.id}.{deal.version}"
    st.menu_button(
        _("Move"),
        [code for code in names if code != deal.stage],
        format_func=lambda code: names.get(code, code),
        key=key,
        type="tertiary",
        icon=":material/arrow_forward:",
        on_click=lambda: _move(deal, st.session_state[key], names),
    )


def subtitle(page: Page, row: Deal) -> None:
    """Number, stage, amount, since when, and the customer."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(row.number, width="content")
        st.badge(plain(choices("deal_stages").get(row.stage, row.stage)), color=COLORS[row.outcome])  # type: ignore[arg-type]
        if row.amount is not None:
            st.badge(fmt().money(row.amount), color="gray")
        st.caption(_("in this stage since {day}", day=fmt().on(row.stage_since)), width="content")
        if row.customer_id is not None:
            name = plain(label_of("customers", row.customer_id))
            page.link("customer", name, icon=":material/person:", id=row.customer_id)


def stage_switch(page: Page, row: Deal) -> None:
    """The stages; choosing one moves the deal there."""
    if not page.may(DEALS.edit):
        return
    names, key = choices("deal_stages"), f"deal.stage.{row.id}.{row.version}"
    st.session_state.setdefault(key, row.stage)
    st.segmented_control(
        _("Stage"), list(names), format_func=names.__getitem__, key=key, required=True, wrap=True,
        label_visibility="collapsed", on_change=lambda: _move(row, st.session_state[key], names),
    )  # fmt: skip


def _move(deal: Deal, stage: str | None, names: Mapping[str, str]) -> None:
    if stage is None or stage == deal.stage:
        return
    actor = session.actor()
    try:
        with session.workspace().write(actor, "form") as database_session:
            record_service.update(
                session=database_session, actor=actor, kind=DEALS, row_id=deal.id, seen_version=deal.version,
                values={"stage": stage},
            )  # fmt: skip
            outcomes = {item.code: item.outcome for item in stages(session=database_session, actor=actor)}
            said = _("{deal} is in {stage} now.", deal=deal.name, stage=names[stage])
            if outcomes[stage] == Outcome.LOST:
                said = joined(said, _("Say on its page why it was lost."))
            done.note(said, done.change_set_of(database_session))
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")
