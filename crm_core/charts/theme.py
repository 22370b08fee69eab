"""How every chart looks: colours for light and dark, type, margins; and the few drawing steps they share.

Colours carry meaning and are never alone in doing so: good and bad come with a sign, categories with a direct label and
a symbol of their own. The categorical order follows Okabe and Ito (2008), so that neighbours stay apart for readers who
tell red from green with difficulty; every colour has a contrast of at least 3:1 on its background (WCAG 2.2, 1.4.11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

FONT = (
    '"Source Sans", "Source Sans 3", system-ui, "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", '
    "sans-serif"
)
CLEAR = "rgba(0,0,0,0)"
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon", "triangle-down", "pentagon", "x")


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as #rrggbb."""

    background: str
    surface: str
    text: str
    muted: str
    grid: str
    neutral: str
    accent: str
    good: str
    bad: str
    categories: tuple[str, ...]


LIGHT = Palette(
    background="#ffffff",
    surface="#ffffff",
    text="#1b1f27",
    muted="#667085",
    grid="#e6e9ee",
    neutral="#858d9d",
    accent="#3056d3",
    good="#0e7a4f",
    bad="#c4362b",
    categories=("#3056d3", "#c77700", "#009e73", "#cc5f9e", "#3d8fc9", "#b8492a", "#7b818c"),
)
DARK = Palette(
    background="#12151b",
    surface="#1b2029",
    text="#e8eaef",
    muted="#98a2b3",
    grid="#2d3440",
    neutral="#bcc4d0",
    accent="#5c7df2",
    good="#4cc38a",
    bad="#ff7b72",
    categories=("#7c9bff", "#f0a93b", "#3dc39a", "#e58fc2", "#8cc8f2", "#e58a6f", "#a7adb8"),
)


def palette(dark: bool) -> Palette:
    """The colours of the dark theme or the light one."""
    return DARK if dark else LIGHT


IS_CHECKED = False
"""Whether a property that Plotly does not know raises; tests switch it on."""


def figure(data: Sequence[dict[str, Any]], *, dark: bool, height: int, **layout: Any) -> go.Figure:
    """A figure on a transparent ground with tight margins, without legend, zoom or drag; `layout` adds to it.

    The colours are in the figure and not in a template, so it looks the same in a page, a report and a picture.
    Plotly checks every property only where IS_CHECKED says so: it takes ten times as long as making the figure.
    """
    colours = palette(dark)
    base: dict[str, Any] = {
        "template": {},
        "height": height,
        "margin": {"l": 4, "r": 8, "t": 8, "b": 4, "pad": 0},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"family": FONT, "size": 13, "color": colours.text},
        "showlegend": False,
        "dragmode": False,
        "hoverlabel": {
            "bgcolor": colours.surface,
            "bordercolor": colours.neutral,
            "font": {"family": FONT, "size": 13, "color": colours.text},
            "align": "left",
            "namelength": -1,
        },
    }
    return go.Figure({"data": list(data), "layout": base | layout}, _validate=IS_CHECKED)


def axis(dark: bool, **settings: Any) -> dict[str, Any]:
    """An axis without line or grid that makes room for its labels and cannot be zoomed; `settings` adds to it."""
    colours = palette(dark)
    base: dict[str, Any] = {
        "showgrid": False,
        "showline": False,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
        "gridcolor": colours.grid,
        "tickfont": {"color": colours.muted, "size": 12},
        "ticklabelstandoff": 4,
        "title": {"font": {"color": colours.muted, "size": 12}, "standoff": 6},
    }
    return base | settings


def titled(text: str, dark: bool) -> dict[str, Any]:
    """An axis' title, small and grey."""
    return {"text": text, "font": {"size": 12, "color": palette(dark).muted}, "standoff": 6}


def key_line(entries: Sequence[tuple[str, str, str]], *, dark: bool) -> dict[str, Any]:
    """The figure's title: a line that says what each mark means, given as (mark, colour, words)."""
    colours = palette(dark)
    text = "   ".join(f'<span style="color:{colour}">{mark}</span> {safe(words)}' for mark, colour, words in entries)
    return {
        "text": text,
        "x": 0,
        "xref": "container",
        "xanchor": "left",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
        "pad": {"l": 4, "t": 6},
        "font": {"size": 12, "color": colours.muted},
    }


def hatched(colour: str, complete: Sequence[bool]) -> dict[str, Any]:
    """The marker of bars of one colour; those that are not complete are outlined and hatched."""
    return {
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
    }


def safe(text: str) -> str:
    """Text shown as it is: Plotly reads a little HTML in labels, and a customer's name may hold some."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mixed(colour: str, ground: str, share: float) -> str:
    """The colour laid over the ground with this opacity, from 0 to 1, as #rrggbb."""
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    return "#" + "".join(f"{round(over * share + under * (1 - share)):02x}" for over, under in pairs)


def empty_cell(colours: Palette) -> str:
    """The ground of a cell that holds nothing: fainter than any that holds something, on light and on dark."""
    return mixed(colours.neutral, colours.background, 0.06)


def counted_cell(n: int, most: int, colours: Palette) -> str:
    """The ground of a cell that counts `n` where the fullest counts `most`: stronger where there are more."""
    return mixed(colours.accent, colours.background, 0.06 + 0.94 * (n / most) ** 0.5) if n else empty_cell(colours)


def readable_on(ground: str) -> str:
    """The darker or the lighter text colour, whichever stands out more on this ground."""
    return max((LIGHT.text, "#ffffff"), key=lambda colour: contrast(colour, ground))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours from 1 to 21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
