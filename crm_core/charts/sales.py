"""A metric period by period, beside the periods it is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from crm_core.analytics.metrics import METRICS
from crm_core.charts.scale import Unit, floats, say, value_axis
from crm_core.charts.theme import CLEAR, axis, figure, key_line, palette
from crm_core.formats import Formats
from crm_core.translation import Translator

MOST_BARS = 62
"""Above so many periods bars become hairlines, and a line reads better."""

_MOST_TICKS = 6  # what a phone has room for
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True)
class _Span:
    start: date
    end: date


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
        metric: an id of `analytics.metrics.METRICS`, which gives the words and the unit.

    Each point's customdata is [start, end] as ISO dates, so that a click can be traced to its period.
    """
    colours = palette(dark)
    label, unit = _(METRICS[metric].name), METRICS[metric].unit
    spans = [_Span(start, end) for start, end in zip(_days(series["start"]), _days(series["end"]), strict=True)]
    values = floats(series[metric])
    complete = [bool(flag) for flag in series["is_complete"]]
    before = floats(compared[metric])[: len(values)] if compared is not None else []
    common: dict[str, Any] = {
        "x": [_middle(span) for span in spans],
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
        xaxis=_time_axis(spans, formats, dark),
        yaxis=value_axis([*values, *before], unit, dark=dark, _=_, formats=formats),
    )


def _bars(
    common: dict[str, Any], spans: Sequence[_Span], values: list[float | None], complete: list[bool], colour: str
) -> list[dict[str, Any]]:
    return [
        {
            "type": "bar",
            "y": values,
            "width": [(span.end - span.start).days * 86_400_000 * 0.78 for span in spans],
            "marker": {
                "color": colour,
                "line": {"color": colour, "width": [0 if is_complete else 1.5 for is_complete in complete]},
                "pattern": {
                    "shape": ["" if is_complete else "/" for is_complete in complete],
                    "fillmode": "replace",
                    "fgcolor": colour,
                    "bgcolor": CLEAR,
                    "size": 7,
                    "solidity": 0.25,
                },
            },
            **common,
        }
    ]


def _line(
    common: dict[str, Any], _spans: Sequence[_Span], values: list[float | None], complete: list[bool], colour: str
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
    spans: Sequence[_Span],
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
        f"<br>{formats.period(_Span(start, end))}: {say(value, unit, _=_, formats=formats)}"
        for start, end, value in zip(_days(compared["start"]), _days(compared["end"]), compared[metric], strict=True)
    ]
    earlier += [""] * (len(shown) - len(earlier))
    return [text + before for text, before in zip(shown, earlier, strict=False)]


def _time_axis(spans: Sequence[_Span], formats: Formats, dark: bool) -> dict[str, Any]:
    """At most six dates, which a phone has room for; the year stands below the first and wherever it changes."""
    if not spans:
        return axis(dark, type="date")
    is_monthly = all(span.start.day == 1 and span.end.day == 1 for span in spans)
    places = [(span.start, _middle(span)) for span in spans]
    if not is_monthly and (spans[-1].end - spans[0].start).days > 75:
        is_monthly = True
        places = [(day, day.isoformat()) for day in _month_starts(spans[0].start, spans[-1].end)]
    step = -(-len(places) // _MOST_TICKS)
    if is_monthly:
        step = next((months for months in _MONTH_STEPS if months >= step), step)
    chosen = places[::step]
    words, year = [], None
    for day, _place in chosen:
        word = formats.month(day, has_year=False) if is_monthly else formats.day(day)
        words.append(word if day.year == year else f"{word}<br>{formats.year(day)}")
        year = day.year
    return axis(
        dark,
        type="date",
        tickvals=[place for _day, place in chosen],
        ticktext=words,
        tickangle=0,
        range=[spans[0].start.isoformat(), spans[-1].end.isoformat()],
    )


def _month_starts(start: date, end: date) -> list[date]:
    first = start.year * 12 + start.month - (1 if start.day == 1 else 0)
    last = end.year * 12 + end.month - 1
    return [day for month in range(first, last + 1) if (day := date(month // 12, month % 12 + 1, 1)) < end]


def _days(column: Iterable[Any]) -> list[date]:
    return [value.date() if isinstance(value, datetime) else value for value in column]


def _middle(span: _Span) -> str:
    start = datetime.combine(span.start, datetime.min.time())
    return (start + (span.end - span.start) / 2).isoformat()


def _whole(frame: pd.DataFrame, formats: Formats) -> str:
    return formats.period(_Span(_days(frame["start"])[0], _days(frame["end"])[-1]))
