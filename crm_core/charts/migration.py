"""Moves between segments: streams from then to now, their matrix, and how large each segment was over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.cells import cells
from crm_core.charts.theme import axis, empty_cell, figure, key_line, mixed, palette, safe, titled
from crm_core.formats import Formats
from crm_core.translation import Translator

_LEAST_LABELLED = 0.035
"""A thinner band has no room for its name; hovering still says it."""
_STREAMS = 0.94
"""The part of a plot's height that streams take; the two days stand above them."""
_LINE = 15
"""Pixels from one name beside the streams to the next."""


def moves_sankey(
    moves: pd.DataFrame,
    *,
    names: Mapping[str, str],
    ends: tuple[str, str],
    _: Translator,
    formats: Formats,
    dark: bool = False,
) -> go.Figure:
    """Customers as streams from the segments they were in (left) to those they are in now (right).

    Args:
        moves: one row a pair: origin, target, customers.
        names: what each origin and target is called, best first; an origin that is no target is new customers.
        ends: the two days in words.
    """
    colours = palette(dark)
    filled = moves[moves["customers"] > 0]
    rank = {key: place for place, key in enumerate(names)}
    lefts = [key for key in names if key in set(filled["origin"])]
    rights = [key for key in names if key in set(filled["target"])]
    node = {key: i for i, key in enumerate(lefts)}, {key: i + len(lefts) for i, key in enumerate(rights)}
    sizes = filled.groupby("origin")["customers"].sum(), filled.groupby("target")["customers"].sum()
    targets = set(moves["target"])
    rise, fall, stay, new = _kinds(dark)

    def colour(origin: str, target: str) -> str:
        if origin not in targets:
            return new
        return stay if origin == target else rise if rank[target] < rank[origin] else fall

    said = [
        [f"{safe(names[key])} {formats.number(int(size[key]))}" for key in keys]
        for keys, size in zip((lefts, rights), sizes, strict=True)
    ]
    middles = [_middles([int(size[key]) for key in keys]) for keys, size in zip((lefts, rights), sizes, strict=True)]
    margin = {"l": 4, "r": 4, "t": 30, "b": 8}
    height = 120 + 34 * max(len(lefts), len(rights), 3)
    pixels = _STREAMS * (height - margin["t"] - margin["b"])
    pairs = list(zip(filled["origin"], filled["target"], filled["customers"], strict=True))
    trace = {
        "type": "sankey",
        "arrangement": "fixed",
        "domain": {"x": [0, 1], "y": [0, _STREAMS]},
        "node": {
            "customdata": said[0] + said[1],
            "color": [colours.neutral] * (len(lefts) + len(rights)),
            "x": [0.001] * len(lefts) + [0.999] * len(rights),
            "y": middles[0] + middles[1],
            "pad": 8,
            "thickness": 8,
            "line": {"width": 0},
            "hovertemplate": "%{customdata}<extra></extra>",
        },
        "link": {
            "source": [node[0][origin] for origin, _target, _n in pairs],
            "target": [node[1][target] for _origin, target, _n in pairs],
            "value": [int(n) for _origin, _target, n in pairs],
            "color": [colour(origin, target) for origin, target, _n in pairs],
            "customdata": [
                f"{safe(names[origin])} → {safe(names[target])}<br>"
                + _.ngettext("{n} customer", "{n} customers", int(n))
                for origin, target, n in pairs
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
    }
    sides = ((0, "left", 12), (1, "right", -12))
    words = [
        _beside(safe(text), x, 1.0, anchor, colours.muted) | {"yanchor": "top"}
        for text, (x, anchor, _shift) in zip(ends, sides, strict=True)
    ] + [
        _beside(text, x, _STREAMS * (1 - level), anchor, colours.text) | {"yanchor": "middle", "xshift": shift}
        for texts, levels, (x, anchor, shift) in zip(said, middles, sides, strict=True)
        for text, level in zip(texts, _apart(levels, _LINE / pixels), strict=True)
    ]
    return figure(
        [trace],
        dark=dark,
        height=height,
        margin=margin,
        title=key_line(
            [("■", rise, _("Rose")), ("■", fall, _("Fell")), ("■", stay, _("Stayed")), ("■", new, _("New"))], dark=dark
        ),
        annotations=words,
    )


def moves_matrix(
    moves: pd.DataFrame, *, names: Mapping[str, str], _: Translator, formats: Formats, dark: bool = False
) -> go.Figure:
    """How many customers came from each segment (rows) and are in each now (columns); numbers name the columns.

    Args:
        moves: one row a pair: origin, target, customers, sales. Each cell's customdata is [origin, target].
        names: what each origin and target is called, in the order to show.
    """
    colours = palette(dark)
    targets = [key for key in names if key in set(moves["target"])]
    origins = [key for key in names if key in set(moves["origin"])]
    known = {
        (origin, target): (int(n), sales)
        for origin, target, n, sales in zip(
            moves["origin"], moves["target"], moves["customers"], moves["sales"], strict=True
        )
    }
    totals = moves.groupby("origin")["customers"].sum().to_dict()
    drawn = []
    for row, origin in enumerate(origins, start=1):
        for column, target in enumerate(targets, start=1):
            n, sales = known[origin, target]
            share = n / max(int(totals[origin]), 1)
            ground = mixed(colours.accent, colours.background, 0.08 + 0.92 * share) if n else empty_cell(colours)
            lines = (
                f"<b>{safe(names[origin])} → {safe(names[target])}</b>",
                _.ngettext("{n} customer", "{n} customers", n),
                _("{share} of those who were there", share=formats.percent(share)),
                _("{amount} bought since", amount=formats.money(sales)),
            )
            text = formats.number(n, compact=True) if n else ""
            drawn.append((column, row, text, ground, "<br>".join(lines), [origin, target]))
    numbers = {key: str(i) for i, key in enumerate(targets, start=1)}
    labels = [f"{numbers[key]} {safe(names[key])}" if key in numbers else safe(names[key]) for key in origins]
    return figure(
        [cells(drawn)],
        dark=dark,
        height=38 * len(origins) + 64,
        barmode="overlay",
        bargap=0.0,
        xaxis=axis(
            dark, tickvals=list(range(1, len(targets) + 1)), ticktext=list(numbers.values()), side="top",
            range=[0.5, len(targets) + 0.5],
        )
        | {"title": titled(_("Now in segment"), dark)},
        yaxis=axis(
            dark, tickvals=list(range(1, len(origins) + 1)), ticktext=labels, range=[len(origins) + 0.5, 0.5],
            tickfont={"color": colours.text, "size": 12},
        ),
    )  # fmt: skip


def segment_shares(
    sizes: pd.DataFrame, *, names: Mapping[str, str], _: Translator, formats: Formats, dark: bool = False
) -> go.Figure:
    """Each segment's share of the customers over time, stacked to the whole, its name where its band ends.

    Args:
        sizes: one row per day and segment: day, key, customers, share.
        names: what each key is called, in the order to stack, the first on top.
    """
    colours = palette(dark)
    days = sorted(set(sizes["day"]))
    data: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    level = 0.0
    for index, key in reversed(list(enumerate(names))):
        own = sizes[sizes["key"] == key].set_index("day").reindex(days)
        colour = colours.categories[index % len(colours.categories)]
        shares = [float(share) for share in own["share"]]
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "stackgroup": "all",
                "x": days,
                "y": shares,
                "line": {"width": 1, "color": colours.background},
                "fillcolor": mixed(colour, colours.background, 0.75),
                "hovertext": [
                    f"<b>{safe(names[key])}</b><br>{formats.date(day)}<br>"
                    + _.ngettext("{n} customer", "{n} customers", int(n))
                    + f" · {formats.percent(share)}"
                    for day, n, share in zip(days, own["customers"], shares, strict=True)
                ],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        )
        if shares[-1] >= _LEAST_LABELLED:
            labels.append(
                {"x": days[-1], "y": level + shares[-1] / 2, "text": safe(names[key]), "showarrow": False,
                 "xanchor": "right", "xshift": -6, "font": {"size": 12, "color": colours.text}}
            )  # fmt: skip
        level += shares[-1]
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    return figure(
        data,
        dark=dark,
        height=320,
        annotations=labels,
        hovermode="closest",
        margin={"l": 4, "r": 36, "t": 8, "b": 4},
        xaxis=axis(
            dark, tickvals=_few(days), ticktext=[formats.month(day) for day in _few(days)], range=[days[0], days[-1]]
        ),
        yaxis=axis(dark, tickvals=ticks, ticktext=[formats.percent(tick, 0) for tick in ticks], range=[0, 1]),
    )


def _kinds(dark: bool) -> tuple[str, str, str, str]:
    """The colours of streams that rise, fall, stay and begin."""
    colours = palette(dark)
    soft = [mixed(colour, colours.background, 0.55) for colour in (colours.accent, colours.categories[1])]
    return (
        soft[0],
        soft[1],
        mixed(colours.neutral, colours.background, 0.35),
        mixed(colours.categories[2], colours.background, 0.45),
    )


def _middles(sizes: Sequence[int]) -> list[float]:
    """Where on a height of 1 the middles of blocks of these sizes lie, one below the other."""
    total, found, level = sum(sizes) or 1, [], 0
    for size in sizes:
        found.append(min(max((level + size / 2) / total, 0.001), 0.999))
        level += size
    return found


def _beside(text: str, x: int, y: float, anchor: str, colour: str) -> dict[str, Any]:
    return {
        "text": text, "x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": anchor, "showarrow": False,
        "font": {"size": 12, "color": colour},
    }  # fmt: skip


def _apart(middles: Sequence[float], least: float) -> list[float]:
    """The heights between 0 and 1 nearest to these, in their order, that lie at least so far from each other.

    Without the distances between them they must only not fall: the pool-adjacent-violators algorithm.
    """
    pools: list[tuple[float, int]] = []
    for place, middle in enumerate(middles):
        pools.append((middle - place * least, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (above, n), (below, m) = pools[-2:]
            pools[-2:] = [((above * n + below * m) / (n + m), n + m)]
    lowest = 1 - (len(middles) - 1) * least
    levels = [min(max(mean, 0.0), lowest) for mean, n in pools for _place in range(n)]
    return [level + place * least for place, level in enumerate(levels)]


def _few(days: Sequence[Any], most: int = 5) -> list[Any]:
    """At most so many of the days, the last among them, evenly spread."""
    step = max(1, -(-len(days) // most))
    return list(days[::-1][::step])[::-1]
