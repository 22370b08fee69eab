"""The bridge from one period's net sales to the next."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.theme import axis, figure, palette, safe
from crm_core.formats import Formats
from crm_core.translation import N_, Translator

BRIDGE_PARTS = {
    "new": N_("New customers"),
    "resurrected": N_("Came back"),
    "expansion": N_("Bought more"),
    "contraction": N_("Bought less"),
    "dormant": N_("Stopped buying"),
    "guests": N_("Guest sales"),
}
"""What the parts of the revenue bridge are called."""


def revenue_bridge(
    bridge: pd.DataFrame,
    *,
    start: Decimal | None,
    end: Decimal | None,
    _: Translator,
    formats: Formats,
    dark: bool = False,
) -> go.Figure:
    """From the earlier period's net sales to this one's, part by part, each with its amount beside it.

    Args:
        bridge: one row a part: component (a key of BRIDGE_PARTS, or words), amount (signed, in the workspace's
            currency), customers. The amounts add up to `end` − `start`.
        start, end: net sales of the earlier and of this period; None counts as nothing sold.

    Rows run downwards, so that the names are read without turning the head, on a phone too.
    """
    colours = palette(dark)
    first, last = Decimal(start or 0), Decimal(end or 0)
    amounts = [Decimal(amount) for amount in bridge["amount"]]
    names = [_("Period before"), *(_(BRIDGE_PARTS.get(part, part)) for part in bridge["component"]), _("This period")]
    running, bases = first, [Decimal(0)]
    for amount in amounts:
        bases.append(running)
        running += amount
    bases.append(Decimal(0))
    lengths = [first, *amounts, last]
    shown = [
        formats.money(first, compact=True),
        *(formats.money(amount, compact=True, signed=True) for amount in amounts),
        formats.money(last, compact=True),
    ]
    exact = [
        formats.money(first),
        *(
            f"{formats.money(amount, signed=True)}<br>{_.ngettext('{n} customer', '{n} customers', int(n))}"
            for amount, n in zip(amounts, bridge["customers"], strict=True)
        ),
        formats.money(last),
    ]
    ends = [float(base + length) for base, length in zip(bases, lengths, strict=True)]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = (high - low or 1.0) * 0.3
    tints = [colours.good if amount >= 0 else colours.bad for amount in amounts]
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": [safe(name) for name in names],
        "x": [float(length) for length in lengths],
        "base": [float(base) for base in bases],
        "width": 0.62,
        "marker": {"color": [colours.neutral, *tints, colours.accent]},
        "hovertext": [f"<b>{safe(name)}</b><br>{text}" for name, text in zip(names, exact, strict=True)],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    labels = [
        {
            "x": max(float(base), tip), "y": row, "text": text, "showarrow": False, "xanchor": "left", "xshift": 5,
            "font": {"size": 12, "color": colours.text},
        }
        for row, (base, tip, text) in enumerate(zip(bases, ends, shown, strict=True))
    ]  # fmt: skip
    return figure(
        [bars],
        dark=dark,
        height=34 * len(names) + 16,
        annotations=labels,
        xaxis=axis(
            dark, visible=True, showticklabels=False, zeroline=True, zerolinecolor=colours.neutral,
            range=[low - (room if low < 0 else 0), high + room],
        ),
        yaxis=axis(dark, type="category", autorange="reversed", tickfont={"color": colours.text, "size": 13}),
    )  # fmt: skip
