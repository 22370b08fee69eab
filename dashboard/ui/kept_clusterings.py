"""Clusterings that were kept, on the Segments page: choosing one, its groups on a later day, keeping and removing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from crm_core.access import Permission
from crm_core.analytics import clustering
from crm_core.analytics.clustering import Clustering
from crm_core.analytics.placement import PlacedParams, PlacementParams, placed, placement
from crm_core.db.models import SegmentKind
from crm_core.errors import CrmError
from crm_core.records import clusterings
from crm_core.records.clusterings import KeptRow
from dashboard import session
from dashboard.i18n import _, error_text, fmt, ngettext
from dashboard.ui import segments as shared
from dashboard.ui.page import Page
from dashboard.ui.save_segment import save_as_segment

NOW = "now"


def choice(page: Page) -> KeptRow | None:
    """One of the clusterings that were kept, or None: groups are found anew."""
    with session.workspace().read() as database:
        rows = {str(row.id): row for row in clusterings.list_all(session=database, actor=session.actor())}
    if not rows:
        return None
    options = {NOW: _("Found now")} | {code: row.name for code, row in rows.items()}
    return rows.get(page.choice("kept", _("Groups"), options, default=NOW, kind="select", width=260))


def opened(row: KeptRow) -> Clustering:
    """What the clustering holds."""
    with session.workspace().read() as database:
        kept = clusterings.get(session=database, actor=session.actor(), clustering_id=row.id)
        return clustering.read(kept.definition)


def show(page: Page, row: KeptRow, found: Clustering, as_of: date) -> None:
    """The groups as they are on a day, and the customers of the one chosen."""
    report = page.run(placement, PlacementParams(found, as_of))
    page.headline(
        _(
            "“{name}” places {n} customers, {new} of them since it was kept.",
            name=row.name,
            n=fmt().number(report.n),
            new=fmt().number(report.newcomers),
        )
    )
    st.caption(
        _(
            "Found on the customers of {day}, kept on {kept} by {who}.",
            day=fmt().date(row.found_on),
            kept=fmt().on(row.kept_at),
            who=row.owner_name or "—",
        )
    )
    names = group_names(found)
    frame = pd.DataFrame(
        {
            "key": report.segments["segment"],
            "name": [names[str(number)] for number in report.segments["segment"]],
            "customers": report.segments["customers"],
            "share": report.segments["share"] * 100,
            "new": report.segments["newcomers"],
            "sales": report.segments["sales"].astype(float),
        }
    )
    segment = shared.segment_table(frame, key=f"kept_{row.id}", title=_("Groups"))
    if segment is not None:
        members = page.run(placed, PlacedParams(found, as_of, int(segment))).members
        shared.members(names[str(segment)], "", members, key="kept_members")
        save_as_segment(
            f"kept.{row.id}.{segment}",
            name=names[str(segment)],
            kind=SegmentKind.MODEL,
            definition=cluster_rule(found, int(segment)),
        )


def cluster_rule(found: Clustering, segment: int) -> dict[str, Any]:
    """The rule that places customers of later days in the group."""
    return {"all": [{"is": "cluster", "clustering": clustering.written(found), "segment": segment}]}


def group_names(found: Clustering) -> dict[str, str]:
    """Each group's name by its key, as it was when it was kept, best first."""
    groups = sorted(found.groups, key=lambda group: group.number)
    return {
        str(group.number): f"{_(group.name)} {group.name_number}" if group.name_number > 1 else _(group.name)
        for group in groups
    }


def keep_button(page: Page, found: Clustering | None) -> None:
    """A way to keep the groups found now; of dense regions, why there is none."""
    if not page.may(Permission.SEGMENTS_SAVE):
        return
    if found is None:
        st.caption(
            _(
                "Dense regions cannot be kept: they are known only by the customers who lie in them, so no rule says "
                "where a later customer belongs. Save a group as a segment to keep its customers, or let groups form "
                "around centres or as clouds to place newcomers in them."
            )
        )
        return
    with st.popover(_("Keep these groups"), icon=":material/bookmark_add:", key="keep_clustering"):
        st.caption(_("Later customers can then be placed in them, and changes are measured by the same yardstick."))
        name = st.text_input(_("Name"), key="keep_clustering.name", max_chars=120)
        st.button(_("Keep"), key="keep_clustering.save", type="primary", on_click=_keep, args=(name, found))
        if problem := st.session_state.pop("keep_clustering.problem", None):
            st.error(problem)


def remove_button(page: Page, row: KeptRow) -> None:
    """A way to take a kept clustering off the list."""
    if page.may(Permission.SEGMENTS_SAVE):
        st.button(
            _("Remove from the list"),
            key=f"remove_clustering.{row.id}",
            icon=":material/delete:",
            type="tertiary",
            on_click=_remove,
            args=(row.id,),
        )


def _keep(name: str, found: Clustering) -> None:
    workspace, actor = session.workspace(), session.actor()
    try:
        with workspace.write(actor, "form") as database:
            row = clusterings.keep(
                session=database, actor=actor, name=name, found_on=found.as_of, definition=clustering.written(found)
            )
            code = str(row.id)
    except CrmError as refused:
        st.session_state["keep_clustering.problem"] = error_text(refused)
        return
    st.session_state["segments.kept"] = code
    st.toast(_("“{name}” is kept.", name=name.strip()), icon=":material/bookmark_added:")


def _remove(clustering_id: int) -> None:
    workspace, actor = session.workspace(), session.actor()
    with workspace.write(actor, "form") as database:
        clusterings.remove(session=database, actor=actor, clustering_id=clustering_id)
    st.session_state["segments.kept"] = NOW


def method(found: Clustering) -> str:
    """What a kept clustering does."""
    return ngettext(
        "Features, scaling and centres of {n} group are those of {day}; customers of other days are placed by them.",
        "Features, scaling and centres of {n} groups are those of {day}; customers of other days are placed by them.",
        len(found.groups),
        day=fmt().date(found.as_of),
    )
