"""Clusters: their map, what sets each apart, and how their number was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.cells import cells
from crm_core.charts.scale import Unit, floats, say
from crm_core.charts.theme import SYMBOLS, axis, empty_cell, figure, key_line, mixed, palette, safe, titled
from crm_core.formats import Formats
from crm_core.translation import N_, Translator

FEATURES: dict[str, tuple[str, Unit]] = {
    "centre_recency_days": (N_("Recency"), "days"),
    "centre_frequency": (N_("Orders"), "count"),
    "centre_monetary": (N_("Sales"), "money"),
}
"""The columns of a cluster's centre: what each is called and its unit."""

SCATTERED = 0
"""The segment of customers in no group."""
_MANY_POINTS = 5_000  # beyond it the graphics card draws; not every browser has one, so never for the usual sample
_NAME_WIDTH, _NAME_HEIGHT = 0.5, 0.09  # of the map, at its narrowest
_STRONGEST = 4.0  # a centre at four times the average, or a quarter, has the fullest colour


def cluster_map(
    points: pd.DataFrame,
    *,
    _: Translator,
    formats: Formats,
    dark: bool = False,
    names: Mapping[Any, str] | None = None,
    height: int = 380,
) -> go.Figure:
    """Customers as points on two axes, coloured by group, each group's name at its middle.

    Args:
        points: one row a customer: x, y, segment (a number or a name; 0: in no group, drawn grey).
        names: what each segment is called; without it, its name (translated), or "Group 2".

    The axes are a projection and have no unit; near means alike.
    """
    colours = palette(dark)
    kind = "scattergl" if len(points) > _MANY_POINTS else "scatter"
    data, labels = [], []
    has_scattered = int((points["segment"] == SCATTERED).any())
    for index, (segment, group) in enumerate(points.groupby("segment", sort=True)):
        name = _group_name(segment, names, _, formats)
        colour = colours.categories[(index - has_scattered) % len(colours.categories)]
        if segment == SCATTERED:
            colour = colours.neutral
        data.append(
            {
                "type": kind,
                "mode": "markers",
                "x": group["x"].to_numpy("float32"),  # travels as bytes, a quarter of the same in digits
                "y": group["y"].to_numpy("float32"),
                "name": safe(name),
                "marker": {"color": colour, "size": 5, "opacity": 0.6, "symbol": SYMBOLS[index % len(SYMBOLS)]},
                "hovertemplate": f"{safe(name)}<extra></extra>",
            }
        )
        if segment == SCATTERED:
            continue  # they are everywhere: a name in their middle would name others
        labels.append(
            {
                "x": float(group["x"].median()),
                "y": float(group["y"].median()),
                "text": safe(name),
                "showarrow": False,
                "font": {"size": 13, "color": colours.text},
                "bgcolor": colours.background,
                "bordercolor": colour,
                "borderwidth": 1,
                "borderpad": 3,
                "opacity": 0.92,
            }
        )
    bare = axis(dark, showticklabels=False, ticks="")
    _set_apart(labels, points)
    return figure(data, dark=dark, height=height, annotations=labels, xaxis=bare, yaxis=bare, hovermode="closest")


def _set_apart(labels: list[dict[str, Any]], points: pd.DataFrame) -> None:
    """Move names up that would lie on the one below them, as on a phone, where they are half as wide as the map."""
    width, height = (float(points[side].max() - points[side].min()) for side in ("x", "y"))
    placed: list[dict[str, Any]] = []
    for label in sorted(labels, key=lambda label: float(label["y"])):
        for other in placed:
            if abs(label["x"] - other["x"]) < _NAME_WIDTH * width:
                label["y"] = max(label["y"], other["y"] + _NAME_HEIGHT * height)
        placed.append(label)


def _group_name(segment: Any, names: Mapping[Any, str] | None, _: Translator, formats: Formats) -> str:
    if names is not None and segment in names:
        return names[segment]
    return _(segment) if isinstance(segment, str) else _("Group {n}", n=formats.number(segment))


