"""How many customers belonged to a group, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.scale import value_axis
from crm_core.charts.theme import axis, figure, key_line, palette
from crm_core.formats import Formats
from crm_core.translation import Translator

_MOST_TICKS = 6  # what a phone has room for


def customer_counts(
    computed: pd.DataFrame,
    counted: Sequence[tuple[date, int]] = (),
    *,
    _: Translator,
    formats: Formats,
    dark: bool = False,
    height: int = 260,
) -> go.Figure:
    """Customers over time: computed for past days as a line, counted on the days someone looked as diamonds.

    Args:
        computed: one row a day, in order: day, customers.
        counted: pairs of day and customers, in order.
    """
    colours = palette(dark)
    days, numbers = list(computed["day"]), [int(n) for n in computed["customers"]]
    line = _trace(days, numbers, _, formats) | {
        "mode": "lines+markers",
        "line": {"color": colours.accent, "width": 2},
        "marker": {"color": colours.accent, "size": 5},
    }
    data, keys = [line], [("━", colours.accent, _("computed from orders"))]
    if counted:
        points = _trace([day for day, _n in counted], [n for _day, n in counted], _, formats) | {
            "mode": "markers",
            "marker": {"color": colours.categories[1], "size": 9, "symbol": "diamond"},
        }
        data.append(points)
        keys.append(("◆", colours.categories[1], _("counted that day")))
    step = -(-len(days) // _MOST_TICKS) or 1
    ticks = days[::-1][::step][::-1]
    years = [day.year for day in ticks]
    words = [
        formats.day(day) if place and years[place - 1] == day.year else f"{formats.day(day)}<br>{formats.year(day)}"
        for place, day in enumerate(ticks)
    ]
    return figure(
        data,
        dark=dark,
        height=height,
        margin={"l": 4, "r": 16, "t": 34, "b": 4},
        title=key_line(keys, dark=dark),
        hovermode="closest",
        xaxis=axis(dark, type="date", tickvals=[day.isoformat() for day in ticks], ticktext=words, tickangle=0),
        yaxis=value_axis(
            [float(n) for n in [*numbers, *(n for _day, n in counted)]], "count", dark=dark, _=_, formats=formats
        ),
    )


def _trace(days: Sequence[date], numbers: Sequence[int], _: Translator, formats: Formats) -> dict[str, Any]:
    said = [_.ngettext("{n} customer", "{n} customers", n) for n in numbers]
    return {
        "type": "scatter",
        "x": [day.isoformat() for day in days],
        "y": list(numbers),
        "hovertext": [f"<b>{formats.date(day)}</b><br>{text}" for day, text in zip(days, said, strict=True)],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
