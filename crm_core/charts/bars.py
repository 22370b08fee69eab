"""Bars from zero with their values beside them, and intervals where a value is an estimate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import plotly.graph_objects as go

from crm_core.charts.scale import Unit, floats, say
from crm_core.charts.theme import axis, figure, palette, safe
from crm_core.formats import Formats
from crm_core.translation import Translator


def bars(
    labels: Sequence[str],
    values: Iterable[Any],
    unit: Unit,
    *,
    _: Translator,
    formats: Formats,
    dark: bool = False,
    low: Iterable[Any] | None = None,
    high: Iterable[Any] | None = None,
) -> go.Figure:
    """One bar a label, downwards, from zero, its value in words below the label, where a phone has room for it.

    Args:
        labels: what each bar is, in the reader's language; shown as they are.
        values: of the unit; a missing one leaves its row empty and says "—".
        low, high: the ends of each value's interval, in the same unit; drawn as whiskers and said in words.
    """
    colours = palette(dark)
    amounts = list(values)
    lengths = floats(amounts)
    said = [say(value, unit, _=_, formats=formats) for value in amounts]
    whiskers: dict[str, Any] = {}
    ends = [length or 0.0 for length in lengths]
    if low is not None and high is not None:
        lows, highs = floats(low), floats(high)
        said = [
            text if bottom is None or top is None else f"{text} ({_interval(bottom, top, unit, _, formats)})"
            for text, bottom, top in zip(said, lows, highs, strict=True)
        ]
        whiskers = {
            "error_x": {
                "type": "data",
                "symmetric": False,
                "array": _distances(lengths, highs),
                "arrayminus": _distances(lengths, lows),
                "color": colours.text,
                "thickness": 1.2,
                "width": 4,
            }
        }
        ends = [max(end, top or 0.0) for end, top in zip(ends, highs, strict=True)]
    farthest, nearest = max([0.0, *ends]), min([0.0, *(length for length in lengths if length is not None)])
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(labels))),
        "x": lengths,
        "width": 0.62,
        "marker": {"color": colours.accent},
        "hovertext": [f"<b>{safe(label)}</b><br>{text}" for label, text in zip(labels, said, strict=True)],
        "hovertemplate": "%{hovertext}<extra></extra>",
        **whiskers,
    }
    rows = list(range(len(labels)))
    words = [
        f"{safe(label)}<br><span style='color:{colours.muted}'>{text}</span>"
        for label, text in zip(labels, said, strict=True)
    ]
    return figure(
        [trace],
        dark=dark,
        height=46 * len(labels) + 16,
        xaxis=axis(dark, showticklabels=False, zeroline=True, zerolinecolor=colours.neutral)
        | {"range": [nearest, farthest + (farthest - nearest or 1.0) * 0.04]},
        yaxis=axis(dark, tickvals=rows, ticktext=words)
        | {"range": [len(rows) - 0.5, -0.5], "tickfont": {"color": colours.text, "size": 13}},
    )


def _interval(low: float, high: float, unit: Unit, _: Translator, formats: Formats) -> str:
    return f"{say(low, unit, _=_, formats=formats)} – {say(high, unit, _=_, formats=formats)}"


def _distances(values: Sequence[float | None], ends: Sequence[float | None]) -> list[float]:
    return [0.0 if value is None or end is None else abs(end - value) for value, end in zip(values, ends, strict=True)]
