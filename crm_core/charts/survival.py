"""How long contracts last: the share still running by time, with its interval."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.scale import floats, value_axis
from crm_core.charts.theme import axis, figure, key_line, mixed, palette, titled
from crm_core.formats import Formats
from crm_core.translation import Translator

_TENTHS = [0.0, 0.25, 0.5, 0.75, 1.0]


def survival(
    curve: pd.DataFrame, *, unit: str, _: Translator, formats: Formats, dark: bool = False, height: int = 340
) -> go.Figure:
    """The share of contracts that last longer than each time, as steps from all of them, with its 95 % interval; dotted
    where half are left.

    Args:
        curve: time, at_risk, ended, survival, low, high, as `kaplan_meier` gives it.
        unit: what time is counted in, in the reader's language.
    """
    colours = palette(dark)
    x = [0.0, *floats(curve["time"])]
    share = [1.0, *floats(curve["survival"])]
    low = [1.0, *floats(curve["low"].fillna(curve["survival"]))]
    high = [1.0, *floats(curve["high"].fillna(curve["survival"]))]
    hovers = [_("All {n} at the start", n=formats.number(int(curve["at_risk"].iloc[0])))]
    hovers += [
        _(
            "After {time}: {share} still run ({low} to {high}); {n} were followed so long",
            time=f"{formats.number(float(row['time']))} {unit}",
            share=formats.percent(float(row["survival"])),
            low=formats.percent(None if pd.isna(row["low"]) else float(row["low"])),
            high=formats.percent(None if pd.isna(row["high"]) else float(row["high"])),
            n=formats.number(int(row["at_risk"])),
        )
        for _index, row in curve.iterrows()
    ]
    step: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": x}
    edge = {"hoverinfo": "skip", "line": {"width": 0, "shape": "hv"}}
    shade = mixed(colours.accent, colours.background, 0.18)
    lines = [
        step | edge | {"y": low},
        step | edge | {"y": high, "fill": "tonexty", "fillcolor": shade},
        step
        | {
            "y": share, "hovertext": hovers, "hovertemplate": "%{hovertext}<extra></extra>",
            "line": {"color": colours.accent, "width": 2, "shape": "hv"},
        },
    ]  # fmt: skip
    half = {
        "type": "line", "xref": "paper", "yref": "y", "x0": 0, "x1": 1, "y0": 0.5, "y1": 0.5,
        "line": {"color": colours.neutral, "width": 1, "dash": "dot"},
    }  # fmt: skip
    ticks = {"tickvals": _TENTHS, "ticktext": [formats.percent(tick, 0) for tick in _TENTHS], "range": [-0.02, 1.02]}
    return figure(
        lines,
        dark=dark,
        height=height,
        margin={"l": 4, "r": 8, "t": 34, "b": 4},
        title=key_line(
            [
                ("━", colours.accent, _("Still running")),
                ("■", mixed(colours.accent, colours.background, 0.4), _("95% interval")),
            ],
            dark=dark,
        ),
        shapes=[half],
        hovermode="closest",
        xaxis=value_axis([0.0, *x], "count", dark=dark, _=_, formats=formats)
        | {"title": titled(_("Lasted, {unit}", unit=unit), dark), "showgrid": False},
        yaxis=axis(dark, showgrid=True, **ticks) | {"title": titled(_("Contracts still running"), dark)},
    )
