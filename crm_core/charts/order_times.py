"""Customers over time, new, returning, resurrected and dormant; and how long the next order takes."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.scale import say, value_axis
from crm_core.charts.theme import axis, figure, hatched, key_line, palette, titled
from crm_core.charts.time_axis import Span, days_of, middle, time_axis
from crm_core.formats import Formats
from crm_core.translation import N_, Translator

STATUSES = {
    "new": N_("New"),
    "returning": N_("Returning"),
    "resurrected": N_("Came back"),
    "dormant": N_("Stopped buying"),
}
"""What the statuses of the life cycle are called."""


def lifecycle_bars(course: pd.DataFrame, *, _: Translator, formats: Formats, dark: bool = False) -> go.Figure:
    """Active customers of each month or week as stacked bars, new, returning and come back; those who stopped below
    zero.

    Args:
        course: start, end, is_complete, new, returning, resurrected, dormant, as `LifecycleReport`'s. Units
            that are not over are hatched.

    Each bar's customdata is [start, end, status].
    """
    colours = palette(dark)
    spans = [Span(start, end) for start, end in zip(days_of(course["start"]), days_of(course["end"]), strict=True)]
    complete = [bool(flag) for flag in course["is_complete"]]
    tones = dict(
        zip(STATUSES, (colours.categories[2], colours.accent, colours.categories[1], colours.neutral), strict=True)
    )
    data: list[dict[str, Any]] = []
    for status, name in STATUSES.items():
        counts = [int(n) for n in course[status]]
        data.append(
            {
                "type": "bar",
                "x": [middle(span) for span in spans],
                "y": [-n for n in counts] if status == "dormant" else counts,
                "width": [(span.end - span.start).days * 86_400_000 * 0.78 for span in spans],
                "marker": hatched(tones[status], complete),
                "customdata": [[span.start.isoformat(), span.end.isoformat(), status] for span in spans],
                "hovertext": [
                    f"<b>{formats.period(span)}</b><br>{_(name)}: {formats.number(n)}"
                    + ("" if done else f" ({_('incomplete')})")
                    for span, n, done in zip(spans, counts, complete, strict=True)
                ],
                "hovertemplate": "%{hovertext}<extra></extra>",
                "name": _(name),
            }
        )
    tops = [int(n) for n in course[["new", "returning", "resurrected"]].sum(axis=1)]
    keys = [("■", tones[status], _(name)) for status, name in STATUSES.items()]
    if not all(complete):
        keys.append(("▨", colours.accent, _("incomplete")))
    values = value_axis(
        [*(float(n) for n in tops), *(-float(n) for n in course["dormant"])], "count", dark=dark, _=_, formats=formats
    )
    # Below zero stand people too: they are counted upwards from there.
    values["ticktext"] = [formats.number(abs(tick), compact=True) for tick in values["tickvals"]]
    return figure(
        data,
        dark=dark,
        height=380,
        margin={"l": 4, "r": 8, "t": 34, "b": 4},
        title=key_line(keys, dark=dark),
        barmode="relative",
        xaxis=time_axis(spans, formats, dark) | {"ticklabelstandoff": 14},  # clear of the lowest number
        yaxis=values | {"zeroline": True, "zerolinecolor": colours.neutral},
    )


def gap_histogram(
    histogram: pd.DataFrame, median: float | None, *, _: Translator, formats: Formats, dark: bool = False
) -> go.Figure:
    """How many orders came how many days after the one before, as bars from zero, with the median as a line.

    Args:
        histogram: from_days, to_days (half-open; None of the last bin), gaps, as `OrderGapsReport`'s. The last bin,
            which holds everything beyond, is hatched.
        median: in days; None draws no line.
    """
    colours = palette(dark)
    starts = [int(day) for day in histogram["from_days"]]
    width = int(histogram["to_days"].iloc[0] - starts[0]) if len(starts) > 1 else 1
    ends = [None if end is None else int(end) for end in histogram["to_days"]]
    names = [_bin(start, end, _, formats) for start, end in zip(starts, ends, strict=True)]
    counts = [int(n) for n in histogram["gaps"]]
    bars = {
        "type": "bar",
        "x": [start + width / 2 for start in starts],
        "y": counts,
        "width": [width * 0.92] * len(starts),
        "marker": hatched(colours.accent, [end is not None for end in ends]),
        "hovertext": [
            f"<b>{name}</b><br>{_.ngettext('{n} order', '{n} orders', n)}"
            for name, n in zip(names, counts, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    reach = (starts[-1] if starts else 0) + width
    tick = max(1, -(-len(starts) // 8))
    keys = [("■", colours.accent, _("Orders"))]
    if None in ends:
        keys.append(("▨", colours.accent, _bin(starts[-1], None, _, formats)))
    shapes: list[dict[str, Any]] = []
    if median is not None and median <= reach:
        keys.append(("┊", colours.text, _("Median: {days}", days=say(median, "days", _=_, formats=formats))))
        line = {"color": colours.text, "width": 1.5, "dash": "dot"}
        at = median + 0.5 if width == 1 else median  # the middle of that day's bar
        shapes.append({"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line})
    return figure(
        [bars],
        dark=dark,
        height=320,
        margin={"l": 4, "r": 8, "t": 34, "b": 4},
        title=key_line(keys, dark=dark),
        bargap=0.0,
        shapes=shapes,
        xaxis=axis(
            dark,
            tickvals=[start + (0.5 if width == 1 else 0) for start in starts[::tick]],
            ticktext=[formats.number(start) for start in starts[::tick]],
            range=[0, reach],
            tickangle=0,
        )
        | {"title": titled(_("Days since the order before"), dark)},
        yaxis=value_axis([float(n) for n in counts], "count", dark=dark, _=_, formats=formats),
    )


def _bin(start: int, end: int | None, _: Translator, formats: Formats) -> str:
    if end is None:
        return _("{n} days or more", n=formats.number(start))
    if end - start == 1:
        return say(start, "days", _=_, formats=formats)
    return _("{first} to {last} days", first=formats.number(start), last=formats.number(end - 1))
