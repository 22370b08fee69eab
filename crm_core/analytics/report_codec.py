"""Reports as one file and back, exactly: every value, every dtype, no pickle.

    magic · Arrow streams, one a frame · footer (JSON) · its length (8 bytes) · SHA-256 of all before (32 bytes)

A report is a frozen dataclass of plain values (see `values`) and pandas frames. Frames have unique string columns; an
object column may hold dates, Decimals or any plain values, and comes back as it was. `frame.attrs` are not kept.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, Protocol, cast

import pandas as pd
import pyarrow as pa

from crm_core.analytics.values import Json, Types, decode, encode

_MAGIC = b"RAPPORT1"
_TAIL = 8 + 32


class Damaged(Exception):
    """These bytes are not a whole report of the expected kind."""


class Sink(Protocol):
    """Where a report is written: a file opened for writing bytes, or a BytesIO."""

    def write(self, data: Any, /) -> int: ...


class _Summed:
    """Passes bytes on, counting and summing them; a file to pyarrow."""

    closed = False

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.sum = sha256()
        self.length = 0

    def write(self, data: Any, /) -> int:
        self._sink.write(data)
        self.sum.update(data)
        self.length += memoryview(data).nbytes
        return memoryview(data).nbytes

    def flush(self) -> None:
        """Nothing is held back here."""

    def close(self) -> None:
        """The sink stays open: more frames and the footer follow."""


def dump(report: Any, types: Types, sink: Sink, *, about: Mapping[str, Json]) -> int:
    """Write the report, and `about` it whatever else should be known; return the number of bytes.

    Raises:
        TypeError: the report holds something that cannot be kept; the message names the field.
        OSError: the sink cannot be written.
    """
    summed = _Summed(sink)
    summed.write(_MAGIC)

    def frame(value: Any, where: str) -> Json:
        if not isinstance(value, pd.DataFrame):
            raise TypeError(f"{where} is {type(value).__module__}.{type(value).__qualname__}, which cannot be kept")
        start = summed.length
        batch, coded = _to_arrow(value, types, where)
        # pyarrow writes to any object with write, flush and closed.
        with pa.PythonFile(summed, mode="w") as file, pa.ipc.new_stream(file, batch.schema, options=_OPTIONS) as writer:
            writer.write_batch(batch)
        return {"$": "frame", "start": start, "end": summed.length, "coded": coded}

    tree = encode(report, types, type(report).__name__, other=frame)
    footer = json.dumps({"about": about, "report": tree}, separators=(",", ":"), allow_nan=False).encode()
    summed.write(footer)
    summed.write(len(footer).to_bytes(8, "big"))
    sink.write(summed.sum.digest())
    return summed.length + 32


def load(data: bytes, types: Types) -> tuple[Any, dict[str, Json]]:
    """The report and what is known about it.

    Raises:
        Damaged: the bytes are cut short, altered, or hold a report of other types.
    """
    if len(data) < len(_MAGIC) + _TAIL or not data.startswith(_MAGIC):
        raise Damaged("this is no report")
    if sha256(memoryview(data)[:-32]).digest() != data[-32:]:
        raise Damaged("its checksum is another")
    end = len(data) - _TAIL
    start = end - int.from_bytes(data[end : end + 8], "big")
    buffer = pa.py_buffer(data)

    def frame(coded: Mapping[str, Json]) -> pd.DataFrame:
        part = buffer.slice(coded["start"], coded["end"] - coded["start"])
        return _from_arrow(pa.ipc.open_stream(part).read_all(), coded["coded"], types)

    try:
        footer = json.loads(data[start:end])
        return decode(footer["report"], types, other=frame), footer["about"]
    except (ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        raise Damaged(f"it does not fit its types: {error}") from error


def handed_out(value: Any) -> Any:
    """The same report for someone who may change its frames without changing them for others.

    Frames are shallow copies: pandas copies on write. Nullable and categorical columns are copied, because writing
    through their `.array` would reach the original. Dicts and lists are copied too.
    """
    if isinstance(value, pd.DataFrame):
        mine = value.copy(deep=False)
        for name in mine.columns:
            column = mine[name]
            if column.dtype == object or isinstance(
                column.array, pd.arrays.ArrowStringArray | pd.arrays.NumpyExtensionArray
            ):
                continue
            mine[name] = column.copy(deep=True)
        return mine
    if isinstance(value, tuple):
        parts = tuple(handed_out(part) for part in value)
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else parts
    if isinstance(value, list):
        return [handed_out(part) for part in value]
    if isinstance(value, dict):
        return {key: handed_out(part) for key, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        mended = {field.name: handed_out(getattr(value, field.name)) for field in fields(value)}
        if all(part is getattr(value, name) for name, part in mended.items()):
            return value
        twin = copy.copy(value)
        for name, part in mended.items():
            object.__setattr__(twin, name, part)  # frozen, but this one is not handed out yet
        return twin
    return value


_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def _to_arrow(frame: pd.DataFrame, types: Types, where: str) -> tuple[pa.RecordBatch, dict[str, str]]:
    """The frame as one batch, and how its object columns are coded: as dates, decimals or JSON, cell by cell."""
    if not all(isinstance(name, str) for name in frame.columns) or not frame.columns.is_unique:
        raise TypeError(f"the columns of {where} must be unique strings")
    if pd.api.types.is_object_dtype(frame.index.dtype) or isinstance(frame.index, pd.MultiIndex):
        raise TypeError(f"the index of {where} must hold plain values; make it columns with reset_index")
    coded: dict[str, str] = {}
    stored = frame.copy(deep=False)
    stored.attrs = {}
    for name in frame.columns:
        if not pd.api.types.is_object_dtype(frame.dtypes[name]):
            continue
        cells = frame[name].tolist()
        kinds = {type(cell) for cell in cells}
        if kinds <= {date, type(None)}:
            coded[name] = "date"
            array = pa.array(cells, pa.date32())
        elif kinds <= {Decimal, type(None)}:
            coded[name] = "decimal"
            array = pa.array([None if cell is None else str(cell) for cell in cells], pa.large_string())
        else:
            coded[name] = "json"
            at = f"{where}['{name}']"
            array = pa.array([json.dumps(encode(cell, types, at)) for cell in cells], pa.large_string())
        stored[name] = pd.Series(pd.arrays.ArrowExtensionArray(array), index=stored.index)
    table = pa.Table.from_pandas(stored).combine_chunks()
    # One batch even for no rows: a stream without a batch would lose the categories.
    columns = [column.chunk(0) if column.num_chunks else pa.array([], column.type) for column in table.columns]
    batch = pa.RecordBatch.from_arrays(columns, schema=table.schema)
    back = batch.slice(0, 0).to_pandas()
    for name in frame.columns:
        if name not in coded and back.dtypes[name] != frame.dtypes[name]:
            raise TypeError(f"{where}['{name}'] is {frame.dtypes[name]}, which would come back as {back.dtypes[name]}")
    if back.index.dtype != frame.index.dtype:
        raise TypeError(f"the index of {where} is {frame.index.dtype}, which cannot be kept")
    return batch, coded


def _from_arrow(table: pa.Table, coded: Mapping[str, str], types: Types) -> pd.DataFrame:
    frame = cast("pd.DataFrame", table.to_pandas())
    for name, kind in coded.items():
        cells = table[name].to_pylist()
        if kind == "decimal":
            cells = [None if cell is None else Decimal(cell) for cell in cells]
        elif kind == "json":
            cells = [decode(json.loads(cell), types) for cell in cells]
        frame[name] = pd.Series(cells, index=frame.index, dtype=object)
    return frame
