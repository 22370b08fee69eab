"""Forecasts of purchases beside what was bought: over time, and by how often customers had bought before."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.scale import floats, value_axis
from crm_core.charts.theme import axis, figure, key_line, mixed, palette, titled
from crm_core.charts.time_axis import Span, days_of, time_axis
from crm_core.formats import Formats
from crm_core.translation import Translator

SHORT = 0.25
"""A hold-out period of a smaller share of the time shown has no room for its name."""


def purchases_tracked(
    tracking: pd.DataFrame,
    *,
    calibration_end: date,
    _: Translator,
    formats: Formats,
    dark: bool = False,
    height: int = 320,
) -> go.Figure:
    """All repeat purchases up to each day, as bought and as the model has them; the hold-out period is shaded.

    Args:
        tracking: one row a day, in order: day, actual, predicted.
        calibration_end: the last day the model was fitted to.
    """
    colours = palette(dark)
    days = days_of(tracking["day"])
    actual, predicted = floats(tracking["actual"]), floats(tracking["predicted"])
    x = [day.isoformat() for day in days]
    hovers = [
        f"<b>{formats.date(day)}</b><br>{_('Bought')}: {formats.number(bought, 0)}"
        f"<br>{_('Expected')}: {formats.number(expected, 0)}"
        for day, bought, expected in zip(days, actual, predicted, strict=True)
    ]
    lines = [
        {"y": actual, "line": {"color": colours.accent, "width": 2.5}, "hovertext": hovers},
        {"y": predicted, "line": {"color": colours.categories[1], "width": 2.5, "dash": "dash"}, "hoverinfo": "skip"},
    ]
    lines[0]["hovertemplate"] = "%{hovertext}<extra></extra>"
    shade = {
        "type": "rect", "xref": "x", "yref": "paper", "x0": calibration_end.isoformat(), "x1": x[-1], "y0": 0, "y1": 1,
        "fillcolor": mixed(colours.neutral, colours.background, 0.14), "line": {"width": 0}, "layer": "below",
    }  # fmt: skip
    # Where the period is too short for its name, the name stands before it, above the lines that rise.
    is_short = (days[-1] - calibration_end).days < SHORT * (days[-1] - days[0]).days
    label = {
        "xref": "x", "yref": "paper", "x": calibration_end.isoformat(), "y": 1, "yanchor": "top",
        "xanchor": "right" if is_short else "left", "xshift": -4 if is_short else 4,
        "text": _("Hold-out"), "showarrow": False, "font": {"size": 12, "color": colours.muted},
    }  # fmt: skip
    return figure(
        [{"type": "scatter", "mode": "lines", "x": x, **line} for line in lines],
        dark=dark,
        height=height,
        margin={"l": 4, "r": 8, "t": 34, "b": 4},
        title=key_line([("━", colours.accent, _("Bought")), ("╍", colours.categories[1], _("Expected"))], dark=dark),
        shapes=[shade],
        annotations=[label],
        hovermode="x",
        xaxis=time_axis([Span(start, end) for start, end in pairwise(days)], formats, dark),
        yaxis=value_axis([*actual, *predicted], "count", dark=dark, _=_, formats=formats)
        | {"title": titled(_("Repeat purchases so far"), dark)},
    )


def purchases_by_frequency(
    by_frequency: pd.DataFrame,
    *,
    _: Translator,
    formats: Formats,
    dark: bool = False,
    height: int = 260,
) -> go.Figure:
    """Mean purchases in the hold-out period of customers with so many repeat purchases before: bars as bought, marks as
    the model and as historic rates had them.

    Args:
        by_frequency: one row a number of repeat purchases, in order: frequency (the last stands for more too),
            customers, actual, predicted, baseline.
    """
    colours = palette(dark)
    counts = [int(count) for count in by_frequency["frequency"]]
    last = len(counts) - 1
    names = [f"{formats.number(count)}{'+' if place == last else ''}" for place, count in enumerate(counts)]
    columns = {name: floats(by_frequency[name]) for name in ("actual", "predicted", "baseline")}
    marks = (
        ("predicted", _("Expected"), colours.categories[1], "diamond", "◆"),
        ("baseline", _("At their rate so far"), colours.neutral, "x-thin-open", "×"),
    )
    hovers = [
        "<br>".join(
            [
                f"<b>{_.ngettext('{n} repeat purchase before', '{n} repeat purchases before', count)}</b>",
                _.ngettext("{n} customer", "{n} customers", int(by_frequency["customers"].iloc[place])),
                f"{_('Bought')}: {formats.number(columns['actual'][place], 2)}",
                *(f"{label}: {formats.number(columns[name][place], 2)}" for name, label, *_mark in marks),
            ]
        )
        for place, count in enumerate(counts)
    ]
    places = list(range(len(counts)))
    data = [
        {
            "type": "bar", "x": places, "y": columns["actual"], "width": 0.62, "marker": {"color": colours.accent},
            "hovertext": hovers, "hovertemplate": "%{hovertext}<extra></extra>",
        }
    ]  # fmt: skip
    data += [
        {
            "type": "scatter", "mode": "markers", "x": places, "y": columns[name], "hoverinfo": "skip",
            "marker": {"color": colour, "size": 10, "symbol": symbol, "line": {"width": 2, "color": colour}},
        }
        for name, _label, colour, symbol, _mark in marks
    ]  # fmt: skip
    everything = [value for values in columns.values() for value in values]
    keys = [("■", colours.accent, _("Bought")), *((mark, colour, label) for _n, label, colour, _s, mark in marks)]
    return figure(
        data,
        dark=dark,
        height=height,
        margin={"l": 4, "r": 8, "t": 34, "b": 4},
        title=key_line(keys, dark=dark),
        hovermode="closest",
        xaxis=axis(dark, tickvals=places, ticktext=names) | {"title": titled(_("Repeat purchases before"), dark)},
        yaxis=value_axis(everything, "count", dark=dark, _=_, formats=formats)
        | {"title": titled(_("Purchases a customer"), dark)},
    )
