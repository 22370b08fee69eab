"""Cohorts: the retention triangle with a number in every cell, and curves of retention and value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go

from crm_core.charts.cells import Cell, cells
from crm_core.charts.scale import Unit, floats, say, value_axis
from crm_core.charts.theme import CLEAR, axis, empty_cell, figure, key_line, mixed, palette, titled
from crm_core.charts.time_axis import Span
from crm_core.formats import Formats
from crm_core.translation import Translator

WindowUnit = Literal["month", "week"]

FIRM_FROM = 3
"""A mean of fewer cohorts shows where these stand more than where others are going; it is dotted."""

_MOST_LINES = 40
_COLUMN = 26
_LABELS = 130
_ROW = 26
_GAP = 0.4  # between the last cohort and the mean


def retention_triangle(
    cohorts: pd.DataFrame,
    found: pd.DataFrame,
    means: pd.DataFrame,
    *,
    unit: WindowUnit,
    step: str,
    _: Translator,
    formats: Formats,
    dark: bool = False,
) -> go.Figure:
    """Cohorts downwards, oldest first, windows to the right, the share retained in per cent in every cell; below, the
    mean. Cells that are not over are hatched. Window 0 is 100 by definition and stays grey.

    Args:
        cohorts: start, end, size. found: one row a cell: cohort (a start), offset, retained, rate, low, high,
            is_complete. means: offset, rate, low, high. All as `CohortReport`'s.
        unit: what a window is; step: what the windows count, in the reader's language; it stands at the top left, where
            a narrow screen shows it too.

    Each cell's customdata is [start of the cohort as ISO date, offset]; the mean's is empty.
    """
    colours = palette(dark)
    named: dict[date, tuple[int, str, int]] = {
        row.start: (place, formats.period(Span(row.start, row.end)), int(row.size))
        for place, row in enumerate(_rows(cohorts))
    }
    most = max([0.0, *found.loc[found["offset"] > 0, "rate"].dropna()]) or 1.0

    def ground(offset: int, rate: float, *, is_complete: bool = True) -> str:
        if offset == 0 or rate != rate:
            return empty_cell(colours)
        strength = 0.06 + 0.94 * rate / most
        return mixed(colours.accent, colours.background, strength if is_complete else strength / 2)

    drawn: list[Cell] = []
    hatched: list[bool] = []
    for cell in _rows(found):
        place, name, size = named[cell.cohort]
        lines = [
            f"<b>{_('{cohort}, {window}', cohort=name, window=window_name(unit, cell.offset, _))}</b>",
            _rate(cell, _, formats),
        ]
        lines.append(_("{n} of {size} customers", n=formats.number(cell.retained), size=formats.number(size)))
        if not cell.is_complete:
            lines.append(_("incomplete"))
        colour = ground(cell.offset, cell.rate, is_complete=cell.is_complete)
        data = [cell.cohort.isoformat(), int(cell.offset)]
        drawn.append((cell.offset, place, _percent(cell.rate, formats), colour, "<br>".join(lines), data))
        hatched.append(not cell.is_complete)
    last = len(named) - 1 + 1 + _GAP
    for mean in _rows(means):
        words = f"<b>{_('Mean, {window}', window=window_name(unit, mean.offset, _))}</b><br>{_rate(mean, _, formats)}"
        drawn.append((mean.offset, last, _percent(mean.rate, formats), ground(mean.offset, mean.rate), words, []))
        hatched.append(False)
    widest = max([0, *found["offset"]])
    labels = [
        f"{_short(start, unit, formats)} · {formats.number(size, compact=True)}"
        for start, (_place, _name, size) in named.items()
    ]
    keys = [("→", colours.text, step)]
    if any(hatched):
        keys.append(("▨", colours.accent, _("incomplete")))
    return figure(
        [cells(drawn, hatched=hatched, size=11)],
        dark=dark,
        height=int(_ROW * (len(named) + 1.4)) + 64,
        margin={"l": 4, "r": 8, "t": 30, "b": 4},
        title=key_line(keys, dark=dark),
        barmode="overlay",
        bargap=0.0,
        xaxis=axis(dark, tickvals=list(range(widest + 1)), tickangle=0, range=[-0.5, widest + 0.5]),
        yaxis=axis(
            dark,
            tickvals=[*range(len(named)), last],
            ticktext=[*labels, f"<b>{_('Mean')}</b>"],
            range=[last + 0.5, -0.5],
        ),
    )


def triangle_width(found: pd.DataFrame) -> int:
    """The width in pixels below which the triangle's numbers would run into each other; `found` as above."""
    return _LABELS + _COLUMN * (1 + int(found["offset"].max() if len(found) else 0))


