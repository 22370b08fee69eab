"""The list of any kind of record: search as one types, filters, order and pages, kept in the address; open and tick."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from crm_core.access import Permission
from crm_core.analytics.periods import local_today
from crm_core.records import record_list
from crm_core.records.record_list import RecordPage, RecordQuery
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.ui import customers, list_views, records_filters
from dashboard.ui.drawing import empty
from dashboard.ui.list_views import ListViews
from dashboard.ui.opening import opening_column
from dashboard.ui.page import Page
from dashboard.ui.plain import plain
from dashboard.ui.records_bulk import actions
from dashboard.ui.records_form import choices
from dashboard.ui.records_views import View, left

PER_PAGE = 25


@dataclass(frozen=True)
class Step:
    """Something done to a record with one click in the list: its column's title, its button for a row, the doing."""

    title: str
    label: Callable[[Any], str]
    do: Callable[[Any], None]


def draw(
    page: Page,
    view: View,
    *,
    narrowed: Mapping[str, Any] | None = None,
    defaults: Mapping[str, str] | None = None,
    spans: Mapping[str, tuple[Any, Any]] | None = None,
    step: Step | None = None,
    views: ListViews | None = None,
) -> None:
    """The list with all that belongs to it; `narrowed` are filters the page sets itself, `defaults` the codes of those
    that are set until somebody chooses otherwise, `views` those of a page with choices of its own."""
    kind = view.kind
    views = views or list_views.of(page, view)
    with st.container(horizontal=True, vertical_alignment="center"):
        text = page.search("q", _("Search"), _("Words or number"))
        with st.popover(_("Filters"), icon=":material/tune:", key=f"{page.name}_filters"):
            filters = records_filters.draw(page, view, hidden=frozenset(narrowed or {}), defaults=defaults or {})
        sort = page.choice(
            "sort", _("Sort by"), {code: _(view.sorts[code]) for code in kind.sorts}, default=next(iter(kind.sorts)),
            kind="select", label_visibility="collapsed", width=190,
        )  # fmt: skip
        place = st.container(width="content")
        new_button(page, view)
    columns = views.menu(place, {name: title_of(view, name) for name in view.columns})
    view = replace(view, columns={name: view.columns[name] for name in columns})
    asked = filters | dict(narrowed or {})
    number = customers.page_number(page.name, (text, asked, spans, sort))
    query = RecordQuery(text=text, filters=asked, sort=sort, page=number, per_page=PER_PAGE, spans=spans or {})
    with session.workspace().read() as database_session:
        found = record_list.page(session=database_session, actor=session.actor(), kind=kind, query=query)
    if not found.rows:
        _nothing(view, is_narrowed=bool(text or asked))
        return
    said = view.count(found.total)
    if not found.is_total_exact:
        said = _("More than {n}; search or filter to narrow the list down", n=fmt().number(found.total))
    st.caption(plain(" · ".join([said, *records_filters.said(view, filters)])))
    ticked = table(page.name, view, found, step=step)
    customers.pager(page.name, found.pages)
    actions(page, view, query, total=found, ticked=[found.rows[place].id for place in ticked])


def new_button(page: Page, view: View, **given: Any) -> None:
    """The way to a new record that begins with `given`, for those who may add one."""
    if page.may(view.kind.edit) and st.button(
        _(view.new), key=f"{page.name}.{view.table}.new", icon=":material/add:", type="primary"
    ):
        page.go(view.pages[1], id="new", **given)


