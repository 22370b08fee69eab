"""Two people changed the same field: original, theirs and yours side by side, and a choice for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from crm_core.errors import Conflict, FieldConflict
from dashboard.i18n import _, fmt
from dashboard.ui import form_numbers
from dashboard.ui.plain import plain


def choose(
    form: str, conflict: Conflict, fields: Mapping[str, Any], save: Callable[[dict[str, Any], int], None]
) -> None:
    """Draw the choice; `save` gets the values chosen for all fields typed and the version they now build on."""
    with st.container(border=True, key=f"{form}.conflict"):
        who = conflict.changed_by or _("Someone else")
        st.warning(
            _(
                "{who} saved other values for the same fields while you were editing. "
                "Nothing you typed is lost: choose what to keep.",
                who=plain(who),
            ),
            icon=":material/call_split:",
        )
        for item in conflict.fields:
            label = fields[item.field].label if item.field in fields else item.field
            st.segmented_control(
                label,
                ["yours", "theirs", "original"],
                format_func=partial(_labelled, item=item, spec=fields.get(item.field)),
                default="yours",
                required=True,
                key=f"{form}.conflict.{item.field}.{conflict.current_version}",
                wrap=True,
            )
        st.button(
            _("Save these values"),
            key=f"{form}.resolve",
            type="primary",
            icon=":material/check:",
            on_click=_resolve,
            args=(form, conflict, save),
        )


def _labelled(which: str, item: FieldConflict, spec: Any) -> str:
    names = {"yours": _("Yours"), "theirs": _("Theirs"), "original": _("Before")}
    return _("{label}: {value}", label=names[which], value=plain(shown(getattr(item, which), spec)))


def shown(value: Any, spec: Any = None) -> str:
    """A field's value in words; a dash where it is empty."""
    if value in (None, "", []):
        return "–"
    if spec is not None and getattr(spec, "said", None):
        return str(spec.said(value))
    if spec is not None and getattr(spec, "kind", None) in form_numbers.KINDS:
        return form_numbers.shown(spec.kind, value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if spec is not None and getattr(spec, "options", None) and not isinstance(value, list):
        return str(spec.options.get(value, value))
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if hasattr(value, "isoformat"):
        return fmt().date(value)
    return str(value)


def _resolve(form: str, conflict: Conflict, save: Callable[[dict[str, Any], int], None]) -> None:
    chosen = {}
    for item in conflict.fields:
        which = st.session_state.get(f"{form}.conflict.{item.field}.{conflict.current_version}", "yours")
        chosen[item.field] = getattr(item, which)
    save(chosen, conflict.current_version)