def cohort_curves(
    cohorts: pd.DataFrame,
    found: pd.DataFrame,
    means: pd.DataFrame,
    column: Literal["rate", "value"],
    *,
    unit: WindowUnit,
    step: str,
    _: Translator,
    formats: Formats,
    dark: bool = False,
) -> go.Figure:
    """The mean over complete cells as a strong line with its interval, dotted where fewer than three cohorts reach,
    and the latest 40 cohorts as thin grey lines behind it, in one trace with gaps between them: more would hide it.

    Args: as `retention_triangle`; `column` is what is drawn: "rate" from window 1 on (window 0 is 100 by definition) or
        "value" (net sales so far for each customer who entered) from window 0 on. Cells that are not over are left out.
    """
    colours = palette(dark)
    measure: Unit = "ratio" if column == "rate" else "money"
    first = 1 if column == "rate" else 0
    is_drawn = found["cohort"].isin(cohorts["start"].tail(_MOST_LINES))
    known = found[is_drawn & found["is_complete"] & (found["offset"] >= first) & found[column].notna()]
    names = {row.start: formats.period(Span(row.start, row.end)) for row in _rows(cohorts)}
    hovers = [
        f"<b>{_('{cohort}, {window}', cohort=names[cell.cohort], window=window_name(unit, cell.offset, _))}</b><br>"
        + say(getattr(cell, column), measure, _=_, formats=formats)
        for cell in _rows(known)
    ]
    data = [_cohort_lines(known, column, hovers, colours.neutral)]
    mean = means[means["offset"] >= first]
    interval = mean.dropna(subset=["low", "high"]) if column == "rate" else mean.iloc[:0]
    if len(interval):
        data.insert(0, _band(interval, mixed(colours.accent, colours.background, 0.2)))  # below the lines it would hide
    hovers = [
        f"<b>{_('Mean, {window}', window=window_name(unit, row.offset, _))}</b><br>"
        + (_rate(row, _, formats) if column == "rate" else say(row.value, measure, _=_, formats=formats))
        + f"<br>{_.ngettext('{n} cohort', '{n} cohorts', int(row.cohorts))}"
        for row in _rows(mean)
    ]
    firm = int((mean["cohorts"] >= FIRM_FROM).sum())
    each = _("each cohort") if len(cohorts) <= _MOST_LINES else _("the latest {n} cohorts", n=_MOST_LINES)
    keys = [("━", colours.accent, _("Mean")), ("━", colours.neutral, each)]
    if len(interval):
        keys.insert(1, ("■", mixed(colours.accent, colours.background, 0.35), _("95% interval")))
    if firm < len(mean):
        tail = slice(max(firm - 1, 0), None)
        dotted = _line(mean[tail], column, hovers[tail], colours.accent, width=2)
        dotted["line"] |= {"dash": "dot"}
        data.append(dotted)
        keys.insert(1, ("┅", colours.accent, _("Mean of fewer than {n} cohorts", n=FIRM_FROM)))
    data.append(_line(mean[:firm], column, hovers[:firm], colours.accent, width=3))
    widest = max([first + 1, *known["offset"], *mean["offset"]])
    ticks = range(first, widest + 1, max(1, -(-(widest + 1) // 13)))
    return figure(
        data,
        dark=dark,
        height=320,
        margin={"l": 4, "r": 8, "t": 34, "b": 4},
        title=key_line(keys, dark=dark),
        hovermode="closest",
        xaxis=axis(dark, tickvals=list(ticks), range=[first - 0.3, widest + 0.3]) | {"title": titled(step, dark)},
        yaxis=value_axis(
            [*floats(known[column]), *floats(mean[column]), *floats(interval["high"])],
            measure, dark=dark, _=_, formats=formats,
        ),
    )  # fmt: skip


def window_name(unit: WindowUnit, n: int, _: Translator) -> str:
    """What the n-th window is called: month 3, week 3."""
    return _("week {n}", n=n) if unit == "week" else _("month {n}", n=n)


def _cohort_lines(cells: pd.DataFrame, column: str, hovers: Sequence[str], colour: str) -> dict[str, Any]:
    """Each cohort's line; a cohort of one cell is a dot."""
    x: list[int | None] = []
    y: list[float | None] = []
    texts: list[str] = []
    sizes: list[int] = []
    counts = cells["cohort"].value_counts()
    before = None
    for cell, hover, value in zip(_rows(cells), hovers, floats(cells[column]), strict=True):
        if before not in (None, cell.cohort):
            x.append(None)
            y.append(None)
            texts.append("")
            sizes.append(0)
        before = cell.cohort
        x.append(int(cell.offset))
        y.append(value)
        texts.append(hover)
        sizes.append(4 if counts[cell.cohort] == 1 else 0)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": x,
        "y": y,
        "opacity": 0.55,
        "line": {"color": colour, "width": 1},
        "marker": {"color": colour, "size": sizes},
        "connectgaps": False,
        "hovertext": texts,
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _line(rows: pd.DataFrame, column: str, hovers: Sequence[str], colour: str, *, width: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(rows) <= _MOST_LINES else "lines",
        "x": rows["offset"].tolist(),
        "y": floats(rows[column]),
        "line": {"color": colour, "width": width},
        "marker": {"color": colour, "size": 6},
        "hovertext": list(hovers),
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _band(rows: pd.DataFrame, colour: str) -> dict[str, Any]:
    offsets = rows["offset"].tolist()
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*offsets, *reversed(offsets)],
        "y": [*floats(rows["high"]), *reversed(floats(rows["low"]))],
        "fill": "toself",
        "fillcolor": colour,
        "line": {"color": CLEAR, "width": 0},
        "hoverinfo": "skip",
    }


def _rate(row: Any, _: Translator, formats: Formats) -> str:
    """The share, with its interval where it has one."""
    share = formats.percent(row.rate)
    if row.low != row.low or row.offset == 0:
        return share
    return _(
        "{share} (95% interval {low} to {high})",
        share=share,
        low=formats.percent(row.low),
        high=formats.percent(row.high),
    )


def _rows(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows as named tuples, whose cells are what the columns hold and not whatever a frame may."""
    yield from frame.itertuples(index=False)


def _short(start: date, unit: WindowUnit, formats: Formats) -> str:
    """A cohort by its month, or its first day: what a phone has room for."""
    return formats.month(start) if unit == "month" and start.day == 1 else formats.date(start)


def _percent(rate: float, formats: Formats) -> str:
    """Whole per cent without the sign: what has room in a cell."""
    return formats.number(rate * 100, 0) if rate == rate else ""