def table(name: str, view: View, found: RecordPage, *, is_ticked: bool = True, step: Step | None = None) -> list[int]:
    """The rows; clicking a title opens the record. The places of those ticked."""
    ids = [row.id for row in found.rows]
    key = f"{name}.table.{st.session_state.get(f'{name}.epoch', 0)}.{crc32(repr(ids).encode()):x}"
    kind = view.kind
    title = kind.specs[kind.title]
    config: dict[str, Any] = {
        kind.title: opening_column(_(title.label), key=key, page=view.pages[1], ids=ids, width=210)
    }  # fmt: skip
    columns: dict[str, list[str]] = {}
    if step is not None and session.actor().may(kind.edit):
        config["step"] = st.column_config.ButtonColumn(
            step.title, on_click=_step, args=(key, step, found.rows), key=f"{key}.step", type="tertiary", width=60,
        )  # fmt: skip
        columns["step"] = [step.label(row) for row in found.rows]
    columns |= {kind.title: [getattr(row, kind.title) for row in found.rows]}
    named = _named(view)
    for attribute in view.columns:
        if (computed := view.computed.get(attribute)) is not None:
            compute, write = computed
            with session.workspace().read() as database_session:
                by_id = compute(database_session, session.actor(), ids)
            columns[attribute] = [write(by_id[row_id]) if row_id in by_id else "" for row_id in ids]
        else:
            columns[attribute] = [said(view, found, named, row, attribute) for row in found.rows]
        is_number = attribute in view.computed or (
            attribute in kind.specs and kind.specs[attribute].kind in {"money", "share", "whole"}
        )
        config[attribute] = st.column_config.TextColumn(
            title_of(view, attribute), alignment="right" if is_number else "left"
        )
    selecting: dict[str, Any] = {}
    if is_ticked and session.actor().may(kind.edit) and session.actor().may(Permission.RECORDS_BULK_EDIT):
        selecting = {"on_select": "rerun", "selection_mode": "multi-row"}
    state: Any = st.dataframe(
        pd.DataFrame(columns), key=key, hide_index=True, lazy=False, column_config=config, alt=view.count(found.total),
        height="content", **selecting,
    )  # fmt: skip
    return [int(row) for row in state.selection.rows] if selecting else []


def title_of(view: View, attribute: str) -> str:
    """What a column is called."""
    spec = view.kind.specs.get(attribute)
    return _(view.columns[attribute]) if spec is None else _(spec.label)


def said(view: View, found: RecordPage, named: Mapping[str, Mapping[Any, str]], row: Any, attribute: str) -> str:
    """One value of a row in words; nothing where it is not set."""
    value = getattr(row, attribute)
    if value is None:
        return ""
    if attribute == "due_at":
        return left(value)
    if attribute == "due_on" and not row.is_done and value < local_today(session.workspace().timezone):
        return _("{day}, overdue", day=fmt().date(value))
    if attribute == "country":
        return customers.country(str(value))
    if attribute in named:
        return named[attribute].get(value, str(value))
    spec = view.kind.specs.get(attribute)
    if spec is not None and spec.kind == "reference":
        return found.labels.get((str(spec.target), value), str(value))
    if spec is not None and spec.kind == "money":
        return fmt().money(value)
    if spec is not None and spec.kind == "share":
        return fmt().percent(value / 10_000)
    return in_words(value)


def in_words(value: Any) -> str:
    """A value that needs no list of names."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return fmt().instant(value)
    return fmt().date(value) if isinstance(value, date) else str(value)


def _named(view: View) -> dict[str, dict[Any, str]]:
    """The labels of the codes of each column that holds codes."""
    named: dict[str, dict[Any, str]] = {}
    for attribute in view.columns:
        spec = view.kind.specs.get(attribute)
        if spec is not None and spec.choices:
            named[attribute] = {code: _(label) for code, label in spec.choices.items()}
        elif spec is not None and spec.kind == "choice":
            named[attribute] = choices(str(spec.target))
    return named


def _step(key: str, step: Step, rows: Sequence[Any]) -> None:
    click = st.session_state[f"{key}.step"]
    if click is not None:
        step.do(rows[click.row])


def _nothing(view: View, *, is_narrowed: bool) -> None:
    if is_narrowed:
        empty(_("Nothing found"), _("Nothing matches. Try fewer letters, or clear the filters."), icon=view.icon)
    else:
        title, text = view.nothing
        empty(_(title), _(text), icon=view.icon)
