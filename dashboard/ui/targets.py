"""The parts of the Targets page: the list, a new target, and one target with its form and history."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import streamlit as st

from crm_core.access import SYSTEM, Permission
from crm_core.analytics import targets
from crm_core.analytics.definitions import AREA_OF, AREAS, DEFINITIONS
from crm_core.analytics.targets import GRAINS, Target
from crm_core.errors import Conflict, CrmError, FieldConflict
from dashboard import session
from dashboard.i18n import _, fmt
from dashboard.ui import done, drawing, record_history
from dashboard.ui.cards import metric_text
from dashboard.ui.form_state import Field, opened
from dashboard.ui.page import Page
from dashboard.ui.plain import plain, plain_error
from dashboard.ui.record_form import record_form

USUAL_GRAIN = "month"


def listed() -> list[Target]:
    """Every target."""
    with session.workspace().read() as database_session:
        return targets.list_all(session=database_session, actor=session.actor())


def chosen(rows: Sequence[Target]) -> Target | None:
    """The target the address names."""
    wanted = st.query_params.get("id", "")
    return next((row for row in rows if str(row.id) == wanted), None)


def named(row: Target) -> str:
    """The metric and the period of a target."""
    return _("{metric} per {period}", metric=_(DEFINITIONS[row.metric].name), period=_(GRAINS[row.grain]).lower())


def listing(page: Page, rows: Sequence[Target]) -> None:
    """The targets by area, each with the way to change it."""
    for area in AREAS.values():
        of_area = [row for row in rows if AREA_OF[row.metric] == area.id]
        if not of_area:
            continue
        st.subheader(_(area.name), anchor=False)
        for row in of_area:
            with drawing.row(f"target_{row.id}"):
                by = _("Rapport") if row.set_by in (None, SYSTEM.name) else plain(str(row.set_by))
                who = _("set by {name}, {day}", name=by, day=fmt().on(row.set_at))
                value = plain(metric_text(row.metric, row.value))
                st.markdown(f"{plain(named(row))}: **{value}**  \n:gray[{who}]", width="stretch")
                if page.may(Permission.TARGETS_EDIT):
                    page.link("targets", _("Edit"), icon=":material/edit:", id=row.id)


def new(page: Page) -> None:
    """The form of a new target."""
    metrics = {
        name: f"{_(area.name)} · {_(DEFINITIONS[name].name)}"
        for area in AREAS.values()
        for name in area.metrics
        if DEFINITIONS[name].better is not None
    }
    rows = [
        [
            Field("metric", _("Metric"), "select", metrics, is_required=True),
            Field("grain", _("Period"), "select", {code: _(name) for code, name in GRAINS.items()}, is_required=True),
            Field("target", _("Target"), "amount", is_required=True, help=_units()),
        ]
    ]

    def save(values: dict[str, Any], _version: int | None) -> int:
        metric = str(values.get("metric") or "")
        with session.workspace().write(session.actor(), "form") as database_session:
            made = targets.create(
                session=database_session,
                actor=session.actor(),
                metric=metric,
                grain=str(values.get("grain") or USUAL_GRAIN),
                value=unscaled(metric, values.get("target")),
            )
            done.note(_("The target was set."), done.change_set_of(database_session))
            return made.id

    state = opened("target:new", {"grain": USUAL_GRAIN}, None)
    if record_form("target:new", rows, state, save, save_label=_("Set the target")) is not None:
        page.go("targets")


def change(page: Page, row: Target) -> None:
    """One target: its form, its removal, its history."""
    factor = _factor(row.metric)
    field = Field("target", _("Target"), "amount", is_required=True, help=_units() if factor != 1 else None)

    def save(values: dict[str, Any], version: int | None) -> bool:
        try:
            with session.workspace().write(session.actor(), "form") as database_session:
                targets.update(
                    session=database_session,
                    actor=session.actor(),
                    target_id=row.id,
                    seen_version=version or row.version,
                    value=unscaled(row.metric, values.get("target")),
                )
                done.note(_("The target was changed."), done.change_set_of(database_session))
        except Conflict as clash:
            raise _scaled(clash, factor) from clash
        return True

    form = f"target:{row.id}"
    state = opened(form, {"target": format((row.value * factor).normalize(), "f")}, row.version)
    with st.container(width=360):
        saved = record_form(form, [[field]], state, save, save_label=_("Save changes"))
    if saved:
        page.go("targets")
    if st.button(_("Remove the target"), key="targets.remove", icon=":material/delete:"):
        _remove(page, row)
    st.subheader(_("History"), anchor=False)
    said = Field("target", _("Target"), said=lambda value: metric_text(row.metric, Decimal(value)))
    record_history.history_list("metric_targets", row.id, {"target": said})
    page.link("targets", _("All targets"), icon=":material/arrow_back:")


def unscaled(metric: str, typed: Any) -> Any:
    """What is typed as the service takes it: shares are typed in percent; what is no number stays as it is."""
    try:
        return Decimal(str(typed)) / _factor(metric)
    except InvalidOperation:
        return typed


def _remove(page: Page, row: Target) -> None:
    try:
        with session.workspace().write(session.actor(), "form") as database_session:
            targets.remove(session=database_session, actor=session.actor(), target_id=row.id)
            done.note(_("The target was removed."), done.change_set_of(database_session))
    except CrmError as error:
        st.error(plain_error(error), icon=":material/error:")
        return
    page.go("targets")


def _factor(metric: str) -> int:
    definition = DEFINITIONS.get(metric)
    return 100 if definition is not None and definition.unit == "ratio" else 1


def _scaled(clash: Conflict, factor: int) -> Conflict:
    """The conflict in the numbers one types."""
    fields = [
        FieldConflict(item.field, *(_typed(value, factor) for value in (item.original, item.theirs, item.yours)))
        for item in clash.fields
    ]
    return Conflict(fields, current_version=clash.current_version, changed_by=clash.changed_by)


def _typed(value: Any, factor: int) -> str:
    return format((Decimal(value) * factor).normalize(), "f")


def _units() -> str:
    return _("Shares in percent, durations in hours or days, money in the workspace's currency.")
