"""A metric period by period, beside the periods it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from crm_core.analytics.definitions import DEFINITIONS
from crm_core.charts.scale import Unit, floats, say, value_axis
from crm_core.charts.theme import CLEAR, figure, hatched, key_line, palette
from crm_core.charts.time_axis import Span, days_of, middle, time_axis
from crm_core.formats import Formats
from crm_core.translation import Translator

MOST_BARS = 62
"""Above so many periods bars become hairlines, and a line reads better."""


def sales_over_time(
    series: pd.DataFrame,
    compared: pd.DataFrame | None = None,
    *,
    metric: str,
    _: Translator,
    formats: Formats,
    dark: bool = False,
    height: int = 320,
) -> go.Figure:
    """A metric period by period as bars (a line above 62 periods), with the compared periods as a thin grey line.

    Args:
        series: one row a period, in order: start and end (half-open local days), is_complete, and a column named like
            the metric. A period that is not over, or cut off by the first or last day asked for, is hatched.
        compared: the same shape; its first row stands behind the first of `series`, and so on.
        metric: an id of `analytics.definitions.DEFINITIONS`, which gives the words and the unit.

    Each point's customdata is [start, end] as ISO dates, so that a click can be traced to its period.
    """
    colours = palette(dark)
    label, unit = _(DEFINITIONS[metric].name), DEFINITIONS[metric].unit
    spans = [Span(start, end) for start, end in zip(days_of(series["start"]), days_of(series["end"]), strict=True)]
    values = floats(series[metric])
    complete = [bool(flag) for flag in series["is_complete"]]
    before = floats(compared[metric])[: len(values)] if compared is not None else []
    common: dict[str, Any] = {
        "x": [middle(span) for span in spans],
        "customdata": [[span.start.isoformat(), span.end.isoformat()] for span in spans],
        "hovertext": _hovers(series, compared, spans, metric, unit, _, formats),
        "hovertemplate": "%{hovertext}<extra></extra>",
        "name": label,
    }
    is_bars = len(spans) <= MOST_BARS
    draw = _bars if is_bars else _line
    data = draw(common, spans, values, complete, colours.accent)
    keys = [("■" if is_bars else "━", colours.accent, label)]
    if compared is not None and before:
        earlier = {
            "type": "scatter",
            "mode": "lines" if len(before) > 1 else "markers",
            "x": common["x"][: len(before)],
            "y": before,
            "line": {"color": colours.neutral, "width": 1.5 if is_bars else 1},
            "marker": {"color": colours.neutral},
            "hoverinfo": "skip",
        }
        data.insert(len(data) if is_bars else 0, earlier)
        keys.append(("━", colours.neutral, _whole(compared, formats)))
    if not all(complete):
        keys.append(("▨" if is_bars else "┅", colours.accent, _("incomplete")))
    return figure(
        data,
        dark=dark,
        height=height,
        margin={"l": 4, "r": 8, "t": 34, "b": 4},
        title=key_line(keys, dark=dark),
        barmode="overlay",
        hovermode="closest" if is_bars else "x",
        xaxis=time_axis(spans, formats, dark),
        yaxis=value_axis([*values, *before], unit, dark=dark, _=_, formats=formats),
    )


def _bars(
    common: dict[str, Any], spans: Sequence[Span], values: list[float | None], complete: list[bool], colour: str
) -> list[dict[str, Any]]:
    return [
        {
            "type": "bar",
            "y": values,
            "width": [(span.end - span.start).days * 86_400_000 * 0.78 for span in spans],
            "marker": hatched(colour, complete),
            **common,
        }
    ]


def _line(
    common: dict[str, Any], _spans: Sequence[Span], values: list[float | None], complete: list[bool], colour: str
) -> list[dict[str, Any]]:
    solid = [value if is_complete else None for value, is_complete in zip(values, complete, strict=True)]
    line = {"type": "scatter", "mode": "lines", "y": solid, "line": {"color": colour, "width": 2}, **common}
    if all(complete):
        return [line]
    joins = [not done or not complete[min(i + 1, len(complete) - 1)] for i, done in enumerate(complete)]
    dotted = [value if joined else None for value, joined in zip(values, joins, strict=True)]
    rest = {"x": common["x"], "hoverinfo": "skip"}
    line["y"] = values
    line["line"] = {"color": CLEAR, "width": 2}  # carries the hover of every point
    return [
        {"type": "scatter", "mode": "lines", "y": solid, "line": {"color": colour, "width": 2}, **rest},
        {"type": "scatter", "mode": "lines", "y": dotted, "line": {"color": colour, "width": 2, "dash": "dot"}, **rest},
        line,
    ]


def _hovers(
    series: pd.DataFrame,
    compared: pd.DataFrame | None,
    spans: Sequence[Span],
    metric: str,
    unit: Unit,
    _: Translator,
    formats: Formats,
) -> list[str]:
    """Each point in words: the period, its value, and the value it is compared with."""
    shown = [
        f"<b>{formats.period(span)}</b><br>{say(value, unit, _=_, formats=formats)}"
        for span, value in zip(spans, series[metric], strict=True)
    ]
    shown = [
        text if done else f"{text} ({_('incomplete')})" for text, done in zip(shown, series["is_complete"], strict=True)
    ]
    if compared is None:
        return shown
    earlier = [
        f"<br>{formats.period(Span(start, end))}: {say(value, unit, _=_, formats=formats)}"
        for start, end, value in zip(
            days_of(compared["start"]), days_of(compared["end"]), compared[metric], strict=True
        )
    ]
    earlier += [""] * (len(shown) - len(earlier))
    return [text + before for text, before in zip(shown, earlier, strict=False)]


def _whole(frame: pd.DataFrame, formats: Formats) -> str:
    return formats.period(Span(days_of(frame["start"])[0], days_of(frame["end"])[-1]))
