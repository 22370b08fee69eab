"""Reports written and read: every column exactly as it was, or not at all."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.analytics.report_codec import Damaged, dump, handed_out, load
from crm_core.analytics.values import named_types
from tests.core.kept_values import BERLIN, NO_ROWS, TYPES, Params, Period, Report, Side, scalars, typed


def through(report: Report) -> Report:
    """The report after being written and read."""
    sink = io.BytesIO()
    n_bytes = dump(report, TYPES, sink, about={"taken_at": "now"})
    assert n_bytes == len(sink.getvalue())
    back, about = load(sink.getvalue(), TYPES)
    assert about == {"taken_at": "now"}
    assert isinstance(back, Report)
    return back


@dataclass(frozen=True)
class Stranger:
    n: int


def test_what_cannot_be_kept_is_named() -> None:
    with pytest.raises(TypeError, match=r"Report\.value\.1\.deep is builtins\.object, which cannot be kept"):
        through(Report((1, {"deep": object()}), NO_ROWS, {}))
    with pytest.raises(TypeError, match=r"Report\.value is pandas.*Series, which cannot be kept"):
        through(Report(pd.Series([1]), NO_ROWS, {}))
    with pytest.raises(TypeError, match=r"Report\.value is .*:Stranger, which the annotations .* do not reach"):
        through(Report(Stranger(1), NO_ROWS, {}))


COLUMNS: dict[str, Any] = {
    "text": pd.Series(["a", None, "ü"]),
    "count": pd.Series([1, 2, 3], dtype="int64"),
    "small": pd.Series([1, 2, 3], dtype="int8"),
    "real": [0.1, float("nan"), float("inf")],
    "single": pd.Series([0.1, 2, 3], dtype="float32"),
    "flag": [True, False, True],
    "nullable": pd.array([1, None, 3], dtype="Int64"),
    "maybe": pd.array([True, None, False], dtype="boolean"),
    "maybe_real": pd.array([1.5, None, 2.5], dtype="Float64"),
    "arrow": pd.array([1, None, 3], dtype="int64[pyarrow]"),
    "python_text": pd.array(["a", None, "b"], dtype="string"),
    "naive": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
    "second": pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])).astype("datetime64[s]"),
    "utc": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"], utc=True),
    "local": pd.to_datetime(["2024-10-26 22:30", "2024-10-27 00:30", "2024-10-27 01:30"], utc=True).tz_convert(BERLIN),
    "offset": pd.to_datetime(["2024-01-01T00:00+05:30"] * 3),
    "took": pd.to_timedelta([1, 2, 3], unit="s"),
    "category": pd.Categorical(["b", None, "a"], categories=["b", "a", "unused"], ordered=True),
    "month": pd.period_range("2024-01", periods=3, freq="M"),
    "day": pd.Series([date(2024, 1, 1), None, date(2024, 1, 3)], dtype=object),
    "money": pd.Series([Decimal("1.50"), None, Decimal("10.0001")], dtype=object),
    "rule": pd.Series([("a", "b"), (), None], dtype=object),
    "mixed": pd.Series([1, "a", float("nan")], dtype=object),
    "gaps": pd.Series([None, pd.NA, pd.NaT], dtype=object),
    "dates_and_times": pd.Series([date(2024, 1, 1), datetime(2024, 1, 1), None], dtype=object),
}


@pytest.mark.parametrize("rows", ["all", "none", "some", "sorted"])
@pytest.mark.parametrize("name", COLUMNS)
def test_every_kind_of_column_comes_back_exactly(name: str, rows: str) -> None:
    frame = pd.DataFrame({name: COLUMNS[name], "n": [1, 2, 3]})
    chosen = {"all": frame, "none": frame.iloc[:0], "some": frame.iloc[[2, 0]], "sorted": frame.iloc[::-1]}[rows]
    back = through(Report(None, chosen, {})).frame
    pd.testing.assert_frame_equal(back, chosen)
    assert [typed(cell) for cell in back[name].tolist()] == [typed(cell) for cell in chosen[name].tolist()]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.decimals(allow_nan=False, allow_infinity=False)),
            st.one_of(st.none(), st.dates()),
            scalars,
            st.one_of(st.none(), st.text()),
            st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        ),
        max_size=5,
    )
)
@settings(max_examples=50)
def test_any_cells_come_back_as_they_were(rows: list[tuple[Any, ...]]) -> None:
    cells = list(zip(*rows, strict=True)) or [()] * 5
    frame = pd.DataFrame(
        {
            "money": pd.Series(cells[0], dtype=object),
            "day": pd.Series(cells[1], dtype=object),
            "any": pd.Series(cells[2], dtype=object),
            "text": pd.Series(cells[3], dtype="str"),
            "count": pd.array(list(cells[4]), dtype="Int64"),
        }
    )
    back = through(Report(None, frame, {})).frame
    pd.testing.assert_frame_equal(back, frame)
    for name in ("money", "day", "any"):
        assert [typed(cell) for cell in back[name]] == [typed(cell) for cell in frame[name]]


def test_an_index_comes_back_too() -> None:
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="key"))
    pd.testing.assert_frame_equal(through(Report(None, frame, {})).frame, frame)


def test_frames_that_would_not_come_back_exactly_are_refused() -> None:
    def refused(frame: pd.DataFrame, words: str) -> None:
        with pytest.raises(TypeError, match=words):
            through(Report(None, frame, {}))

    refused(pd.DataFrame({1: [1]}), r"the columns of Report\.frame must be unique strings")
    refused(pd.DataFrame([[1, 2]], columns=["a", "a"]), r"the columns of Report\.frame must be unique strings")
    many = pd.DataFrame({"n": [1]}, index=pd.MultiIndex.from_tuples([("a", 1)]))
    refused(many, r"the index of Report\.frame must hold plain values; make it columns with reset_index")
    sparse = pd.DataFrame({"n": pd.arrays.SparseArray([0, 0, 1])})
    refused(sparse, r"Report\.frame\['n'\]|[Ss]parse")
    refused(pd.DataFrame({"x": pd.Series([object()], dtype=object)}), r"Report\.frame\['x'\] is builtins\.object")


def test_several_frames_in_one_report_keep_their_places() -> None:
    frames = {"a": pd.DataFrame({"x": [1, 2]}), "b": pd.DataFrame({"y": ["p"]})}
    back = through(Report((frames["b"], [frames["a"]]), frames["a"], {"p": Period(date(2024, 1, 1), date.max)}))
    pd.testing.assert_frame_equal(back.value[0], frames["b"])
    pd.testing.assert_frame_equal(back.value[1][0], frames["a"])
    assert back.parts == {"p": Period(date(2024, 1, 1), date.max)}
    assert back.side is Side.LEFT


@given(st.data())
@settings(max_examples=60)
def test_a_damaged_file_is_never_read_as_a_report(data: st.DataObject) -> None:
    sink = io.BytesIO()
    dump(Report("x", pd.DataFrame({"n": [1, 2, 3]}), {}), TYPES, sink, about={})
    whole = sink.getvalue()
    if data.draw(st.booleans()):
        damaged = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        place = data.draw(st.integers(0, len(whole) - 1))
        damaged = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    with pytest.raises(Damaged):
        load(damaged, TYPES)


def test_a_report_of_other_types_is_damaged_too() -> None:
    sink = io.BytesIO()
    dump(Report("x", NO_ROWS, {}), TYPES, sink, about={})
    with pytest.raises(Damaged, match="it does not fit its types"):
        load(sink.getvalue(), named_types(Params))


def test_whoever_gets_a_report_may_change_it_without_changing_it_for_others() -> None:
    def make() -> Report:
        return Report([1], pd.DataFrame(dict(COLUMNS)), {"p": Period(date.min, date.max)})

    kept, plain = make(), make()
    mine = handed_out(kept)
    frame = mine.frame
    for name in frame.columns:  # first past pandas' copying on write, then through it
        array = frame[name].array
        if isinstance(array, pd.arrays.NumpyExtensionArray):
            with pytest.raises(ValueError, match="read-only"):
                frame[name].to_numpy()[0] = None
        else:
            array[0] = array[2]
    for name in frame.columns:
        frame.loc[1, name] = frame.loc[2, name]
    frame["new"] = 1
    frame.index.name = "changed"
    del frame["text"]
    frame.columns = frame.columns.str.upper()
    mine.value.append(2)
    mine.parts.clear()

    pd.testing.assert_frame_equal(kept.frame, plain.frame)
    assert (kept.value, kept.parts) == (plain.value, plain.parts)


def test_a_report_without_frames_and_lists_is_handed_out_as_it_is() -> None:
    params = Params(period=Period(date.min, date.max))
    assert handed_out(params) is params
