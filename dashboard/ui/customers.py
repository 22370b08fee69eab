"""What the customer pages share: filters, sort orders, the list's table and its pages, the form's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import pandas as pd
import streamlit as st
from babel import Locale

from crm_core.access import Permission
from crm_core.records import customer_export, customer_list
from crm_core.records.customer_list import CustomerQuery, CustomerRow
from crm_core.reports import spreadsheet
from crm_core.translation import LANGUAGES
from dashboard import nav, session
from dashboard.i18n import _, fmt, language, ngettext
from dashboard.ui import choices
from dashboard.ui.form_state import Field
from dashboard.ui.opening import opening_column
from dashboard.ui.page import Page
from dashboard.ui.plain import plain

PER_PAGE = 25
ANY = ""
CHOICES = ("q", "sort", "cols", "country", "owner", "source", "kind", "segment")
"""What of the list is in its address, and so in a view of it."""
WIDTHS = {"ref": 80, "email": 205, "phone": 116, "city": 100, "country": 104, "owner": 92, "created": 112}
"""The columns besides the name, in pixels."""
DUPLICATES_SHOWN = 2
"""So many stand beside the first rows of the form; the others wait behind a button, or they would push it apart."""


def sorts() -> dict[str, str]:
    """The orders a list may be in; a leading minus turns one round."""
    return {
        "name": _("Name, A to Z"),
        "-name": _("Name, Z to A"),
        "-created_at": _("Newest first"),
        "created_at": _("Oldest first"),
    }


@lru_cache(maxsize=4)
def country_names(language_code: str) -> dict[str, str]:
    """ISO code → name of every country, in the order of the names."""
    territories = Locale.parse(language_code).territories
    real = {
        code: name
        for code, name in territories.items()
        if len(code) == 2 and code.isalpha() and code not in {"ZZ", "EU", "EZ", "UN", "QO", "XA", "XB"}
    }
    return dict(sorted(real.items(), key=lambda item: item[1]))


def country(code: str | None) -> str:
    """A country's name for this reader."""
    return country_names(language()).get(code, code) if code else ""


def kinds() -> dict[str, str]:
    return {"person": _("Person"), "organisation": _("Organisation")}


def consents() -> dict[str, str]:
    return {"yes": _("Agreed to marketing"), "no": _("Refused marketing"), "never": _("Never asked")}


def filters(page: Page) -> dict[str, Any]:
    """The list's filters as the query takes them; a choice not made is None."""
    with session.workspace().read() as database_session:
        known = customer_list.filter_values(session=database_session, actor=session.actor())
    names = country_names(language())
    countries = {ANY: _("Any country")} | {
        code: names.get(code, code) for code in sorted(known.countries, key=lambda code: names.get(code, code))
    }
    owners = {ANY: _("Any owner")} | {str(owner_id): name for owner_id, name in known.owners.items()}
    sources = {ANY: _("Any source")} | {source: source for source in known.sources}
    chosen_country = page.choice("country", _("Country"), countries, default=ANY, kind="select")
    chosen_owner = page.choice("owner", _("Owner"), owners, default=ANY, kind="select")
    chosen_source = page.choice("source", _("Source"), sources, default=ANY, kind="select")
    chosen_kind = page.choice("kind", _("Kind"), {ANY: _("Any kind")} | kinds(), default=ANY, kind="select")
    return {
        "country": chosen_country or None,
        "owner_id": int(chosen_owner) if chosen_owner else None,
        "source": chosen_source or None,
        "kind": chosen_kind or None,
    }


def count(total: int, is_exact: bool, filters: Mapping[str, Any], among: str) -> str:
    """How many were found, and what the list is narrowed to, `among` whom: the filters themselves are folded away."""
    found = (
        ngettext("{n} customer", "{n} customers", total)
        if is_exact
        else _("More than {n} customers; search or filter to narrow the list down", n=fmt().number(total))
    )
    owner = _owner_names().get(filters["owner_id"], "") if filters["owner_id"] is not None else ""
    narrowed = (country(filters["country"]), owner, filters["source"], kinds().get(filters["kind"] or "", ""), among)
    return plain(" · ".join([found, *(part for part in narrowed if part)]))


def page_number(name: str, question: Any = None) -> int:
    """The list's page, kept in the address; another question starts at the first again."""
    page, address = _pager(name)
    st.session_state[f"{name}.pager"], number = choices.page_number(page, address, question)
    return number


def pager(name: str, pages: int) -> None:
    """Pages of a list, below it."""
    page, address = _pager(name)
    key = st.session_state[f"{name}.pager"]
    choices.at_most(page, address, key, pages)
    if pages > 1:
        st.pagination(pages, key=key)


def _pager(name: str) -> tuple[str, str]:
    """The page a list is on, and what its pager is called in the address: a page may have several lists."""
    page, _dot, part = name.partition(".")
    return page, f"{part}_page" if part else "page"


def titles() -> dict[str, str]:
    """The columns the list may have besides the name."""
    return {
        "ref": _("Reference"), "email": _("E-mail"), "phone": _("Phone"), "city": _("City"), "country": _("Country"),
        "owner": _("Owner"), "created": _("Since"),
    }  # fmt: skip


