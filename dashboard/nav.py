"""Navigation: the pages this person may open, in sections, and links between them."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from crm_core.access import Actor
from dashboard.i18n import _
from dashboard.page_specs import PAGES, SECTIONS, PageSpec


def navigation(actor: Actor) -> Any:
    """Streamlit's navigation with the pages this actor may open; the chosen page, not yet run."""
    sections: dict[str, list[Any]] = {_(section): [] for section in SECTIONS}
    pages: dict[str, Any] = {}
    allowed = [spec for spec in PAGES if spec.permission is None or actor.may(spec.permission)]
    for spec in allowed:
        page = st.Page(
            spec.file,
            title=_(spec.title),
            icon=spec.icon,
            help=_(spec.summary),
            url_path=spec.name,
            visibility="hidden" if spec.is_hidden else "visible",
        )
        pages[spec.name] = page
        if not spec.is_hidden:
            sections.setdefault(_(spec.section), []).append(page)
    home = st.Page(
        partial(_open_first, pages[allowed[0].name]),
        title=_("Rapport"),
        url_path="home",
        default=True,
        visibility="hidden",
    )
    refused = [
        st.Page(partial(_refuse, spec), title=_(spec.title), url_path=spec.name, visibility="hidden")
        for spec in PAGES
        if spec not in allowed
    ]
    listed = {section: found for section, found in sections.items() if found}
    unlisted = [pages[spec.name] for spec in allowed if spec.is_hidden]
    st.session_state["pages"] = pages
    return st.navigation(listed | {"": [home, *unlisted, *refused]}, expanded=True)  # else "View more", in English


def _open_first(first: Any) -> None:
    """The bare address leads to the first page one may open, under that page's own address."""
    st.switch_page(first)


def _refuse(spec: PageSpec) -> None:
    """What a link to a page one may not open leads to."""
    st.title(_(spec.title), anchor=False)
    with st.container(border=True, horizontal_alignment="center", gap="xsmall"):
        st.markdown(f"#### :material/lock: {_('This page is not part of your role')}", text_alignment="center")
        st.markdown(_("Ask an administrator if you need it for your work."), text_alignment="center")


def page(name: str) -> Any:
    """A page to link or switch to, or None where this person may not open it."""
    return st.session_state["pages"].get(name)
