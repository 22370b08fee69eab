"""Write a rule: one box a condition, drawn from what the condition says it can be given."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from crm_core.analytics.segment_rule_values import SegmentRuleValuesParams, segment_rule_values
from crm_core.analytics.segment_rules import KINDS, parse
from crm_core.analytics.segment_rules.language import DEEPEST
from crm_core.analytics.segment_rules.parameters import Amount, Choice, Days, Parameter, Score, Values
from crm_core.analytics.segment_rules.records import value_label
from crm_core.translation import translate_field
from dashboard.i18n import _, fmt, ngettext, texts
from dashboard.ui.choices import kept_choices
from dashboard.ui.page import Page
from dashboard.ui.plain import plain, unlinked
from dashboard.ui.rule_state import Group, RuleState, Written, fresh

DAYS_OFFERED = (7, 30, 90, 180, 365, 730)
EVER = 0


def conditions(page: Page, key: str, state: RuleState) -> None:
    """Every condition in a box of its own, groups in theirs, with what is wrong, and buttons for more."""
    notes: dict[str, Any] = {}
    _group(page, key, state, state.root, place="", notes=notes)
    wrong: dict[str, list[str]] = {}
    for name, what in state.problems().items():  # now: what was chosen above is in the rule
        wrong.setdefault(_nearest(name, notes), []).append(unlinked(translate_field(what, texts())))
    for place, said in wrong.items():
        notes[place].markdown(f":small[:red[:material/error: {' '.join(said)}]]")


def _nearest(name: str, notes: Mapping[str, Any]) -> str:
    """The place of the condition or group that a problem's name, such as "2.1.values", is about; "" is the rule."""
    while name and name not in notes:
        name = name.rpartition(".")[0]
    return name


def _group(page: Page, key: str, state: RuleState, group: Group, *, place: str, notes: dict[str, Any]) -> None:
    """The group's own choice, its parts and its buttons; `notes` gets the place below each part."""
    prefix = f"{key}.{group.number}" if place else key
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        _combine_choice(prefix, group)
        if place:
            _remove_button(prefix, state, group.number)
    for number, part in enumerate(list(group.parts), start=1):
        here = f"{place}.{number}" if place else str(number)
        with st.container(border=True, key=f"rule_part_{part.number}"):
            if isinstance(part, Group):
                _group(page, key, state, part, place=here, notes=notes)
            else:
                with st.container(horizontal=True, vertical_alignment="bottom"):
                    _condition(page, key, part)
                    _remove_button(f"{key}.{part.number}", state, part.number)
                notes[here] = st.empty()
    with st.container(horizontal=True):
        st.button(_("Add condition"), key=f"{prefix}.add", icon=":material/add:", on_click=state.add, args=(group,))
        if (place.count(".") + 2 if place else 1) < DEEPEST:
            st.button(
                _("Add group"),
                key=f"{prefix}.add_group",
                icon=":material/account_tree:",
                on_click=state.add_group,
                args=(group,),
                help=_("Conditions in a group are joined among themselves, as if in brackets."),
            )
    notes[place] = st.empty()


def _combine_choice(prefix: str, group: Group) -> None:
    """Whether all of the parts must hold, or any."""
    labels = {"all": _("All of these hold"), "any": _("At least one of these holds")}
    _kept(f"{prefix}.combine", group.combine)
    chosen = st.segmented_control(
        _("Customers for whom"),
        list(labels),
        format_func=labels.__getitem__,
        required=True,
        key=f"{prefix}.combine",
        label_visibility="collapsed",
    )
    group.combine = str(chosen)


def _remove_button(prefix: str, state: RuleState, number: int) -> None:
    st.button(
        _("Remove"),
        key=f"{prefix}.remove",
        icon=":material/close:",
        type="tertiary",
        on_click=state.remove,
        args=(number,),
    )


def _condition(page: Page, key: str, part: Written) -> None:
    kind = KINDS.get(part.data["is"])
    if kind is None or not kind.is_offered:
        st.markdown(plain(parse({"all": [part.data]}).words(texts(), fmt()) if kind else str(part.data["is"])))
        return
    prefix = f"{key}.{part.number}"
    kinds = {kind: _(condition.title) for kind, condition in KINDS.items() if condition.is_offered}
    _kept(f"{prefix}.is", part.data["is"])
    chosen = st.selectbox(_("Condition"), list(kinds), format_func=kinds.__getitem__, key=f"{prefix}.is", width=240)
    if chosen != part.data["is"]:
        part.data = fresh(chosen)
    for parameter in KINDS[chosen].parameters:
        before = part.data.get(parameter.name)
        name = f"{prefix}.{chosen}.{parameter.name}"
        part.data[parameter.name] = _input(page, name, parameter, part.data)
        if part.data[parameter.name] != before:
            _empty_those_by(parameter, part)


def _empty_those_by(parameter: Parameter, part: Written) -> None:
    """Values of a city are none of a country."""
    for other in KINDS[part.data["is"]].parameters:
        if isinstance(other, Values) and other.by == parameter.name:
            part.data[other.name] = []


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
            typed = st.number_input(_(parameter.label), key=key, step=1.0, format="%g", width=125)
            return parameter.write(Decimal(repr(typed)))
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
    held = [value for value in data.get(parameter.name) or [] if isinstance(value, str)]
    _kept(key, held)
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
