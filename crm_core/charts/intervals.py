"""Estimates as points on a common scale, each with its interval, beside a line at zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from crm_core.charts.theme import axis, figure, palette, safe


def intervals(
    labels: Sequence[str],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    *,
    said: Sequence[str],
    ends: tuple[str, str] | None = None,
    dark: bool = False,
) -> go.Figure:
    """One row a label, downwards: the estimate as a dot, its interval as a line, the words below the label.

    Args:
        labels: what each row is, in the reader's language; shown as they are.
        values, low, high: the estimate and the ends of its interval, all of one unit.
        said: each row in words, in the reader's language; stands below the label, where a phone has room for it.
        ends: what lies to the left and to the right of zero, in words.

    A row whose interval holds zero is grey: it may be nothing.
    """
    colours = palette(dark)
    rows = list(range(len(labels)))
    clear = [not bottom <= 0 <= top for bottom, top in zip(low, high, strict=True)]
    tints = [colours.accent if is_clear else colours.neutral for is_clear in clear]
    hover = [f"<b>{safe(label)}</b><br>{safe(text)}" for label, text in zip(labels, said, strict=True)]
    lines: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [bottom, top],
            "y": [row, row],
            "line": {"color": tint, "width": 2},
            "hoverinfo": "skip",
        }
        for row, bottom, top, tint in zip(rows, low, high, tints, strict=True)
    ]
    dots = {
        "type": "scatter",
        "mode": "markers",
        "x": list(values),
        "y": rows,
        "marker": {"color": tints, "size": 10},
        "hovertext": hover,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    words = [
        f"{safe(label)}<br><span style='color:{colours.muted}'>{safe(text)}</span>"
        for label, text in zip(labels, said, strict=True)
    ]
    reach = max([1e-9, *(abs(end) for end in (*low, *high))])
    left, right = min(-reach / 4, *low) - reach * 0.05, max(reach / 4, *high) + reach * 0.05
    sides = [
        {
            "text": safe(text),
            "x": place,
            "xref": "paper",
            "xanchor": anchor,
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 12, "color": colours.muted},
        }
        for text, place, anchor in zip(ends or (), (0, 1), ("left", "right"), strict=False)
    ]
    return figure(
        [*lines, dots],
        dark=dark,
        height=46 * len(labels) + (40 if ends else 16),
        margin={"l": 4, "r": 8, "t": 26 if ends else 8, "b": 4},
        annotations=sides,
        hovermode="closest",
        xaxis=axis(dark, showticklabels=False, zeroline=True, zerolinecolor=colours.neutral, range=[left, right]),
        yaxis=axis(dark, tickvals=rows, ticktext=words)
        | {"range": [len(rows) - 0.5, -0.5], "tickfont": {"color": colours.text, "size": 13}},
    )
