"""What the tests of keeping values and reports share: types, and values of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from hypothesis import strategies as st

from crm_core.analytics.values import named_types

BERLIN = ZoneInfo("Europe/Berlin")


class Grain(StrEnum):
    DAY = "day"
    MONTH = "month"


class Side(Enum):
    LEFT = 1


@dataclass(frozen=True)
class Period:
    start: date
    end: date


@dataclass(frozen=True)
class Params:
    period: Period | None = None
    grain: Grain = Grain.DAY
    share: float = 0.5
    n: int = 3
    names: tuple[str, ...] = ()
    at: datetime | None = None
    least: Decimal = Decimal(0)


@dataclass(frozen=True)
class Report:
    value: Any
    frame: pd.DataFrame
    parts: dict[str, Period]
    side: Side = Side.LEFT


TYPES = named_types(Params, Report)
NO_ROWS = pd.DataFrame()

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.decimals(allow_nan=False),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(BERLIN), allow_imaginary=False),
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(timezone(timedelta(hours=-3, minutes=30)))),
    st.timedeltas(),
    st.sampled_from([Grain.MONTH, Side.LEFT, Period(date(2024, 1, 1), date(2025, 1, 1))]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers(), st.dates()), inner, max_size=3),
    ),
    max_leaves=8,
)


def typed(value: Any) -> Any:
    """The value with the type of each part: True is not 1, 1 is not 1.0, Decimal('1.0') is not Decimal('1.00')."""
    if isinstance(value, list | tuple):
        return type(value), [typed(part) for part in value]
    if isinstance(value, dict):
        return dict, [(typed(key), typed(part)) for key, part in value.items()]
    if isinstance(value, datetime):
        return type(value), value.isoformat(), str(value.tzinfo)
    return type(value), repr(value)
