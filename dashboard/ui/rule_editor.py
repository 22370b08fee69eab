"""Write a rule: one box a condition, drawn from what the condition says it can be given."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from crm_core.analytics.segment_rule_values import SegmentRuleValuesParams, segment_rule_values
from crm_core.analytics.segment_rules import KINDS, parse
from crm_core.analytics.segment_rules.parameters import Amount, Choice, Days, Parameter, Score, Values
from crm_core.analytics.segment_rules.records import value_label
from crm_core.translation import translate_field
from dashboard.i18n import _, fmt, ngettext, texts
from dashboard.ui.choices import kept_choices
from dashboard.ui.page import Page
from dashboard.ui.plain import plain, unlinked
from dashboard.ui.rule_state import RuleState, Written, fresh

DAYS_OFFERED = (7, 30, 90, 180, 365, 730)
EVER = 0


def combine_choice(key: str, state: RuleState) -> None:
    """Whether all of the conditions must hold, or any."""
    labels = {"all": _("All of these hold"), "any": _("At least one of these holds")}
    _kept(f"{key}.combine", state.combine)
    chosen = st.segmented_control(
        _("Customers for whom"),
        list(labels),
        format_func=labels.__getitem__,
        required=True,
        key=f"{key}.combine",
        label_visibility="collapsed",
    )
    state.combine = str(chosen)


def conditions(page: Page, key: str, state: RuleState) -> None:
    """Every condition in a box of its own, with what is wrong with it, and a button for another."""
    notes = []
    for part in list(state.parts):
        with st.container(border=True, key=f"rule_part_{part.number}"):
            with st.container(horizontal=True, vertical_alignment="bottom"):
                if part.is_group or not KINDS[part.data["is"]].is_offered:
                    st.markdown(plain(parse({"all": [part.data]}).words(texts(), fmt())))
                else:
                    _condition(page, key, part)
                st.button(
                    _("Remove"),
                    key=f"{key}.{part.number}.remove",
                    icon=":material/close:",
                    type="tertiary",
                    on_click=state.remove,
                    args=(part.number,),
                )
            notes.append(st.empty())
    st.button(_("Add condition"), key=f"{key}.add", icon=":material/add:", on_click=state.add)
    problems = state.problems()  # now: what was chosen above is in the rule
    for place, note in enumerate(notes, start=1):
        wrong = [what for name, what in problems.items() if name.partition(".")[0] == str(place)]
        if wrong:
            said = " ".join(unlinked(translate_field(what, texts())) for what in wrong)
            note.markdown(f":small[:red[:material/error: {said}]]")


def _condition(page: Page, key: str, part: Written) -> None:
    prefix = f"{key}.{part.number}"
    kinds = {kind: _(condition.title) for kind, condition in KINDS.items() if condition.is_offered}
    _kept(f"{prefix}.is", part.data["is"])
    chosen = st.selectbox(_("Condition"), list(kinds), format_func=kinds.__getitem__, key=f"{prefix}.is", width=200)
    if chosen != part.data["is"]:
        part.data = fresh(chosen)
    for parameter in KINDS[chosen].parameters:
        name = f"{prefix}.{chosen}.{parameter.name}"
        part.data[parameter.name] = _input(page, name, parameter, part.data)


def _input(page: Page, key: str, parameter: Parameter, data: Mapping[str, Any]) -> Any:
    """The parameter's widget; what it holds, as JSON."""
    value = data.get(parameter.name)
    match parameter:
        case Choice(options=options):
            _kept(key, value)
            return st.selectbox(
                _(parameter.label), list(options), format_func=lambda code: _(options[code]), key=key, width=165
            )
        case Values():
            return _values(page, f"{key}.{data.get(parameter.by, '')}", parameter, data)
        case Amount():
            if key not in st.session_state:
                st.session_state[key] = float(value or 0)
            return str(Decimal(repr(st.number_input(_(parameter.label), key=key, step=1.0, format="%g", width=125))))
        case Days():
            offered = sorted({EVER, *DAYS_OFFERED, value or EVER})
            _kept(key, value or EVER)
            return st.selectbox(_(parameter.label), offered, format_func=_days, key=key, width=150) or None
        case Score():
            _kept(key, value)
            return st.selectbox(_(parameter.label), [1, 2, 3, 4, 5], key=key, width=110)


def _values(page: Page, key: str, parameter: Values, data: Mapping[str, Any]) -> list[str]:
    """One or more of the workspace's values, or of the condition's own."""
    of = str(data.get(parameter.by, ""))
    if parameter.options is not None:
        own = parameter.options
        options, label = list(own), lambda code: _(own[code])
    else:
        source = parameter.sources[of]
        options = list(page.run(segment_rule_values, SegmentRuleValuesParams(source)).values)
        label = lambda code: value_label(of, code, texts(), fmt())  # noqa: E731
    held = [value for value in data.get(parameter.name) or [] if key in st.session_state or value in options]
    _kept(key, [value for value in held if isinstance(value, str)])
    return st.multiselect(
        _(parameter.label),
        list(dict.fromkeys([*options, *held])),
        format_func=label,
        key=key,
        placeholder=_("Choose"),
        width=300,
    )


def _kept(key: str, value: Any) -> Any:
    """Give the widget its value where it has none yet, and keep it through a change of language."""
    if key not in st.session_state:
        st.session_state[key] = value
    kept_choices()[key] = st.session_state[key]
    return st.session_state[key]


def _days(days: int) -> str:
    return _("Ever") if days == EVER else ngettext("Last {n} day", "Last {n} days", days)
