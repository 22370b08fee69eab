"""Plain values as JSON and back, exactly: what parameters and reports are made of.

Strings, whole numbers, finite floats, booleans, None and tuples (arrays) are written as they are; everything else as
an object with its kind under "$". Dataclasses and enumerations are written by name and read back only if the name is
among the types that the annotations of an analysis can reach: a file can never make the reader import anything.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias, get_args, get_type_hints
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

Json: TypeAlias = Any
Types: TypeAlias = Mapping[str, type]


def type_name(cls: type) -> str:
    """The name a dataclass or enumeration is written by."""
    return f"{cls.__module__}:{cls.__qualname__}"


def named_types(*roots: Any) -> dict[str, type]:
    """Every dataclass and enumeration that the annotations of `roots` reach, by name.

    Raises:
        TypeError: an annotation cannot be resolved at run time.
    """
    found: dict[str, type] = {}
    waiting = list(roots)
    while waiting:
        hint = waiting.pop()
        waiting += get_args(hint)
        if not isinstance(hint, type) or type_name(hint) in found:
            continue
        if issubclass(hint, Enum):
            found[type_name(hint)] = hint
        elif is_dataclass(hint):
            found[type_name(hint)] = hint
            try:
                waiting += get_type_hints(hint).values()
            except NameError as error:
                raise TypeError(f"the fields of {type_name(hint)} cannot be resolved at run time: {error}") from error
    return found


def canonical(value: Any, types: Types) -> str:
    """One text for equal values: the JSON of `value` with sorted keys and no spaces."""
    return json.dumps(encode(value, types), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _refuse(value: Any, where: str) -> Json:
    raise TypeError(f"{where} is {type(value).__module__}.{type(value).__qualname__}, which cannot be kept")


def encode(value: Any, types: Types, where: str = "value", *, other: Callable[[Any, str], Json] = _refuse) -> Json:
    """`value` as JSON. `other` is asked for the JSON of anything unknown here; NumPy numbers become Python's.

    Raises:
        TypeError: a value that cannot be kept; the message names the field.
    """

    def inner(part: Any, name: object) -> Json:
        return encode(part, types, f"{where}.{name}", other=other)

    if value is None or isinstance(value, bool | np.bool_):
        return None if value is None else bool(value)
    if value is pd.NaT or value is pd.NA:
        return {"$": "missing", "v": "NaT" if value is pd.NaT else "NA"}
    if isinstance(value, Enum):
        return {"$": "enum", "t": _known(type(value), types, where), "v": value.name}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if math.isfinite(number) else {"$": "float", "v": repr(number)}
    if isinstance(value, Decimal):
        return {"$": "decimal", "v": str(value)}
    if isinstance(value, pd.Timestamp):
        zone = None if value.tz is None else str(value.tz)
        return {"$": "timestamp", "v": int(value.to_datetime64().astype("int64")), "unit": value.unit, "zone": zone}
    if isinstance(value, datetime):
        if isinstance(value.tzinfo, ZoneInfo):
            wall = value.replace(tzinfo=None).isoformat()
            return {"$": "datetime", "v": wall, "zone": value.tzinfo.key, "fold": value.fold}
        return {"$": "datetime", "v": value.isoformat()}
    if isinstance(value, date):
        return {"$": "date", "v": value.isoformat()}
    if type(value) is timedelta:
        return {"$": "timedelta", "v": [value.days, value.seconds, value.microseconds]}
    if isinstance(value, tuple):
        return [inner(part, i) for i, part in enumerate(value)]
    if isinstance(value, list):
        return {"$": "list", "v": [inner(part, i) for i, part in enumerate(value)]}
    if isinstance(value, dict):
        return {"$": "dict", "v": [[inner(key, "key"), inner(part, key)] for key, part in value.items()]}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: inner(getattr(value, field.name), field.name) for field in fields(value) if field.init}
        return {"$": "data", "t": _known(type(value), types, where), "v": parts}
    return other(value, where)


def decode(data: Json, types: Types, *, other: Callable[[Mapping[str, Json]], Any] | None = None) -> Any:
    """The value that `encode` wrote. `other` reads the kinds its own encoder wrote.

    Raises:
        ValueError, KeyError, TypeError: this is nothing `encode` wrote, or of other types.
    """

    def many(parts: Iterable[Json]) -> list[Any]:
        return [decode(part, types, other=other) for part in parts]

    if isinstance(data, list):
        return tuple(many(data))
    if not isinstance(data, dict):
        return data
    content: Any = data.get("v")
    match data["$"]:
        case "missing":
            return pd.NaT if content == "NaT" else pd.NA
        case "enum":
            return types[data["t"]][content]  # type: ignore[index]  # only enumerations are written as such
        case "float":
            return float(str(content))
        case "decimal":
            return Decimal(str(content))
        case "timestamp":
            stamp = pd.Timestamp(np.datetime64(content, data["unit"]))
            return stamp if data["zone"] is None else stamp.tz_localize("UTC").tz_convert(data["zone"])
        case "datetime":
            moment = datetime.fromisoformat(str(content))
            if "zone" not in data:
                return moment
            return moment.replace(tzinfo=ZoneInfo(data["zone"]), fold=data["fold"])
        case "date":
            return date.fromisoformat(str(content))
        case "timedelta":
            return timedelta(*content)
        case "list":
            return many(content)
        case "dict":
            return dict(many(content))
        case "data":
            return types[data["t"]](**{name: decode(part, types, other=other) for name, part in content.items()})
        case kind if other is None:
            raise ValueError(f"unknown kind {kind!r}")
        case _:
            return other(data)


def _known(cls: type, types: Types, where: str) -> str:
    name = type_name(cls)
    if name not in types:
        raise TypeError(f"{where} is {name}, which the annotations of the analysis do not reach")
    return name
