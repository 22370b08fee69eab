"""Quantities and amounts, exact to the last digit.

A price may come as text ('2.55', '1.234,50', '£2.55') or as a binary double, as Parquet and spreadsheets keep it. The
double nearest to 2.55 is not 2.55, but the shortest text that gives the same double back is; so a double is taken by
its shortest text, and from there on everything is decimal. Amounts are kept as whole ten-thousandths.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Context, Decimal, InvalidOperation
from typing import Any

import numpy as np

from crm_core.db.types import MONEY_SCALE
from crm_core.imports.problems import BadValue, shown
from crm_core.translation import N_

MAX_QUANTITY = 2**31 - 1
MAX_MONEY = 10**15
"""A single price, in ten-thousandths: a hundred billion."""

Amounts = np.ndarray[Any, np.dtype[np.int64]]
"""Whole numbers: pieces, or ten-thousandths of the currency."""

_SIGNS = "£$€¥￥ \u00a0\u202f"
_NUMBER = {
    ".": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:[, '\u00a0\u202f]\d{3})+)?(?:\.\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII),
    ",": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:[. '\u00a0\u202f]\d{3})+)?(?:,\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII),
}
_DIGIT = re.compile("[0-9]")
_EXACT = Context(prec=200)  # more digits than any number that is let through
_MAX_DIGITS = 60
_THOUSANDS = {".": re.compile("[, '\u00a0\u202f]"), ",": re.compile("[. '\u00a0\u202f]")}


def to_quantity(value: object, *, decimal: str = ".") -> int:
    """A whole number; '2', '2.0' and 2.0 are all 2.

    Raises:
        BadValue: it is no number, not a whole one, or larger than a quantity can be.
    """
    number = _decimal(value, decimal, N_("'{value}' is not a whole number; expected one such as 12."))
    if number != number.to_integral_value():
        raise BadValue(
            N_("'{value}' is not a whole number; quantities are counted in whole pieces."), value=shown(value)
        )
    if abs(number) > MAX_QUANTITY:
        raise BadValue(
            N_("'{value}' is larger than a quantity can be ({largest})."), value=shown(value), largest=MAX_QUANTITY
        )
    return int(number)


def to_money(value: object, *, decimal: str = ".", is_rounded: bool = False) -> int:
    """An amount in ten-thousandths, rounded only where that is asked for.

    Raises:
        BadValue: it is no number, has more than four decimal places, or is too large.
    """
    number = _decimal(value, decimal, N_("'{value}' is not an amount; expected one such as 12.50."))
    scaled = number.scaleb(MONEY_SCALE, context=_EXACT)
    if is_rounded:
        scaled = scaled.to_integral_value()
    if scaled != scaled.to_integral_value():
        raise BadValue(
            N_("'{value}' has more than {places} decimal places; amounts are kept exactly to that many."),
            value=shown(value),
            places=MONEY_SCALE,
        )
    if abs(scaled) > MAX_MONEY:
        raise BadValue(N_("'{value}' is larger than an amount can be."), value=shown(value))
    return int(scaled)


def unit_prices(line_totals: Amounts, quantities: Amounts) -> Amounts:
    """The unit price each line's total stands for, in ten-thousandths, rounded half to even where it does not divide.

    All are (n,) arrays of 64-bit integers; where the quantity is 0 the unit price is 0.
    """
    divisors = np.where(quantities == 0, 1, np.abs(quantities))
    whole, rest = np.divmod(np.abs(line_totals), divisors)
    whole += (2 * rest > divisors) | ((2 * rest == divisors) & (whole % 2 == 1))
    signed = np.where((line_totals < 0) == (quantities < 0), whole, -whole)
    return np.where(quantities == 0, 0, signed)


def amounts(quantities: Amounts, prices: Amounts) -> tuple[Amounts, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Quantity × unit price in ten-thousandths, and where that is more than 64 bits hold (the amount is 0 there)."""
    is_too_large = np.abs(quantities.astype(np.float64) * prices) >= float(2**63 - 2**11)
    return np.where(is_too_large, 0, quantities) * prices, is_too_large


def find_decimal(quantities: Iterable[object], amounts: Iterable[object]) -> str:
    """The decimal sign, '.' or ',', that these values are written with; numbers that are no texts say nothing.

    Raises:
        BadValue: all there is are amounts such as 1,234, which may be a thousand or one and a bit.
    """
    texts = [text for value in quantities if (text := _number_text(value))]
    if any(re.fullmatch(r"[+-]?\d{1,3}(?:,\d{3})+", text) for text in texts):
        return "."  # a quantity is whole, so its comma parts thousands
    texts += [text for value in amounts if (text := _number_text(value))]
    if any(re.fullmatch(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?\.(?:\d{1,2}|\d{4,})", text) for text in texts):
        return "."
    if any(re.fullmatch(r"[+-]?(?:\d{1,3}(?:\.\d{3})+,\d+|\d*,(?:\d{1,2}|\d{4,})|0,\d+)", text) for text in texts):
        return ","
    if any(re.fullmatch(r"[+-]?\d{1,3}(?:,\d{3}){2,}", text) for text in texts):
        return "."
    if ambiguous := [text for text in texts if "," in text and _NUMBER[","].fullmatch(text)]:
        raise BadValue(
            N_("Amounts such as {value} can be read in two ways. The mapping must say which sign is decimal."),
            value=ambiguous[0],
        )
    return "."


def _number_text(value: object) -> str:
    return value.strip().strip(_SIGNS) if isinstance(value, str) else ""


def _decimal(value: object, decimal: str, template: str) -> Decimal:
    if isinstance(value, bool):
        raise BadValue(template, value=shown(value))
    if isinstance(value, int | Decimal):
        number = Decimal(value)
    elif isinstance(value, float):
        number = Decimal(repr(value))  # repr is the shortest text that gives the same double back
    elif isinstance(value, str):
        text = value.strip(_SIGNS)
        if text.startswith("-"):
            text = "-" + text[1:].lstrip(_SIGNS)  # -£2.55
        if not _DIGIT.search(text) or not _NUMBER[decimal].fullmatch(text):
            raise BadValue(template, value=shown(value))
        try:
            number = Decimal(_THOUSANDS[decimal].sub("", text).replace(",", "."))
        except InvalidOperation as error:
            raise BadValue(template, value=shown(value)) from error
    else:
        raise BadValue(template, value=shown(value))
    if not number.is_finite() or abs(number.adjusted()) > _MAX_DIGITS or len(number.as_tuple().digits) > _MAX_DIGITS:
        raise BadValue(template, value=shown(value))
    return number
