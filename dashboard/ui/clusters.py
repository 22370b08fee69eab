"""The parts of the Segments page that show clusters: choices, verdict, table, profile, members."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pandas as pd
import streamlit as st

from crm_core import charts
from crm_core.analytics.partitions import Method
from crm_core.analytics.segment_features import DEFAULT, FEATURES
from crm_core.analytics.segments import SegmentMembersParams, SegmentsParams, SegmentsReport, segment_members
from crm_core.db.models import SegmentKind
from crm_core.translation import N_
from dashboard.i18n import _, fmt, joined
from dashboard.ui import segments as shared
from dashboard.ui.drawing import chart
from dashboard.ui.kept_clusterings import cluster_rule
from dashboard.ui.overview import drawing
from dashboard.ui.page import Page
from dashboard.ui.save_segment import save_as_segment

METHODS: dict[Method, str] = {
    "kmeans": N_("Around centres (k-means)"),
    "mixture": N_("As overlapping clouds (Gaussian mixture)"),
    "density": N_("Dense regions (HDBSCAN)"),
}
VERDICTS = {
    "natural": N_(
        "These groups are real: they are far denser than chance would make them, and come out the same from other "
        "samples."
    ),
    "reproducible": N_(
        "These groups are denser than chance would make them and come out the same from other samples, but customers "
        "shade from one into the next."
    ),
    "constructed": N_("These groups are cuts through one cloud: useful to split a list, not kinds of customers."),
    "none": N_("No groups: these customers form one cloud, and any split of it would be arbitrary."),
}


def asked(page: Page, as_of: date) -> SegmentsParams:
    """What to compare customers by, how, and into how many groups."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        labels = {method: _(METHODS[method]) for method in get_args(Method)}
        method = page.choice("method", _("Groups form"), labels, default="kmeans", kind="select", width=300)
        counts = {"auto": _("Found in the data")} | {str(k): str(k) for k in range(2, 9)}
        k = "auto"
        if method != "density":
            k = page.choice("k", _("Number of groups"), counts, default="auto", kind="select", width=200)
    options = {name: _(feature.label) for name, feature in FEATURES.items()}
    features = page.several("by", _("Compare customers by"), options, default=DEFAULT)
    return SegmentsParams(as_of, None if k == "auto" else int(k), features, method)  # type: ignore[arg-type]  # its own options


def sentence(report: SegmentsReport) -> str:
    """Whether there are groups, and how many."""
    if report.verdict == "none":
        return _("The {n} customers form no groups.", n=fmt().number(report.n))
    if report.verdict == "constructed":
        return _("The {n} customers form one cloud, here cut into {k} parts.", n=fmt().number(report.n), k=report.k)
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


def members(page: Page, asked: SegmentsParams, report: SegmentsReport, segment: Any) -> None:
    """The customers of the chosen cluster."""
    if segment is None:
        return
    row = report.segments.loc[report.segments["segment"] == segment].iloc[0]
    params = SegmentMembersParams(report.as_of, report.k, int(segment), asked.features, asked.method)
    found = page.run(segment_members, params).members
    shared.members(cluster_name(row), traits(row), found, key="cluster_members")
    save_as_segment(
        f"cluster.{report.as_of}.{report.k}.{segment}",
        name=cluster_name(row),
        kind=SegmentKind.MODEL,
        definition=None if report.clustering is None else cluster_rule(report.clustering, int(segment)),
        member_ids=[int(value) for value in found["customer_id"]],
        is_live=report.clustering is not None,
    )


def sentences(report: SegmentsReport) -> None:
    """Each group's sentence, for those that differ from the average customer."""
    lines = [
        _("**{name}**: {sentence}", name=cluster_name(row), sentence=traits(row))
        for _index, row in report.segments.iterrows()
    ]
    st.markdown("\n\n".join(lines))


def traits(row: Any) -> str:
    """What sets a cluster apart, in a sentence."""
    return _("They {traits}.", traits=fmt().listing([_(words) for words in row["traits"]]))


def cluster_name(row: Any) -> str:
    """What a cluster is called; a second one of the same name gets a number."""
    name = _(row["name"])
    return f"{name} {row['name_number']}" if row["name_number"] > 1 else name


def names(report: SegmentsReport) -> dict[int, str]:
    """Each cluster's name by its number."""
    return {int(row["segment"]): cluster_name(row) for _index, row in report.segments.iterrows()}


def method(asked: SegmentsParams, report: SegmentsReport) -> list[str]:
    """How the groups were found and judged."""
    compared = fmt().listing([_(FEATURES[feature].label) for feature in asked.features])
    return [
        _(
            "Customers are compared by {features}, on logarithms scaled to the same spread: the {n} customers with a "
            "sale up to {day}. Whoever has no value yet counts as average in it.",
            features=compared,
            n=fmt().number(report.n),
            day=fmt().date(report.as_of),
        ),
        _(HOW[asked.method]),
        _(
            "The number of groups is one that 20 other samples find again (adjusted Rand index, worst tenth at least "
            "0.8), with no group below 2 %; of those the one with the highest silhouette."
        ),
        _(
            "Data without groups are Gaussian clouds and copulas with the same spread and correlations, parted in the "
            "same way; 19 of each kind are drawn, or as many as it takes. Natural: found again, and the silhouette "
            "exceeds theirs by 0.1 or more. Reproducible: by 0.03 or more. Constructed: by less, or found again only "
            "partly. None: not found again."
        ),
        _(
            "References: Rousseeuw 1987 (silhouette); Hubert and Arabie 1985 (adjusted Rand index); Hennig 2007 "
            "(stability); Dolnicar and Leisch 2010 (verdict)."
        ),
    ]


HOW: dict[Method, str] = {
    "kmeans": N_("K-means puts each customer with the nearest of the groups' centres."),
    "mixture": N_("Each group is a Gaussian cloud of its own shape; customers belong to the likeliest."),
    "density": N_(
        "HDBSCAN finds regions where customers are dense. Whoever lies in none is shown as scattered, in no group."
    ),
}


def profile(asked: SegmentsParams, report: SegmentsReport) -> None:
    """What sets each group apart from the average customer."""
    shown = dict.fromkeys([*DEFAULT, *asked.features])
    features = {f"centre_{FEATURES[name].column}": (FEATURES[name].label, FEATURES[name].unit) for name in shown}
    named = report.segments.assign(name=list(names(report).values()))
    chart(
        charts.cluster_profile(named, features=features, **drawing()),
        key="cluster_profile",
        alt=_("Each group beside the average customer"),
    )


def k_choice(report: SegmentsReport) -> None:
    """How the number of groups was chosen."""
    if len(report.candidates) < 2:
        return
    st.subheader(_("How many groups"), anchor=False)
    chart(
        charts.k_choice(report.candidates, chosen=report.k, **drawing()),
        key="cluster_k",
        alt=_("Fit and stability by number of groups"),
    )