def cluster_profile(
    segments: pd.DataFrame,
    *,
    _: Translator,
    formats: Formats,
    dark: bool = False,
    features: Mapping[str, tuple[str, Unit]] | None = None,
) -> go.Figure:
    """Each group's typical customer beside the average of all: "×2.1" where it has about twice as much.

    Args:
        segments: one row a group: segment, customers, the centre's columns, a name where it has one, and name_number
            where names repeat.
        features: the columns to show with name (an English text marked for translation) and unit; FEATURES without it.

    The average is that of the groups' centres, weighted by customers. Blue is above it, orange below; neither is
    good or bad.
    """
    colours = palette(dark)
    shown = {column: feature for column, feature in (features or FEATURES).items() if column in segments}
    names = _row_names(segments, _, formats)
    weights = [float(n) for n in segments["customers"]]
    drawn = []
    for place, (column, (label, unit)) in enumerate(shown.items(), start=1):
        centres = floats(segments[column])
        known = [(n, centre) for n, centre in zip(weights, centres, strict=True) if centre is not None]
        average = sum(n * centre for n, centre in known) / (sum(n for n, _centre in known) or 1.0)
        said = say(average, unit, _=_, formats=formats)
        for row, (name, centre) in enumerate(zip(names, centres, strict=True), start=1):
            ratio = centre / average if centre is not None and average > 0 else None
            lines = (
                f"<b>{safe(name)}</b>",
                f"{_(label)}: {say(centre, unit, _=_, formats=formats)}",
                _("All groups on average: {value}", value=said),
            )
            text = f"×{formats.number(ratio, 1 if ratio >= 1 else 2)}" if ratio is not None else ""
            text += f"<br><span style='font-size:11px'>{say(centre, unit, _=_, formats=formats, compact=True)}</span>"
            drawn.append((place, row, text, _diverging(ratio, dark), "<br>".join(lines), [row, column]))
    size = len(names)
    labels = [_(label) for label, _unit in shown.values()]
    return figure(
        [cells(drawn)],
        dark=dark,
        height=52 * size + 40,
        barmode="overlay",
        xaxis=axis(
            dark, tickvals=list(range(1, len(labels) + 1)), ticktext=labels, range=[0.5, len(labels) + 0.5], side="top"
        ),
        yaxis=axis(
            dark,
            tickvals=list(range(1, size + 1)),
            ticktext=[safe(name) for name in names],
            range=[size + 0.5, 0.5],
            tickfont={"color": colours.text, "size": 13},
        ),
    )


def _row_names(segments: pd.DataFrame, _: Translator, formats: Formats) -> list[str]:
    if "name" not in segments:
        return [_group_name(segment, None, _, formats) for segment in segments["segment"]]
    numbers = segments["name_number"] if "name_number" in segments else [1] * len(segments)
    named = zip(segments["name"], numbers, strict=True)
    return [_(str(name)) if number == 1 else f"{_(str(name))} {number}" for name, number in named]


def _diverging(ratio: float | None, dark: bool) -> str:
    """From orange over the ground to blue, by how far the ratio is from one; the same step up as down."""
    colours = palette(dark)
    if ratio is None:
        return empty_cell(colours)
    distance = min(max(ratio, 1e-9) if ratio >= 1 else 1 / max(ratio, 1e-9), _STRONGEST)
    hue = colours.accent if ratio >= 1 else colours.categories[1]
    return mixed(hue, colours.background, 0.08 + 0.72 * (distance - 1) / (_STRONGEST - 1))


def k_choice(
    candidates: pd.DataFrame,
    *,
    _: Translator,
    formats: Formats,
    dark: bool = False,
    chosen: int | None = None,
    height: int = 240,
) -> go.Figure:
    """Silhouette and agreement between samples for each number of groups tried; the one chosen is marked.

    Args:
        candidates: one row a number tried: k, silhouette (−1 to 1), ari_p10 (agreement in the worst tenth, up to 1).
    """
    colours = palette(dark)
    ks = [int(k) for k in candidates["k"]]
    lines = (
        ("silhouette", _("Silhouette"), colours.categories[0], "circle", "●"),
        ("ari_p10", _("Agreement between samples"), colours.categories[1], "square", "■"),
    )
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": ks,
            "y": (values := floats(candidates[column])),
            "line": {"color": colour, "width": 2},
            "marker": {"color": colour, "size": 8, "symbol": symbol},
            "hovertext": [
                f"<b>{_.ngettext('{n} group', '{n} groups', k)}</b><br>{label}: {formats.number(value, 2)}"
                for k, value in zip(ks, values, strict=True)
            ],
            "hovertemplate": "%{hovertext}<extra></extra>",
        }
        for column, label, colour, symbol, _mark in lines
    ]
    known = [value for column, *_rest in lines for value in floats(candidates[column]) if value is not None]
    lowest = min([0.0, *known])
    marks: list[dict[str, Any]] = []
    if chosen in ks:
        band = mixed(colours.accent, colours.background, 0.12)
        marks = [
            {
                "type": "rect", "xref": "x", "yref": "paper", "x0": chosen - 0.35, "x1": chosen + 0.35,
                "y0": 0, "y1": 1, "fillcolor": band, "line": {"width": 0}, "layer": "below",
            }
        ]  # fmt: skip
    ticks = [tick / 4 for tick in range(0 if lowest >= 0 else -4, 5)]
    return figure(
        data,
        dark=dark,
        height=height,
        margin={"l": 4, "r": 8, "t": 34, "b": 4},
        title=key_line([(mark, colour, label) for _c, label, colour, _s, mark in lines], dark=dark),
        shapes=marks,
        xaxis=axis(dark, tickvals=ks) | {"title": titled(_("Number of groups"), dark)},
        yaxis=axis(
            dark, showgrid=True, tickvals=ticks, ticktext=[formats.number(tick, 2) for tick in ticks],
            range=[min(0.0, lowest) - 0.02, 1.02],
        ),
    )  # fmt: skip
