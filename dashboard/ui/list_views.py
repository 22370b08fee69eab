"""The views of a list: opened, kept, renamed, shared, chosen to begin with, deleted; and which columns it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from crm_core.access import Permission
from crm_core.db.history import TrackedSession
from crm_core.errors import CrmError, Invalid
from crm_core.records import saved_views
from crm_core.records.saved_views import ViewRow
from crm_core.translation import translate_fields
from dashboard import session
from dashboard.i18n import _, texts
from dashboard.ui import choices, done
from dashboard.ui.page import Page
from dashboard.ui.plain import plain, plain_error, shortened, unlinked
from dashboard.ui.records_views import View

VIEW, ALL = "view", "all"
"""What the view is called in the address, and its value where a reader wants none though their list begins with one."""
COLUMNS = "cols"
LONGEST_NAME = 24


def of(page: Page, view: View, *more: str) -> ListViews:
    """The views of a kind's list, the right one opened; `more` are choices the page has besides those of every list."""
    found = ListViews(page, view.table, ("q", "sort", COLUMNS, *view.kind.filters, *more))
    found.begin()
    return found


@dataclass(frozen=True)
class ListViews:
    """The views of one list while its page runs; `names` are the choices a view holds, as the address calls them."""

    page: Page
    list_name: str
    names: tuple[str, ...]

    @property
    def _key(self) -> str:
        return f"{self.page.name}.views"

    def begin(self) -> None:
        """Open the view the address names, or the one the reader's list begins with; before any choice is drawn."""
        given = st.query_params.get(VIEW)
        is_bare = not choices.address(self.names)
        seen = st.session_state.get(f"{self._key}.seen")
        st.session_state[f"{self._key}.seen"] = given
        is_fresh = choices.is_fresh(self.page.name, self.names)
        if given is not None and given.isdecimal() and is_bare and (is_fresh or given != seen):
            with session.workspace().read() as database_session:
                view = saved_views.get(session=database_session, actor=session.actor(), view_id=int(given))
            choices.readdress(self.page.name, self.names, view.query)
        elif given is None and is_bare and is_fresh and not choices.is_chosen(self.page.name, self.names):
            with session.workspace().read() as database_session:
                first = saved_views.default_of(
                    session=database_session, actor=session.actor(), list_name=self.list_name
                )
            if first is not None:
                choices.readdress(self.page.name, self.names, first.query)
                self._mark(str(first.id))

    def columns(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The columns the reader wants, of those there are; all at first."""
        return self.page.several(COLUMNS, _("Columns"), labels, default=tuple(labels)) if labels else ()

    def menu(self, place: Any, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The button with the views and the columns at `place`, after every other choice was drawn; the columns."""
        with session.workspace().read() as database_session:
            rows = saved_views.listed(session=database_session, actor=session.actor(), list_name=self.list_name)
        with place:
            current = self._current(rows)
            name = _("Views") if current is None else plain(shortened(current.name, LONGEST_NAME))
            with st.popover(name, icon=":material/bookmarks:", key=f"{self.page.name}_views"):
                chosen = self.columns(labels)
                held = choices.address(self.names)
                self._offer(rows, current)
                self._keep(current, held)
        return chosen

    def _current(self, rows: Sequence[ViewRow]) -> ViewRow | None:
        given = st.query_params.get(VIEW)
        return next((row for row in rows if str(row.id) == given), None)

    def _offer(self, rows: Sequence[ViewRow], current: ViewRow | None) -> None:
        """A button for each view, and one for the list as it is without."""
        if not rows:
            st.caption(_("Keep the search, filters, order and columns of this list under a name."))
            return
        self._open_button(None, _("As usual"), is_current=current is None)
        for row in rows:
            whose = "" if row.is_own else _("by {name}", name=row.owner_name or "–")
            label = plain(" · ".join(part for part in (row.name, whose) if part))
            self._open_button(row, label, is_current=row is current)

    def _open_button(self, row: ViewRow | None, label: str, *, is_current: bool) -> None:
        icon = ":material/star:" if row is not None and row.is_default else (
            ":material/group:" if row is not None and row.is_shared else ":material/bookmark:"
        )  # fmt: skip
        st.button(
            f"**{label}**" if is_current else label, key=f"{self._key}.open.{0 if row is None else row.id}", icon=icon,
            type="tertiary", on_click=self._open, args=(row,),
        )  # fmt: skip

    def _keep(self, current: ViewRow | None, held: Mapping[str, str]) -> None:
        """Save, rename, share, begin with and delete, as far as the reader may."""
        is_own = current is not None and current.is_own
        turn = f"{0 if current is None else f'{current.id}.{current.version}'}"
        st.divider()
        if current is not None and is_own and dict(current.query) != dict(held):
            st.button(
                _("Save changes to “{name}”", name=plain(current.name)), key=f"{self._key}.save", type="primary",
                icon=":material/check:", on_click=self._change, args=(current, {"query": dict(held)}, _("View saved.")),
            )  # fmt: skip
        name = st.text_input(
            _("Name of the view"), key=f"{self._key}.name.{turn}", value=current.name if current and is_own else "",
            max_chars=120,
        )  # fmt: skip
        with st.container(horizontal=True):
            st.button(
                _("Save as new view"), key=f"{self._key}.new", icon=":material/bookmark_add:",
                on_click=self._create, args=(f"{self._key}.name.{turn}", dict(held)),
            )  # fmt: skip
            if current is not None and is_own and name.strip() != current.name:
                st.button(_("Rename"), key=f"{self._key}.rename", icon=":material/edit:", on_click=self._change,
                          args=(current, {"name": name}, _("View renamed.")))  # fmt: skip
        if current is None:
            return
        with st.container(horizontal=True):
            first = _("Do not begin with it") if current.is_default else _("Begin with this view")
            st.button(first, key=f"{self._key}.default", icon=":material/star:", type="tertiary",
                      on_click=self._begin_with, args=(None if current.is_default else current.id,))  # fmt: skip
            if is_own and (self.page.may(Permission.VIEWS_SHARE) or current.is_shared):
                words = _("Stop sharing") if current.is_shared else _("Share with everybody")
                turned = {"is_shared": not current.is_shared}
                said = _("Only you see the view now.") if current.is_shared else _("Everybody sees the view now.")
                st.button(words, key=f"{self._key}.share", icon=":material/group:", type="tertiary",
                          on_click=self._change, args=(current, turned, said))  # fmt: skip
            if is_own:
                st.button(_("Delete view"), key=f"{self._key}.delete", icon=":material/delete:", type="tertiary",
                          on_click=self._remove, args=(current,))  # fmt: skip
            else:
                st.caption(_("Shared with you: save it as a new view to change it."))

    def _open(self, row: ViewRow | None) -> None:
        choices.readdress(self.page.name, self.names, {} if row is None else row.query)
        self._mark(ALL if row is None else str(row.id))

    def _mark(self, view: str) -> None:
        st.query_params[VIEW] = view
        st.session_state[f"{self._key}.seen"] = view

    def _create(self, key: str, held: Mapping[str, str]) -> None:
        def make(database_session: TrackedSession) -> None:
            view = saved_views.create(
                session=database_session, actor=session.actor(), list_name=self.list_name,
                name=st.session_state.get(key, ""), query=held,
            )  # fmt: skip
            self._mark(str(view.id))

        self._write(make, _("View saved."))

    def _change(self, row: ViewRow, values: Mapping[str, Any], said: str) -> None:
        self._write(
            lambda database_session: saved_views.update(
                session=database_session, actor=session.actor(), view_id=row.id, seen_version=row.version, values=values
            ),
            said,
        )

    def _remove(self, row: ViewRow) -> None:
        self._write(
            lambda database_session: saved_views.remove(
                session=database_session, actor=session.actor(), view_id=row.id
            ),
            _("View deleted."),
        )
        self._mark(ALL)

    def _write(self, do: Callable[[TrackedSession], Any], said: str) -> None:
        try:
            with session.workspace().write(session.actor(), "form") as database_session:
                do(database_session)
                done.note(said, done.change_set_of(database_session))
        except Invalid as error:
            st.toast(unlinked(" ".join(translate_fields(error, texts()).values())), icon=":material/error:")
        except CrmError as error:
            st.toast(plain_error(error), icon=":material/error:")

    def _begin_with(self, view_id: int | None) -> None:
        with session.workspace().database.untracked() as database_session:
            saved_views.set_default(
                session=database_session, actor=session.actor(), list_name=self.list_name, view_id=view_id
            )
