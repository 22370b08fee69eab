"""The parts of the Alerts page: what fired, the rules, a new rule; and how many alerts one has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from crm_core.access import Permission
from crm_core.analytics import alerts
from crm_core.analytics.alert_run import check_alerts
from crm_core.analytics.alerts import KINDS, Alert
from crm_core.analytics.definitions import AREA_OF, AREAS, DEFINITIONS
from crm_core.analytics.standings import calendar_period
from crm_core.analytics.targets import GRAINS
from crm_core.db.models import AlertRule
from crm_core.errors import CrmError
from dashboard import jobs, session
from dashboard.i18n import _, fmt, ngettext
from dashboard.ui import drawing
from dashboard.ui.areas import ROWS
from dashboard.ui.cards import metric_text
from dashboard.ui.form_state import Field, opened
from dashboard.ui.page import Page
from dashboard.ui.plain import plain, plain_error
from dashboard.ui.record_form import record_form
from dashboard.ui.targets import unscaled

_BEGINS = {"grain": "month", "kind": "unusual"}
"""What a new rule is before anything is chosen."""
MOST_NEWS = 3
SIGNS = {"above": ":material/north_east:", "below": ":material/south_east:", "unusual": ":material/query_stats:"}


def check_once() -> None:
    """Check every alert against the snapshot in the background, once for each state of the records."""
    workspace = session.workspace()
    with workspace.warehouse.open() as snapshot:
        name = f"alerts:{snapshot.version}"
    if jobs.current(None, name) is None:
        jobs.start(None, name, name, lambda _job: check_alerts(workspace.analyses, workspace.database))


def found() -> list[Alert]:
    """What fired for this person, newest first."""
    with session.workspace().read() as database_session:
        return alerts.alerts(session=database_session, actor=session.actor())


def link(page: Page) -> None:
    """The way to the alerts, and how many are new."""
    n = sum(not alert.is_seen for alert in found())
    label = ngettext("{n} new alert", "{n} new alerts", n) if n else _("Alerts")
    page.link("alerts", label, icon=":material/notifications_active:" if n else ":material/notifications:")


def news() -> None:
    """What fired and was not seen yet, as the first sentences of a page; nothing where there is none."""
    fresh = [alert for alert in found() if not alert.is_seen][:MOST_NEWS]
    if fresh:
        st.markdown("\n".join(f"- :red[:material/notifications_active:] {plain(said(alert))}" for alert in fresh))


def listing(page: Page, shown: Sequence[Alert]) -> None:
    """What fired, those not seen yet first, each with the way to its rows."""
    for alert in sorted(shown, key=lambda alert: alert.is_seen):
        with drawing.row(f"alert_{alert.id}"):
            badge = "" if alert.is_seen else f" :blue-badge[{_('new')}]"
            st.markdown(f"{SIGNS[alert.kind]} {plain(said(alert))}{badge}", width="stretch")
            period = calendar_period(alert.period_start, alert.grain)
            rows = ROWS.get(AREA_OF[alert.metric], "rows")
            address = {"metric": alert.metric, "from": period.start, "to": period.end}
            page.link(rows, _("Open the rows"), icon=":material/table_rows:", **address)
    fresh = [alert.id for alert in shown if not alert.is_seen]
    if fresh:
        st.button(_("Mark all as seen"), key="alerts.seen", icon=":material/done_all:", on_click=_seen, args=(fresh,))


def said(alert: Alert) -> str:
    """What happened, in a sentence."""
    period = fmt().period(calendar_period(alert.period_start, alert.grain))
    facts = {
        "metric": _(DEFINITIONS[alert.metric].name), "value": metric_text(alert.metric, alert.value), "period": period,
    }  # fmt: skip
    if alert.kind == "unusual":
        low, high = (metric_text(alert.metric, bound) for bound in (alert.low, alert.high))
        return _("{period}: {metric} of {value} is unusual; {low} to {high} was to be expected.", low=low, high=high,
                 **facts)  # fmt: skip
    limit = metric_text(alert.metric, alert.threshold)
    if alert.kind == "above":
        return _("{period}: {metric} of {value} is above {limit}.", limit=limit, **facts)
    return _("{period}: {metric} of {value} is below {limit}.", limit=limit, **facts)


def rules() -> None:
    """What is watched, and the way to stop it."""
    with session.workspace().read() as database_session:
        watched = alerts.rules(session=database_session, actor=session.actor())
    actor = session.actor()
    for rule, owner in watched:
        is_mine = rule.owner_id == actor.user_id
        with drawing.row(f"rule_{rule.id}"):
            whose = _("shared by {name}", name=plain(owner or _("Rapport"))) if rule.is_shared else _("only for you")
            st.markdown(f"{plain(rule_text(rule))}  \n:gray[{whose}]", width="stretch")
            if is_mine or (rule.is_shared and actor.may(Permission.TARGETS_EDIT)):
                st.button(
                    _("Stop watching"), key=f"alerts.remove.{rule.id}", icon=":material/notifications_off:",
                    on_click=_remove, args=(rule.id,),
                )  # fmt: skip
    if not watched:
        st.caption(_("Nothing is watched yet."))


def rule_text(rule: AlertRule) -> str:
    """What a rule waits for."""
    facts = {"metric": _(DEFINITIONS[rule.metric].name), "grain": _(GRAINS[rule.grain]).lower()}
    if rule.kind == "unusual" or rule.threshold is None:
        return _("{metric} per {grain}, when unusual against its own history", **facts)
    limit = metric_text(rule.metric, rule.threshold)
    if rule.kind == "above":
        return _("{metric} per {grain}, when above {limit}", limit=limit, **facts)
    return _("{metric} per {grain}, when below {limit}", limit=limit, **facts)


def new(page: Page) -> None:
    """The form of a new rule."""
    metrics = {
        name: f"{_(area.name)} · {_(DEFINITIONS[name].name)}" for area in AREAS.values() for name in area.metrics
    }
    grains = {code: _(name) for code, name in GRAINS.items() if code in alerts.GRAINS}
    rows = [
        [
            Field("metric", _("Metric"), "select", metrics, is_required=True),
            Field("grain", _("Period"), "select", grains, is_required=True),
        ],
        [
            Field("kind", _("Tell me when it is"), "select", {code: _(name) for code, name in KINDS.items()}),
            Field("threshold", _("Threshold"), "amount", help=_("Not needed for unusual values. Shares in percent.")),
        ],
    ]
    if page.may(Permission.TARGETS_EDIT):
        rows.append([Field("is_shared", _("Share with everybody who sees key figures"), "yes_no")])

    def save(values: dict[str, Any], _version: int | None) -> bool:
        metric = str(values.get("metric") or "")
        with session.workspace().database.untracked() as database_session:
            alerts.create(
                session=database_session,
                actor=session.actor(),
                metric=metric,
                grain=str(values.get("grain") or _BEGINS["grain"]),
                kind=str(values.get("kind") or _BEGINS["kind"]),
                threshold=unscaled(metric, values.get("threshold")),
                is_shared=bool(values.get("is_shared")),
            )
        return True

    state = opened("alert:new", _BEGINS, None)
    if record_form("alert:new", rows, state, save, save_label=_("Watch it")):
        workspace = session.workspace()
        with st.spinner(_("Looking at the last periods …")):
            check_alerts(workspace.analyses, workspace.database)
        st.rerun()


def method() -> list[str]:
    """How alerts come about."""
    return [
        _(
            "The server checks every rule by itself, and so does a refresh of the records, against the last two "
            "periods that are over, so that records that come late count too. A rule fires once for a period, whatever "
            "comes later."
        ),
        _(
            "Unusual means further off than nearly all earlier steps from one year to the next: where nothing happens "
            "that is one month or quarter in 20 and one week in 50. With fewer than 32 months, 24 quarters or 102 "
            "weeks on record such a rule stays silent."
        ),
    ]


def _seen(firing_ids: Sequence[int]) -> None:
    with session.workspace().database.untracked() as database_session:
        alerts.mark_seen(session=database_session, actor=session.actor(), firing_ids=firing_ids)


def _remove(rule_id: int) -> None:
    try:
        with session.workspace().database.untracked() as database_session:
            alerts.remove(session=database_session, actor=session.actor(), rule_id=rule_id)
    except CrmError as error:
        st.toast(plain_error(error), icon=":material/error:")
