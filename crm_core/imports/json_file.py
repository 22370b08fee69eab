"""JSON: one array of objects, or one object a line, read object by object."""

from __future__ import annotations

import codecs
import json
from collections.abc import Generator, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from crm_core.errors import FieldError, ImportFailed
from crm_core.imports.batches import Batch, OrderFile, unique_names

MAX_OBJECT_CHARS = 4 << 20
"""No object may be longer than this."""

_CHUNK = 1 << 18
_BATCH = 10_000
_HEAD = 1_000  # objects whose keys are the columns
_BLANKS = " \t\r\n"


def open_json(path: Path, name: str, encoding: str | None, notes: tuple[FieldError, ...]) -> OrderFile:
    """A JSON file; its columns are the keys of the first thousand objects.

    Raises:
        ImportFailed: it is not JSON, or holds something else than objects.
    """
    codec = encoding or "utf-8-sig"
    keys: dict[str, None] = {}
    for item in islice(_objects(path, name, codec), _HEAD):
        keys.update(dict.fromkeys(item))
    if not keys:
        raise ImportFailed("{file} holds no objects with fields, so there is nothing to import.", file=name)
    stored = list(keys)
    columns = unique_names(stored)

    def read(wanted: Sequence[str]) -> Generator[Batch]:
        return _read(path, name, codec, [stored[columns.index(column)] for column in wanted], wanted)

    return OrderFile(name, "json", columns, read, encoding=codec, notes=notes)


def _read(path: Path, name: str, encoding: str, stored: list[str], wanted: Sequence[str]) -> Generator[Batch]:
    objects = _objects(path, name, encoding)
    last = 0
    while batch := list(islice(objects, _BATCH)):
        rows = np.arange(last + 1, last + 1 + len(batch), dtype=np.int64)
        last += len(batch)
        values = {
            column: [_scalar(item.get(key)) for item in batch] for column, key in zip(wanted, stored, strict=True)
        }
        yield Batch(rows, values)


def _scalar(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value


def _objects(path: Path, name: str, encoding: str) -> Iterator[dict[str, Any]]:
    # Numbers are kept as they are written: a Decimal has all their digits.
    decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)
    buffer, count, is_array, is_over = "", 0, False, False
    for piece in _pieces(path, name, encoding):
        buffer += piece
        start = 0
        while True:
            start = _skip(buffer, start, _BLANKS)
            if start == len(buffer):
                break
            if count == 0 and not is_array and buffer[start] == "[":
                is_array, start = True, start + 1
                continue
            if is_array and buffer[start] == "]":
                is_over, start = True, start + 1
                continue
            if is_over or (is_array and count and buffer[start] != "," and buffer[start] != "{"):
                raise _not_json(name, count)
            at = _skip(buffer, start, _BLANKS + ",") if is_array and count else start
            try:
                item, end = decoder.raw_decode(buffer, at)
            except (ValueError, RecursionError) as error:
                if piece and len(buffer) - start <= MAX_OBJECT_CHARS and not isinstance(error, RecursionError):
                    break  # the object may go on in the next piece
                raise _not_json(name, count) from error
            if not isinstance(item, dict):
                raise ImportFailed(
                    '{file} is JSON, but item {row} is not an object with fields such as {{"order": 1}}.',
                    file=name,
                    row=count + 1,
                )
            count += 1
            start = end
            yield item
        buffer = buffer[start:]
    if is_array and not is_over:
        raise _not_json(name, count)


def _pieces(path: Path, name: str, encoding: str) -> Iterator[str]:
    """The text in pieces; an empty one at the end says that there is no more."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield decoder.decode(chunk) or " "
            yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise ImportFailed(
            "{file} is not {encoding} text throughout; save it as UTF-8.", file=name, encoding=encoding
        ) from error
    except LookupError as error:
        raise ImportFailed(
            "'{encoding}' is not an encoding; use one such as utf-8, gb18030 or cp1252.", encoding=encoding
        ) from error


def _skip(text: str, start: int, characters: str) -> int:
    while start < len(text) and text[start] in characters:
        start += 1
    return start


def _no_constant(text: str) -> None:
    """NaN and Infinity are no JSON; a missing value is what they stand for in tables."""


def _not_json(name: str, count: int) -> ImportFailed:
    return ImportFailed(
        "{file} is not complete JSON: what follows object {row} cannot be read. Export or copy it again.",
        file=name,
        row=count,
    )
