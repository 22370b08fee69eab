"""Tickets by hour of the week, and the ages of those that stand open."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.cells import cells
from crm_core.charts.scale import value_axis
from crm_core.charts.theme import axis, counted_cell, figure, palette, titled
from crm_core.formats import Formats
from crm_core.translation import Translator


def weekdays(formats: Formats) -> list[str]:
    """The days of the week from Monday, short, in the reader's language."""
    names = formats.locale.days["format"]["abbreviated"]
    return [str(names[number]) for number in range(7)]


def hours_of_week(by_hour: pd.DataFrame, *, _: Translator, formats: Formats, dark: bool = False) -> go.Figure:
    """Tickets opened by weekday (downwards) and hour on the wall (to the right), darker where there are more.

    Args:
        by_hour: weekday (0 Monday), hour, opened; all 168. Each cell's customdata is [weekday, hour].
    """
    colours, days = palette(dark), weekdays(formats)
    most = max(1, int(by_hour["opened"].max()))
    drawn = []
    for weekday, hour, n in by_hour[["weekday", "hour", "opened"]].to_numpy().tolist():
        ground = counted_cell(n, most, colours)
        said = f"<b>{days[weekday]} {hour:02}:00</b><br>{_.ngettext('{n} ticket', '{n} tickets', n)}"
        drawn.append((float(hour), float(weekday), "", ground, said, [weekday, hour]))
    ticks = list(range(0, 24, 6))
    return figure(
        [cells(drawn)],
        dark=dark,
        height=280,
        barmode="overlay",
        bargap=0.0,
        xaxis=axis(dark, tickvals=ticks, ticktext=[f"{hour:02}:00" for hour in ticks], range=[-0.5, 23.5], tickangle=0),
        yaxis=axis(dark, tickvals=list(range(7)), ticktext=days, range=[6.5, -0.5]),
    )


def age_bars(ageing: pd.DataFrame, *, _: Translator, formats: Formats, dark: bool = False) -> go.Figure:
    """How many open tickets are how old, as bars from zero.

    Args:
        ageing: from_days, to_days (None: no end), tickets. Each bar's customdata is [from_days, to_days or 0].
    """
    colours = palette(dark)
    names = [age(low, high, _) for low, high in zip(ageing["from_days"], ageing["to_days"], strict=True)]
    counts = [int(n) for n in ageing["tickets"]]
    data = {
        "type": "bar",
        "x": list(range(len(names))),
        "y": counts,
        "width": 0.78,
        "marker": {"color": colours.accent},
        "text": [formats.number(n) for n in counts],
        "textposition": "outside",
        "textfont": {"color": colours.text, "size": 12},
        "cliponaxis": False,
        "customdata": [
            [int(low), 0 if high is None else int(high)]
            for low, high in zip(ageing["from_days"], ageing["to_days"], strict=True)
        ],
        "hovertext": [
            f"<b>{name}</b><br>{_.ngettext('{n} ticket', '{n} tickets', n)}"
            for name, n in zip(names, counts, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    return figure(
        [data],
        dark=dark,
        height=280,
        margin={"l": 4, "r": 8, "t": 18, "b": 4},
        xaxis=axis(dark, tickvals=list(range(len(names))), ticktext=_edges(ageing, formats), tickangle=0)
        | {"title": titled(_("Days since they were opened"), dark)},
        yaxis=value_axis([float(n) for n in counts], "count", dark=dark, _=_, formats=formats),
    )


def age(low: int, high: int | None, _: Translator) -> str:
    """An age in words."""
    if high is None:
        return _("{n} days or more", n=low)
    return _("{first} to {last} days", first=low, last=high)


def _edges(ageing: pd.DataFrame, formats: Formats) -> list[str]:
    pairs = zip(ageing["from_days"], ageing["to_days"], strict=True)
    return [f"{low}+" if high is None else f"{formats.number(low)}–{formats.number(high)}" for low, high in pairs]
