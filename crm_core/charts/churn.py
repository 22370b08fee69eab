"""Predictions of who leaves: are the chances right, who is found early, what contacting them would bring."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.scale import floats, value_axis
from crm_core.charts.theme import axis, figure, key_line, palette, titled
from crm_core.formats import Formats
from crm_core.translation import N_, Translator

PREDICTORS = {
    "model": N_("Model"),
    "expected_purchases": N_("Expected purchases (BG/NBD)"),
    "recency": N_("Time since the last purchase"),
}

_TENTHS = [0.0, 0.25, 0.5, 0.75, 1.0]


def calibration(
    curve: pd.DataFrame,
    *,
    is_of_contracts: bool = False,
    _: Translator,
    formats: Formats,
    dark: bool = False,
    height: int = 340,
) -> go.Figure:
    """Tenths of the tested customers: the share that left by the chance predicted, with intervals; on the diagonal
    chances are right.

    Args:
        curve: predicted, observed, low, high, n.
        is_of_contracts: contracts that ended take the place of customers who left.
    """
    said = N_("Predicted {predicted}, left {observed} ({low} to {high}) of {n}")
    titles = _("Predicted chance to leave"), _("Left")
    if is_of_contracts:
        said = N_("Predicted {predicted}, ended {observed} ({low} to {high}) of {n}")
        titles = _("Predicted chance to end"), _("Ended")
    colours = palette(dark)
    x, y = floats(curve["predicted"]), floats(curve["observed"])
    hovers = [
        _(
            said,
            predicted=formats.percent(float(row["predicted"])),
            observed=formats.percent(float(row["observed"])),
            low=formats.percent(float(row["low"])),
            high=formats.percent(float(row["high"])),
            n=formats.number(int(row["n"])),
        )
        for _index, row in curve.iterrows()
    ]
    diagonal = {
        "type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "hoverinfo": "skip",
        "line": {"color": colours.neutral, "width": 1, "dash": "dot"},
    }  # fmt: skip
    points = {
        "type": "scatter", "mode": "lines+markers", "x": x, "y": y, "hovertext": hovers,
        "hovertemplate": "%{hovertext}<extra></extra>",
        "line": {"color": colours.accent, "width": 2}, "marker": {"color": colours.accent, "size": 7},
        "error_y": {
            "type": "data", "symmetric": False, "color": colours.accent, "thickness": 1.2, "width": 3,
            "array": (curve["high"] - curve["observed"]).tolist(),
            "arrayminus": (curve["observed"] - curve["low"]).tolist(),
        },
    }  # fmt: skip
    return figure(
        [diagonal, points],
        dark=dark,
        height=height,
        margin={"l": 4, "r": 8, "t": 34, "b": 4},
        title=key_line([("●", colours.accent, _("Tested")), ("┄", colours.neutral, _("As predicted"))], dark=dark),
        xaxis=_share_axis(formats, dark, titles[0]),
        yaxis=_share_axis(formats, dark, titles[1]),
    )


def gain(curve: pd.DataFrame, *, _: Translator, formats: Formats, dark: bool = False, height: int = 340) -> go.Figure:
    """The share of the leaving customers found among the riskiest, by predictor; the diagonal is chance.

    Args:
        curve: share, and one column a predictor of PREDICTORS there is.
    """
    colours = palette(dark)
    styles = {
        "model": (colours.accent, "solid", "━"),
        "expected_purchases": (colours.categories[1], "dash", "╍"),
        "recency": (colours.categories[2], "dot", "┄"),
    }
    x = floats(curve["share"])
    shown = [name for name in PREDICTORS if name in curve]
    lines: list[dict[str, Any]] = [
        {
            "type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "hoverinfo": "skip",
            "line": {"color": colours.neutral, "width": 1},
        }
    ]  # fmt: skip
    for name in reversed(shown):
        colour, dash, _mark = styles[name]
        hovers = [
            _(
                "{predictor}: the riskiest {share} hold {found} of those who left",
                predictor=_(PREDICTORS[name]),
                share=formats.percent(share, 0),
                found=formats.percent(found, 0),
            )
            for share, found in zip(curve["share"], curve[name], strict=True)
        ]
        lines.append(
            {
                "type": "scatter", "mode": "lines", "x": x, "y": floats(curve[name]), "hovertext": hovers,
                "hovertemplate": "%{hovertext}<extra></extra>", "line": {"color": colour, "width": 2, "dash": dash},
            }
        )  # fmt: skip
    return figure(
        lines,
        dark=dark,
        height=height,
        margin={"l": 4, "r": 8, "t": 18 + 18 * len(shown), "b": 4},
        title=_stacked([(styles[name][2], styles[name][0], _(PREDICTORS[name])) for name in shown], dark),
        xaxis=_share_axis(formats, dark, _("Customers, riskiest first")),
        yaxis=_share_axis(formats, dark, _("Of those who left")),
    )


def profit(
    curve: pd.DataFrame,
    *,
    chosen: int,
    _: Translator,
    formats: Formats,
    dark: bool = False,
    height: int = 240,
) -> go.Figure:
    """Expected profit by the number of customers contacted; the chosen number is marked.

    Args:
        curve: n, profit (money).
        chosen: the number to mark.
    """
    colours = palette(dark)
    x, y = floats(curve["n"]), floats(curve["profit"])
    hovers = [
        _("{n} contacted: {profit}", n=formats.number(n), profit=formats.money(round(amount)))
        for n, amount in zip(curve["n"], curve["profit"], strict=True)
    ]
    line = {
        "type": "scatter", "mode": "lines", "x": x, "y": y, "hovertext": hovers,
        "hovertemplate": "%{hovertext}<extra></extra>", "line": {"color": colours.accent, "width": 2},
    }  # fmt: skip
    mark = {
        "type": "line", "xref": "x", "yref": "paper", "x0": chosen, "x1": chosen, "y0": 0, "y1": 1,
        "line": {"color": colours.muted, "width": 1, "dash": "dash"},
    }  # fmt: skip
    common: dict[str, Any] = {"dark": dark, "_": _, "formats": formats}
    return figure(
        [line],
        dark=dark,
        height=height,
        shapes=[mark],
        hovermode="closest",
        xaxis=value_axis(x, "count", **common) | {"title": titled(_("Customers contacted"), dark), "showgrid": False},
        yaxis=value_axis(y, "money", zeroline=True, zerolinecolor=colours.neutral, **common)
        | {"title": titled(_("Expected profit"), dark)},
    )


def _share_axis(formats: Formats, dark: bool, title: str) -> dict[str, Any]:
    labels = [formats.percent(tick, 0) for tick in _TENTHS]
    settings = axis(dark, showgrid=True, tickvals=_TENTHS, ticktext=labels, range=[-0.02, 1.02])
    return settings | {"title": titled(title, dark)}


def _stacked(entries: list[tuple[str, str, str]], dark: bool) -> dict[str, Any]:
    """A key line with one entry a row, for names too long to stand side by side."""
    rows = [key_line([entry], dark=dark) for entry in entries]
    return rows[0] | {"text": "<br>".join(row["text"] for row in rows), "pad": {"l": 4, "t": 18}}
