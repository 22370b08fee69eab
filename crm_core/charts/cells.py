"""A table of coloured cells with a number in each, made of bars, which unlike a heat map's cells can be clicked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm_core.charts.theme import mixed, readable_on

Cell = tuple[float, float, str, str, str, list[Any]]
"""Column, row, text, ground as #rrggbb, what hovering says, customdata."""

_SIDE = 0.94  # leaves a hair of ground between neighbours


def cells(drawn: Sequence[Cell], *, hatched: Sequence[bool] | None = None, size: int = 13) -> dict[str, Any]:
    """One trace with all cells; columns and rows are numbers on plain axes, the figure's barmode "overlay".

    `hatched` says which cells are not final yet; `size` is the text's in pixels.
    """
    marker: dict[str, Any] = {"color": [ground for *_place, ground, _hover, _data in drawn], "line": {"width": 0}}
    if hatched is not None:
        marker["pattern"] = {
            "shape": ["/" if is_hatched else "" for is_hatched in hatched],
            "fillmode": "overlay",
            "fgcolor": [mixed(readable_on(ground), ground, 0.22) for ground in marker["color"]],
            "size": 6,
            "solidity": 0.2,
        }
    return {
        "type": "bar",
        "x": [column for column, *_rest in drawn],
        "base": [row - _SIDE / 2 for _column, row, *_rest in drawn],
        "y": [_SIDE] * len(drawn),
        "width": _SIDE,
        "text": [text for _column, _row, text, *_rest in drawn],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "constraintext": "none",
        "textfont": {"size": size, "color": [readable_on(ground) for ground in marker["color"]]},
        "marker": marker,
        "hovertext": [hover for *_rest, hover, _data in drawn],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "customdata": [data for *_rest, data in drawn],
    }
