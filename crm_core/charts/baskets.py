"""Association rules: their map by support and confidence, and the net of products they join."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.scale import value_axis
from crm_core.charts.theme import axis, figure, key_line, mixed, palette, safe, titled
from crm_core.formats import Formats
from crm_core.translation import Translator

MOST_LINKS = 40
_LONGEST = 30
_INSET = 0.09


def rule_map(
    rules: pd.DataFrame, *, _: Translator, formats: Formats, dark: bool = False, height: int = 380
) -> go.Figure:
    """Each rule as a point: support to the right, confidence upwards, the deeper and larger the higher its lift.

    Args:
        rules: one row a rule: antecedents, consequents (texts), support, confidence, lift, count, holds. Rules that do
            not hold are hollow and grey. customdata is the row's place in the frame.
    """
    colours = palette(dark)
    ordered = rules.assign(place=range(len(rules))).sort_values(["holds", "lift"], kind="stable")
    top = np.log(max(2.0, float(ordered["lift"].max()) if len(ordered) else 2.0))
    strength = (np.log(ordered["lift"].clip(lower=1.0)) / top).clip(0.0, 1.0)
    filled = [
        mixed(colours.accent, colours.background, 0.25 + 0.75 * share) if holds else colours.background
        for share, holds in zip(strength, ordered["holds"], strict=True)
    ]
    edges = [colours.accent if holds else colours.neutral for holds in ordered["holds"]]
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": ordered["support"].tolist(),
        "y": ordered["confidence"].tolist(),
        "customdata": ordered["place"].tolist(),
        "marker": {
            "size": (7 + 13 * strength).tolist(),
            "color": filled,
            "line": {"color": edges, "width": 1},
            "opacity": 0.9,
        },
        "hovertext": [_rule_words(row, _, formats) for row in ordered.to_dict("records")],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    entries = [("●", colours.accent, _("holds on later orders; larger and darker: higher lift"))]
    if not bool(ordered["holds"].all()):
        entries.append(("○", colours.neutral, _("does not hold")))
    across = value_axis(ordered["support"].tolist(), "ratio", dark=dark, _=_, formats=formats)
    up = value_axis(ordered["confidence"].tolist(), "ratio", dark=dark, _=_, formats=formats)
    return figure(
        [points],
        dark=dark,
        height=height,
        margin={"l": 4, "r": 12, "t": 34, "b": 4},
        hovermode="closest",
        title=key_line(entries, dark=dark),
        xaxis=across | {"title": titled(_("Support: share of all baskets"), dark)},
        yaxis=up | {"title": titled(_("Confidence"), dark)},
    )


def rule_network(
    rules: pd.DataFrame, *, _: Translator, formats: Formats, dark: bool = False, height: int = 380
) -> go.Figure:
    """Products joined by rules of one antecedent and one consequent; the thicker the line, the higher the lift.

    Args:
        rules: as `rule_map`; the 40 pairs of highest lift are drawn. Distance has no unit.
    """
    colours = palette(dark)
    links = _links(rules)
    names = sorted({name for a, b, _lift in links for name in (a, b)})
    place = _layout(names, [(a, b) for a, b, _lift in links])
    most = max([1.0, *(lift for _a, _b, lift in links)])
    data: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [place[a][0], place[b][0]],
            "y": [place[a][1], place[b][1]],
            "line": {
                "color": mixed(colours.accent, colours.background, 0.55),
                "width": 1 + 4 * np.log1p(lift) / np.log1p(most),
            },
            "hoverinfo": "skip",
        }
        for a, b, lift in links
    ]
    partners: dict[str, list[str]] = {name: [] for name in names}
    for a, b, lift in links:
        partners[a].append(f"{safe(b)}: {_('lift {lift}', lift=formats.number(lift, 1))}")
        partners[b].append(f"{safe(a)}: {_('lift {lift}', lift=formats.number(lift, 1))}")
    heights = [place[name][1] for name in names]
    data += [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [place[name][0] for name in names],
            "y": heights,
            "marker": {"size": 9, "color": colours.accent, "line": {"color": colours.background, "width": 1}},
            "hovertext": [f"<b>{safe(name)}</b><br>" + "<br>".join(partners[name]) for name in names],
            "hovertemplate": "%{hovertext}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "text",
            "x": [int(place[name][0]) + 3 * _INSET for name in names],
            "y": heights,
            "text": [safe(_short(name)) for name in names],
            "textposition": "middle right",
            "textfont": {"size": 12, "color": colours.text},
            "cliponaxis": False,
            "hoverinfo": "skip",
        },
    ]
    rows = max([y for _x, y in place.values()], default=0.0)
    across = axis(dark, showticklabels=False, ticks="", range=[-0.05, 2.0])
    down = axis(dark, showticklabels=False, ticks="", range=[rows + 0.7, -0.7])
    tall = max(height, 22 * int(rows + 2))
    return figure(data, dark=dark, height=tall, xaxis=across, yaxis=down, hovermode="closest")


def _rule_words(row: dict[Any, Any], _: Translator, formats: Formats) -> str:
    return "<br>".join(
        [
            f"<b>{safe(row['antecedents'])} → {safe(row['consequents'])}</b>",
            _("lift {lift}", lift=formats.number(row["lift"], 1)),
            _("{share} of those baskets", share=formats.percent(row["confidence"])),
            _.ngettext("{n} basket", "{n} baskets", int(row["count"])),
        ]
    )


def _links(rules: pd.DataFrame) -> list[tuple[str, str, float]]:
    """The pairs of highest lift, each once."""
    found: dict[tuple[str, str], float] = {}
    for row in rules[rules["n_items"] == 2].sort_values("lift", ascending=False, kind="stable").itertuples(index=False):
        one, other = sorted((str(row.antecedents), str(row.consequents)))
        found.setdefault((one, other), float(str(row.lift)))
    return [(a, b, lift) for (a, b), lift in list(found.items())[:MOST_LINKS]]


def _layout(names: list[str], links: list[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """A place for each name: linked ones below each other, in two columns whose labels stand to the right.

    Rows are counted downwards from 0; every other name is set in a little, so that lines beside each other show.
    """
    groups = _groups(names, links)
    half = sum(len(group) + 1 for group in groups) / 2
    place: dict[str, tuple[float, float]] = {}
    row, column = 0, 0
    for group in groups:
        if column == 0 and row > 0 and row + len(group) / 2 > half:
            row, column = 0, 1
        for at, name in enumerate(group):
            place[name] = (column + _INSET * (at % 2) * (1 + at % 4 / 2), float(row + at))
        row += len(group) + 1
    return place


def _groups(names: list[str], links: list[tuple[str, str]]) -> list[list[str]]:
    """The names that hang together, largest groups first."""
    group = {name: {name} for name in names}
    for a, b in links:
        if group[a] is not group[b]:
            group[a] |= group[b]
            for name in group[b]:
                group[name] = group[a]
    found = {id(members): sorted(members) for members in group.values()}
    return sorted(found.values(), key=lambda members: (-len(members), members))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
