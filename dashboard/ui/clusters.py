"""The parts of the Segments page that show clusters: verdict, table, profile, members."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.segments import SegmentMembersParams, SegmentsReport, segment_members
from crm_core.translation import N_
from dashboard.i18n import _, fmt, joined
from dashboard.ui import segments as shared
from dashboard.ui.drawing import chart
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page

VERDICTS = {
    "natural": N_(
        "These groups are real: they are denser than chance would make them, and come out the same from other samples."
    ),
    "reproducible": N_(
        "These groups come out the same from other samples, but customers shade from one into the next."
    ),
    "constructed": N_("These groups are cuts through one cloud: useful to split a list, not kinds of customers."),
    "none": N_("No groups: these customers form one cloud, and any split of it would be arbitrary."),
}


def sentence(report: SegmentsReport) -> str:
    if report.verdict == "none":
        return _("The {n} customers form no groups.", n=fmt().number(report.n))
    return _("{n} customers fall into {k} groups.", n=fmt().number(report.n), k=report.k)


def verdict(report: SegmentsReport) -> str:
    """Whether the groups are real, with the figures that say so."""
    figures = _(
        "Silhouette {silhouette} (without structure {null}); "
        "agreement between samples {ari} on average, {worst} in the worst tenth.",
        silhouette=fmt().number(report.silhouette_compared, 2),
        null=fmt().number(report.silhouette_null, 2),
        ari=fmt().number(report.ari_mean, 2),
        worst=fmt().number(report.ari_p10, 2),
    )
    return joined(_(VERDICTS[report.verdict]), figures)


def described(segments: pd.DataFrame) -> pd.DataFrame:
    """Clusters as the table shows them; what is typical of each stands in the chart of their centres."""
    return pd.DataFrame(
        {
            "key": segments["segment"],
            "name": [cluster_name(row) for _index, row in segments.iterrows()],
            "customers": segments["customers"],
            "share": segments["share"] * 100,
        }
    )


def members(page: Page, report: SegmentsReport, segment: Any) -> None:
    """The customers of the chosen cluster."""
    if segment is None:
        return
    row = report.segments.loc[report.segments["segment"] == segment].iloc[0]
    found = page.run(segment_members, SegmentMembersParams(as_of=report.as_of, k=report.k, segment=int(segment)))
    shared.members(cluster_name(row), _("They {trait}.", trait=_(row["trait"])), found.members, key="cluster_members")


def cluster_name(row: Any) -> str:
    """What a cluster is called; a second one of the same name gets a number."""
    name = _(row["name"])
    return f"{name} {row['name_number']}" if row["name_number"] > 1 else name


def names(report: SegmentsReport) -> dict[int, str]:
    """Each cluster's name by its number."""
    return {int(row["segment"]): cluster_name(row) for _index, row in report.segments.iterrows()}


def method(report: SegmentsReport) -> list[str]:
    """How the groups were found and judged."""
    return [
        _(
            "K-means on the logarithms of recency, frequency and net sales, each scaled to the same spread, "
            "of the {n} customers with a sale up to {day}.",
            n=fmt().number(report.n),
            day=fmt().date(report.as_of),
        ),
        _(
            "The number of groups is one that 20 bootstrap samples find again (adjusted Rand index, worst tenth), with "
            "no group too small; of those the one with the highest silhouette."
        ),
        _(
            "Natural: found again, and the silhouette beats what data without groups reaches in 95 of 100 cases. "
            "Reproducible: found again only. Constructed: neither, at the number you chose. None: nothing found."
        ),
    ]


def profile(report: SegmentsReport) -> None:
    """What sets each group apart from the average customer."""
    chart(
        charts.cluster_profile(report.segments.assign(name=list(names(report).values())), **drawing()),
        key="cluster_profile",
        alt=_("Each group beside the average customer"),
    )


def k_choice(report: SegmentsReport) -> None:
    """How the number of groups was chosen."""
    st.subheader(_("How many groups"), anchor=False)
    chart(
        charts.k_choice(report.candidates, chosen=report.k, **drawing()),
        key="cluster_k",
        alt=_("Fit and stability by number of groups"),
    )
