"""The sales pipeline: the funnel of deals through the stages, and the forecast month by month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.scale import floats, say, value_axis
from crm_core.charts.theme import axis, figure, hatched, key_line, palette, safe
from crm_core.charts.time_axis import Span, days_of, middle, time_axis
from crm_core.formats import Formats
from crm_core.translation import Translator


def deal_funnel(
    labels: Sequence[str],
    counts: Sequence[int],
    codes: Sequence[str],
    *,
    _: Translator,
    formats: Formats,
    dark: bool = False,
) -> go.Figure:
    """Deals that reached each stage as bars from zero, downwards, with their number and share of the first below the
    label, where a phone has room for it.

    Args:
        labels: the stages in the reader's language, and last what being won is called.
        counts: how many of the same deals reached each; never more than the one before.
        codes: each bar's customdata, so that a click can open its deals.
    """
    colours = palette(dark)
    rows = list(range(len(labels)))
    first = counts[0] if counts else 0
    said = [
        _.ngettext("{n} deal", "{n} deals", n) + (f" · {formats.percent(n / first)}" if first and row else "")
        for row, n in enumerate(counts)
    ]
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": rows,
        "x": list(counts),
        "width": 0.62,
        "marker": {"color": [colours.accent] * (len(rows) - 1) + [colours.good]},
        "customdata": list(codes),
        "hovertext": [f"<b>{safe(label)}</b><br>{text}" for label, text in zip(labels, said, strict=True)],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    words = [
        f"{safe(label)}<br><span style='color:{colours.muted}'>{text}</span>"
        for label, text in zip(labels, said, strict=True)
    ]
    return figure(
        [trace],
        dark=dark,
        height=46 * len(labels) + 16,
        xaxis=axis(dark, showticklabels=False, zeroline=True, zerolinecolor=colours.neutral)
        | {"range": [0, (first or 1) * 1.04]},
        yaxis=axis(dark, tickvals=rows, ticktext=words)
        | {"range": [len(rows) - 0.5, -0.5], "tickfont": {"color": colours.text, "size": 13}},
    )


def deal_outlook(outlook: pd.DataFrame, *, _: Translator, formats: Formats, dark: bool = False) -> go.Figure:
    """Won value of each month, and on top of it, hatched, the weighted value of the deals expected to close in it.

    Args:
        outlook: one row a month, in order: start, end, won, won_deals, weighted, open_deals.

    Each bar's customdata is the month's first day in ISO form.
    """
    colours = palette(dark)
    spans = [Span(start, end) for start, end in zip(days_of(outlook["start"]), days_of(outlook["end"]), strict=True)]
    common: dict[str, Any] = {
        "type": "bar",
        "x": [middle(span) for span in spans],
        "width": [(span.end - span.start).days * 86_400_000 * 0.78 for span in spans],
        "customdata": [span.start.isoformat() for span in spans],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    parts = (
        ("won", "won_deals", _("Won"), colours.good, True),
        ("weighted", "open_deals", _("Open, weighted"), colours.accent, False),
    )
    data = [
        common
        | {
            "y": [value or None for value in floats(outlook[column])],  # an outline of nothing would be a line
            "name": name,
            "marker": hatched(colour, [is_sure] * len(spans)),
            "hovertext": [
                f"<b>{formats.month(span.start)}</b><br>{name}: {say(value, 'money', _=_, formats=formats)}<br>"
                + _.ngettext("{n} deal", "{n} deals", int(n))
                for span, value, n in zip(spans, outlook[column], outlook[deals], strict=True)
            ],
        }
        for column, deals, name, colour, is_sure in parts
    ]
    tops = [float(won) + float(weighted) for won, weighted in zip(outlook["won"], outlook["weighted"], strict=True)]
    keys = [("■" if is_sure else "▨", colour, name) for _column, _deals, name, colour, is_sure in parts]
    return figure(
        data,
        dark=dark,
        height=320,
        margin={"l": 4, "r": 8, "t": 34, "b": 4},
        title=key_line(keys, dark=dark),
        barmode="stack",
        xaxis=time_axis(spans, formats, dark),
        yaxis=value_axis(tops, "money", dark=dark, _=_, formats=formats),
    )