def table(
    rows: Sequence[CustomerRow], *, key: str, ticked: Sequence[int] = (), columns: Sequence[str] = tuple(WIDTHS)
) -> list[int]:
    """The list; clicking a name opens the customer. The places of the rows that are ticked, `ticked` at first.

    Rows can be ticked by those who may save what they choose as a segment; for others none ever is.
    """
    owners = {row.id: row.owner_name or "" for row in rows}
    frame = pd.DataFrame(
        {
            "name": [row.name for row in rows],
            "ref": [row.ref for row in rows],
            "email": [row.email or "" for row in rows],
            "phone": [row.phone or "" for row in rows],
            "city": [row.city or "" for row in rows],
            "country": [country(row.country) for row in rows],
            "owner": [owners[row.id] for row in rows],
            "created": [fmt().on(row.created_at) for row in rows],
        }
    )
    ids, names = [row.id for row in rows], titles()
    config: dict[str, Any] = {
        "name": opening_column(_("Name"), key=key, page="customer", ids=ids, width=160)
    }  # fmt: skip
    config |= {name: st.column_config.TextColumn(names[name], width=WIDTHS[name]) for name in columns}
    selecting: dict[str, Any] = {}
    if session.actor().may(Permission.SEGMENTS_SAVE):
        selecting = {
            "on_select": "rerun",
            "selection_mode": "multi-row",
            "selection_default": {"selection": {"rows": list(ticked)}},
        }
    state: Any = st.dataframe(
        frame[["name", *columns]],
        key=key,
        hide_index=True,
        column_config=config,
        lazy=False,
        alt=_("Customers found"),
        height="content",
        **selecting,
    )
    return [int(row) for row in state.selection.rows] if selecting else []


def download(query: CustomerQuery) -> None:
    """All customers that match as CSV, for those who may export them."""
    workspace, actor = session.workspace(), session.actor()
    if not actor.may(Permission.CUSTOMERS_EXPORT):
        return
    labels = {item.name: item.label for row in form_rows() for item in row} | titles()
    said = [labels.get(name, name) for name in (*customer_export.COLUMNS[:-1], "created")]

    def make() -> bytes:
        with workspace.read() as database_session:
            rows = list(customer_export.cells(session=database_session, actor=actor, query=query))
        return spreadsheet.csv_bytes(pd.DataFrame(rows, columns=said))

    st.download_button(
        _("Download CSV"), make, file_name="customers.csv", mime="text/csv", key="customers.csv",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def form_rows() -> list[list[Field]]:
    """The customer form: labels above, what belongs together side by side."""
    owners = _owner_names()
    return [
        [Field("name", _("Name"), is_required=True), Field("kind", _("Kind"), "select", kinds())],
        [
            Field("email", _("E-mail"), "email", placeholder="name@example.com"),
            Field(
                "phone",
                _("Phone"),
                "phone",
                help=_("Written for the customer's country, or with + and the country's code."),
            ),
        ],
        [Field("address", _("Street and number")), Field("postcode", _("Postcode"))],
        [Field("city", _("City")), Field("region", _("Region"))],
        [
            Field("country", _("Country"), "select", country_names(language())),
            Field("language", _("Language"), "select", LANGUAGES | _spoken()),
        ],
        [Field("birthday_on", _("Birthday"), "date"), Field("source", _("Source"))],
        [
            Field("owner_id", _("Owner"), "select", owners),
            Field("has_marketing_consent", _("Agreed to marketing"), "yes_no"),
        ],
        [Field("tags", _("Tags"), "tags")],
        [Field("notes", _("Notes"), "long_text")],
    ]


def _spoken() -> dict[str, str]:
    names = Locale.parse(language()).languages
    return {code: names.get(code, code) for code in ("en", "zh", "de", "fr", "es", "it", "nl", "pl", "pt", "ja")}


def _owner_names() -> dict[int, str]:
    with session.workspace().read() as database_session:
        return dict(customer_list.owner_choices(session=database_session, actor=session.actor()))


def values_of(customer: Any) -> dict[str, Any]:
    """The customer's values as the form starts from them."""
    return {item.name: getattr(customer, item.name) for row in form_rows() for item in row}


def duplicate_warnings(alike: Sequence[Any]) -> None:
    """Customers who may be the one being typed, with why, and the way to each."""
    if not alike:
        st.caption(_("Likely duplicates show here while you type."))
        return
    st.warning(
        ngettext("One customer looks like this one.", "{n} customers look like this one.", len(alike)),
        icon=":material/person_search:",
    )
    for item in alike[:DUPLICATES_SHOWN]:
        _duplicate(item)
    rest = alike[DUPLICATES_SHOWN:]
    if rest:
        more = ngettext("{n} more", "{n} more", len(rest))
        with st.popover(more, icon=":material/group:", type="tertiary", key="duplicates_more"):
            for item in rest:
                _duplicate(item)


def _duplicate(item: Any) -> None:
    with st.container(border=True, gap="xsmall", key=f"duplicate_{item.customer_id}"):
        st.page_link(
            nav.page("customer"),
            label=plain(item.name),
            icon=":material/person:",
            query_params={"id": str(item.customer_id)},
        )
        why = _(", ").join(reason_text(reason) for reason in item.reasons)
        said = _("{label}: {value}", label=fmt().percent(item.score, 0), value=why)
        known = (item.ref, item.email, item.phone, item.city)
        st.caption(plain(" · ".join([said, *(part for part in known if part)])))


def reason_text(reason: Any) -> str:
    """Why two customers look alike, in the reader's language."""
    return _(reason.template, **(reason.params or {})) if hasattr(reason, "template") else _(reason)
