"""Numbers on an axis: round steps, words in the reader's language, and how a value of each unit is said."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from crm_core.charts.theme import axis
from crm_core.formats import NO_DATA, Formats, Number
from crm_core.translation import Translator

Unit = Literal["money", "count", "ratio", "days", "hours"]

_MAX_TICKS = 5


def floats(values: Iterable[Any]) -> list[float | None]:
    """The values as JSON numbers; None, NaN and NaT as None, so that a gap is drawn as a gap."""
    return [None if value is None or value != value else float(value) for value in values]


def say(
    value: Number | None, unit: Unit, *, _: Translator, formats: Formats, compact: bool = False, signed: bool = False
) -> str:
    """A value in the reader's words: £1,234.50, 12,345, 12.3%, 5 days; "—" where there is none."""
    if value is None or value != value:
        return NO_DATA
    if unit == "money":
        return formats.money(value, compact=compact, signed=signed)
    if unit == "ratio":
        return formats.percent(value, signed=signed)
    if unit == "hours":
        return _duration(float(value), _, formats, is_on_axis=compact)
    text = formats.number(value, compact=compact)
    if signed and value > 0:
        text = f"+{text}"
    return _.ngettext("{n} day", "{n} days", 1 if value == 1 else 2, n=text) if unit == "days" else text


def _duration(hours: float, _: Translator, formats: Formats, *, is_on_axis: bool) -> str:
    """Hours as people say them: minutes below one, days above two; on an axis hours throughout."""
    if is_on_axis:
        return _("{n} h", n=formats.number(hours))
    if hours < 1:
        return _("{n} min", n=formats.number(hours * 60, 0))
    if hours < 48:
        return _("{n} h", n=formats.number(hours, 1))
    return _.ngettext("{n} day", "{n} days", 2, n=formats.number(hours / 24, 1))


def steps(low: float, high: float, most: int = _MAX_TICKS) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`, at most about `most` of them.

    The steps are 1, 2, 2.5 or 5 times a power of ten; they are computed in decimals, so 0.1 × 3 is 0.3.
    """
    if not high > low:
        high = low + 1
    raw = (high - low) / max(most - 1, 1)
    power = Decimal(1).scaleb(math.floor(math.log10(raw)))
    step = next(
        step for factor in ("1", "2", "2.5", "5", "10") if float(step := Decimal(factor) * power) >= raw * 0.999
    )
    first, last = math.floor(low / float(step) + 1e-9), math.ceil(high / float(step) - 1e-9)
    return [float(step * number) for number in range(first, last + 1)]


def value_axis(
    values: Sequence[float | None], unit: Unit, *, dark: bool, _: Translator, formats: Formats, **settings: Any
) -> dict[str, Any]:
    """An axis that holds the values and zero, with few round ticks said in the reader's language."""
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    ticks = steps(low, high)
    if unit in {"count", "days"}:
        ticks = sorted({float(round(tick)) for tick in ticks})
    words = [say(Decimal(str(tick)), unit, _=_, formats=formats, compact=True) for tick in ticks]
    if unit == "ratio" and len(set(words)) == len(words):
        whole = [formats.percent(tick, 0) for tick in ticks]
        words = whole if len(set(whole)) == len(whole) else words
    return (
        axis(
            dark,
            showgrid=True,
            tickmode="array",
            tickvals=ticks,
            ticktext=words,
            range=[max(ticks[0], low * 1.08), min(ticks[-1], high * 1.08) or ticks[-1]],
        )
        | settings
    )
