"""How each field reads a single value: the value it stands for, or what is wrong with it in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Any

import pyarrow as pa
from email_validator import EmailNotValidError, validate_email

from crm_core.imports.countries import country_code
from crm_core.imports.dates import to_instant
from crm_core.imports.mapping import Mapping
from crm_core.imports.numbers import to_money, to_quantity
from crm_core.imports.problems import BadValue, shown
from crm_core.translation import N_

LENGTHS = {
    "order_number": 64,
    "product_code": 64,
    "product_name": 300,
    "category": 100,
    "customer_ref": 64,
    "customer_name": 200,
    "region": 100,
    "channel": 64,
}
"""The longest text each field keeps, in characters."""


@dataclass(frozen=True)
class FieldReader:
    """Reads the values of one field: `read` gives None for a missing one and raises BadValue for a bad one."""

    read: Callable[[object], Any]
    type: pa.DataType


def field_readers(mapping: Mapping, zone: tzinfo) -> dict[str, FieldReader]:
    """A reader for every mapped field; `mapping.options` are settled."""
    missing = frozenset(mapping.options.missing)
    return {field: _reader(field, mapping, zone, missing) for field in mapping.columns}


def _reader(field: str, mapping: Mapping, zone: tzinfo, missing: frozenset[str]) -> FieldReader:
    options = mapping.options
    decimal = options.decimal or "."
    parse: Callable[[Any], Any]
    type_: pa.DataType
    if field == "ordered_at":

        def parse(value: object) -> int:
            return to_instant(value, zone=zone, date_format=options.date_format, day_first=options.day_first)

        type_ = pa.int64()
    elif field in {"quantity", "line_number"}:
        parse, type_ = (lambda value: to_quantity(value, decimal=decimal)), pa.int64()
    elif field in {"unit_price", "line_total", "discount"}:
        parse, type_ = (lambda value: to_money(value, decimal=decimal)), pa.int64()
    elif field == "customer_email":
        parse, type_ = to_email, pa.string()
    elif field == "country":
        parse, type_ = (lambda value: to_country(value, mapping)), pa.string()
    else:
        is_whole = field in options.whole_numbers
        parse, type_ = (lambda value: to_text(value, LENGTHS[field], is_whole=is_whole)), pa.string()

    def read(value: object) -> Any:
        if value is None or value != value:  # NaN is the one value that differs from itself
            return None
        if isinstance(value, str):
            value = value.strip()
            if value in missing:
                return None
        return parse(value)

    return FieldReader(read, type_)


def to_text(value: object, longest: int, *, is_whole: bool = False) -> str:
    """The value as text; with `is_whole` without the '.0' that data frames add to whole numbers.

    Raises:
        BadValue: it is too long, or holds characters no database keeps.
    """
    if isinstance(value, str):
        text = value
        if is_whole and text.endswith(".0") and text[:-2].isdecimal():
            text = text[:-2]
    elif isinstance(value, float | Decimal) and value % 1 == 0:
        text = str(int(value))
    else:
        text = str(value)
    if len(text) > longest:
        raise BadValue(N_("'{value}' is longer than {longest} characters."), value=shown(text), longest=longest)
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in (text if not text.isascii() else "")):
        raise BadValue(
            N_("'{value}' holds characters that are no text."),
            value=shown(text.encode("ascii", "replace").decode().replace("\0", "?")),
        )
    return text


def to_email(value: object) -> str:
    """The e-mail address, its domain in lower case.

    Raises:
        BadValue: it is none.
    """
    try:
        return validate_email(str(value), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise BadValue(
            N_("'{value}' is not an e-mail address; it should look like name@example.com."), value=shown(value)
        ) from error


UNKNOWN_COUNTRY = "?"
"""Marks a country without a code: the text goes on behind the mark, and becomes the region."""


def to_country(value: object, mapping: Mapping) -> str | None:
    """The country's code, or '?' and the text where it has none; None where the mapping says that it is no country."""
    text = to_text(value, LENGTHS["region"])
    if text in mapping.countries:
        return mapping.countries[text] or None
    return country_code(text) or UNKNOWN_COUNTRY + text
