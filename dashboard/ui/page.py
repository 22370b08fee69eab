"""A page's frame: head, filters, analyses, what it found, how it was computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import streamlit as st

from crm_core.access import Permission
from dashboard import nav, session
from dashboard.i18n import _
from dashboard.page_specs import BY_NAME
from dashboard.ui import choices, freshness, outcome

_FIRST_COLUMN = "8.75em"
"""In the tables of a method a day or a name is not broken into pieces, however narrow the screen."""


@dataclass(frozen=True)
class Page:
    """One page while it runs; its widgets' keys and addresses start with its name."""

    name: str
    reads_snapshot: bool = False

    def choice(
        self,
        name: str,
        label: str,
        options: Mapping[str, str],
        *,
        default: str,
        kind: Literal["segmented", "select"] = "segmented",
        **layout: Any,
    ) -> str:
        """One of the options' codes, kept in the address."""
        return choices.choice(self.name, name, label, options, default=default, kind=kind, **layout)

    def several(
        self, name: str, label: str, options: Mapping[str, str], *, default: tuple[str, ...] = (), **layout: Any
    ) -> tuple[str, ...]:
        """Some of the options' codes, kept in the address."""
        return choices.several(self.name, name, label, options, default=default, **layout)

    def text(self, name: str, label: str, *, default: str, note: str) -> str:
        """A line of text, kept in the address."""
        return choices.text(self.name, name, label, default=default, note=note)

    def search(self, name: str, label: str, placeholder: str) -> str:
        """Text as one types it, kept in the address."""
        return choices.search(self.name, name, label, placeholder)

    def day_range(self, name: str, label: str, *, default: tuple[date, date]) -> tuple[date, date]:
        """A first and a last day, both included, kept in the address."""
        return choices.day_range(self.name, name, label, default=default)

    def tab(self, labels: Mapping[str, str], *, of: object = None) -> tuple[str, Any]:
        """The code of the open tab, kept in the address, and where its content goes; `of` is the record's key."""
        return choices.tab(self.name, labels, of)

    def run(self, analysis: Any, params: Any) -> Any:
        """The analysis' report; until it is there, progress is shown and the rest of the page waits."""
        return outcome.report(self.name, analysis, params)

    def headline(self, sentence: str) -> None:
        """The page's answer, in a sentence."""
        st.markdown(f"#### {sentence}")

    def method(self, *paragraphs: str) -> None:
        """How the numbers were made, folded away at the end of the page."""
        st.html(f"<style>.st-key-{self.name}_method td:first-child{{min-width:{_FIRST_COLUMN}}}</style>")
        with st.expander(_("How this is computed"), icon=":material/function:", key=f"{self.name}_method"):
            for paragraph in paragraphs:
                st.markdown(paragraph)
            if self.reads_snapshot:
                st.markdown(freshness.source())

    def link(self, name: str, label: str, *, icon: str | None = None, **address: Any) -> None:
        """A link to another page, if this person may open it."""
        target = nav.page(name)
        if target is not None:
            st.page_link(
                target, label=label, icon=icon, query_params={key: str(value) for key, value in address.items()}
            )

    def go(self, name: str, **address: Any) -> None:
        """Open another page."""
        st.switch_page(nav.page(name), query_params={key: str(value) for key, value in address.items()})

    def may(self, permission: Permission) -> bool:
        """Whether the person at the screen may do this."""
        return session.actor().may(permission)


def page(name: str, *, title: str | None = None, reads_snapshot: bool = False) -> Page:
    """Start the page: check the permission, draw its head, and say how fresh the data is.

    Raises:
        PermissionDenied: this person may not open the page.
    """
    spec = BY_NAME[name]
    if spec.permission is not None:
        session.actor().require(spec.permission)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", key="page_head"):
        st.title(title or _(spec.title), anchor=False)
        if reads_snapshot:
            freshness.caption()
    if reads_snapshot:
        freshness.wait_for_first_snapshot(name)
    return Page(name, reads_snapshot)
