"""Parameters and plain values written and read: exactly as they were, and one text for equal ones."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from crm_core.analytics.values import canonical, decode, encode
from tests.core.kept_values import BERLIN, TYPES, Grain, Params, Period, typed, values


@given(values)
def test_any_value_comes_back_as_it_was(value: Any) -> None:
    assert typed(decode(encode(value, TYPES), TYPES)) == typed(value)


def test_the_hour_that_comes_twice_keeps_its_place() -> None:
    second = datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1)
    back = decode(encode(second, TYPES), TYPES)
    assert (back.fold, back.utcoffset()) == (1, timedelta(hours=1))


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan"), -0.0])
def test_odd_floats_come_back(number: float) -> None:
    assert repr(decode(encode(number, TYPES), TYPES)) == repr(number)


def test_pandas_instants_and_gaps_come_back() -> None:
    for stamp in (
        pd.Timestamp("2024-10-27 02:30:00.123456789"),
        pd.Timestamp("2024-03-31", tz="Europe/Berlin").as_unit("us"),
    ):
        back = decode(encode(stamp, TYPES), TYPES)
        assert (back, back.unit, str(back.tz)) == (stamp, stamp.unit, str(stamp.tz))
    gaps = decode(encode((pd.NaT, pd.NA), TYPES), TYPES)
    assert gaps[0] is pd.NaT
    assert gaps[1] is pd.NA


def test_numpy_numbers_become_plain_ones() -> None:
    assert typed(decode(encode((np.int64(3), np.float64(0.5), np.True_), TYPES), TYPES)) == typed((3, 0.5, True))


def test_equal_parameters_have_one_text_and_others_another() -> None:
    full = Params(
        period=Period(date(2024, 1, 1), date(2024, 2, 1)),
        grain=Grain.MONTH,
        names=("a", "b"),
        at=datetime(2024, 1, 1, 12, tzinfo=BERLIN),
        least=Decimal("1.50"),
    )
    assert canonical(full, TYPES) == canonical(
        Params(
            least=Decimal("1.50"),
            at=datetime(2024, 1, 1, 12, tzinfo=BERLIN),
            names=("a", "b"),
            grain=Grain.MONTH,
            period=Period(date(2024, 1, 1), date(2024, 2, 1)),
        ),
        TYPES,
    )
    others = [Params(), Params(n=4), Params(share=0.25), Params(names=("a",)), Params(names=("ab",)), Params(n=True)]
    others += [Params(period=Period(date(2024, 1, 1), date(2024, 2, 2))), Params(at=datetime(2024, 1, 1, 12)), full]
    assert len({canonical(params, TYPES) for params in others}) == len(others)


def test_a_file_cannot_name_a_type_of_its_own_choice() -> None:
    with pytest.raises(KeyError):
        decode({"$": "data", "t": "subprocess:Popen", "v": {"args": "true"}}, TYPES)
