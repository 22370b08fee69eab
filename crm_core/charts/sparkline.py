"""The small line on a card."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import plotly.graph_objects as go

from crm_core.charts.scale import floats
from crm_core.charts.theme import axis, figure, palette


def sparkline(values: Iterable[Any], *, dark: bool = False, height: int = 40) -> go.Figure:
    """A card's trend without axes, its last point marked; for reports, where st.metric's own is not at hand."""
    colour = palette(dark).accent
    known = floats(values)
    last = max((index for index, value in enumerate(known) if value is not None), default=None)
    line = {
        "type": "scatter",
        "mode": "lines",
        "y": known,
        "line": {"color": colour, "width": 1.5},
        "hoverinfo": "skip",
    }
    point: dict[str, Any] = {"type": "scatter", "mode": "markers", "x": [last]}
    point |= {
        "y": [known[last]] if last is not None else [],
        "marker": {"color": colour, "size": 5},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }
    hidden = axis(dark, visible=False)
    return figure(
        [line, point] if last is not None else [line],
        dark=dark,
        height=height,
        margin={"l": 2, "r": 4, "t": 4, "b": 2},
        xaxis=hidden,
        yaxis=hidden,
    )
