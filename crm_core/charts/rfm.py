"""Named segments: the grid of recency and frequency scores, and how many customers each segment holds."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.cells import cells
from crm_core.charts.scale import floats
from crm_core.charts.theme import axis, counted_cell, figure, palette, safe, titled
from crm_core.formats import Formats
from crm_core.translation import Translator


def rfm_grid(grid: pd.DataFrame, *, _: Translator, formats: Formats, dark: bool = False) -> go.Figure:
    """Customers by recency score (upwards) and frequency score (to the right), a number in every cell.

    Args:
        grid: one row a cell: r, f (scores from 1), customers, sales. Cells without a row hold nobody; the highest score
            among the rows decides how many there are.

    Each cell's customdata is [r, f], so that clicking one can open its customers.
    """
    colours = palette(dark)
    known = {
        (int(r), int(f)): (int(n), sales)
        for r, f, n, sales in zip(grid["r"], grid["f"], grid["customers"], grid["sales"], strict=True)
    }
    size = max((max(cell) for cell in known), default=5)
    most = max((n for n, _sales in known.values()), default=0) or 1
    drawn = []
    for r in range(1, size + 1):
        for f in range(1, size + 1):
            n, sales = known.get((r, f), (0, 0))
            ground = counted_cell(n, most, colours)
            lines = (
                f"<b>{_('Recency {r}, frequency {f}', r=r, f=f)}</b>",
                _.ngettext("{n} customer", "{n} customers", n),
                _("{amount} of sales", amount=formats.money(sales)),
            )
            text = formats.number(n, compact=True)
            drawn.append((f, r, text, ground, "<br>".join(lines), [r, f]))
    scores = list(range(1, size + 1))
    titles = (_("Frequency: 1 least often, {n} most often", n=size), _("Recency: 1 long ago, {n} just now", n=size))
    return figure(
        [cells(drawn)],
        dark=dark,
        height=56 * size + 60,
        barmode="overlay",
        bargap=0.0,
        xaxis=axis(dark, tickvals=scores, range=[0.5, size + 0.5]) | {"title": titled(titles[0], dark)},
        yaxis=axis(dark, tickvals=scores, range=[0.5, size + 0.5]) | {"title": titled(titles[1], dark)},
    )


def segment_sizes(segments: pd.DataFrame, *, _: Translator, formats: Formats, dark: bool = False) -> go.Figure:
    """Customers of each segment as bars from zero, with number and share beside each.

    Args:
        segments: one row a segment, in the order to show: name (translated where it is one of ours), customers, share
            (of one). Each bar's customdata is the name as given.
    """
    colours = palette(dark)
    names = [_(str(name)) for name in segments["name"]]
    labels = [
        f"{formats.number(n)} · {formats.percent(share)}"
        for n, share in zip(segments["customers"], segments["share"], strict=True)
    ]
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": [safe(name) for name in names],
        "x": floats(segments["customers"]),
        "text": labels,
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"color": colours.text, "size": 12},
        "width": 0.62,
        "marker": {"color": colours.accent},
        "customdata": list(segments["name"]),
        "hovertext": [f"<b>{safe(name)}</b><br>{label}" for name, label in zip(names, labels, strict=True)],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    most = max([1.0, *(float(n) for n in segments["customers"])])
    return figure(
        [bars],
        dark=dark,
        height=32 * len(names) + 16,
        xaxis=axis(dark, visible=False, range=[0, most * 1.7]),
        yaxis=axis(dark, type="category", autorange="reversed", tickfont={"color": colours.text, "size": 13}),
    )
