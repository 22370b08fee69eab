"""The fields of a kind of record, declared once: what may stand in each, and how forms, lists and filters show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeAlias

from crm_core.db.types import MONEY_SCALE
from crm_core.errors import FieldError
from crm_core.records.contact_fields import Refused, plain_text
from crm_core.records.contact_fields import clean as clean_contact
from crm_core.translation import N_

FieldKind: TypeAlias = Literal[
    "text", "long_text", "choice", "day", "instant", "money", "whole", "share", "reference", "yes_no", "email", "phone"
]

MAX_PROSE = 20_000
_MAX_MONEY = Decimal(10) ** 12
_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)

PRIORITIES = {"low": N_("Low"), "normal": N_("Normal"), "high": N_("High"), "urgent": N_("Urgent")}
"""What tickets, needs and tasks share, least urgent first."""


@dataclass(frozen=True)
class Spec:
    """One field: its column, its label, how it is cleaned.

    Attributes:
        clean: gives the value as it is saved; raises Refused.
        choices: the label of each code of a choice; empty where the codes are rows of a table (`target`).
        target: the table a reference, or a choice among rows, points to.
    """

    name: str
    label: str
    kind: FieldKind
    clean: Callable[[Any], Any] = field(repr=False)
    choices: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    is_required: bool = False


def line(name: str, label: str, limit: int, *, required: FieldError | None = None) -> Spec:
    """A line of text of at most `limit` characters; `required` says what is missing where it is empty."""

    def clean(value: Any) -> str | None:
        text = plain_text(str(value)) if value is not None else ""
        if len(text) > limit:
            raise Refused(
                FieldError("This has {length} characters; at most {limit} fit", {"length": len(text), "limit": limit})
            )
        if not text and required is not None:
            raise Refused(required)
        return text or None

    return Spec(name, label, "text", clean, is_required=required is not None)


def prose(name: str, label: str, limit: int = MAX_PROSE) -> Spec:
    """Text of several lines; line breaks stay as typed."""

    def clean(value: Any) -> str | None:
        text = plain_text(str(value), is_long=True) if value is not None else ""
        if len(text) > limit:
            raise Refused(
                FieldError("This has {length} characters; at most {limit} fit", {"length": len(text), "limit": limit})
            )
        return text or None

    return Spec(name, label, "long_text", clean)


def choice(name: str, label: str, choices: Mapping[str, str]) -> Spec:
    """One of a few codes, always one of them."""

    def clean(value: Any) -> str:
        if value not in choices:
            codes = ", ".join(choices)
            raise Refused(FieldError("'{value}' is none of {codes}", {"value": value, "codes": codes}))
        return str(value)

    return Spec(name, label, "choice", clean, choices=choices, is_required=True)


def row_code(name: str, label: str, table: str) -> Spec:
    """The code of a row of a small table, such as the stages; whether it is there is checked where it is saved."""

    def clean(value: Any) -> str:
        text = plain_text(str(value)) if value is not None else ""
        if not text:
            raise Refused(FieldError("Choose one."))
        return text

    return Spec(name, label, "choice", clean, target=table, is_required=True)


def reference(name: str, label: str, table: str, *, required: bool = False) -> Spec:
    """The id of a row of another table; whether it is there, and theirs to see, is checked where it is saved."""

    def clean(value: Any) -> int | None:
        if value is None and not required:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(FieldError("Choose one."))
        return value

    return Spec(name, label, "reference", clean, target=table, is_required=required)


def day(name: str, label: str) -> Spec:
    """A day of the calendar, as a date or written 2026-12-31."""

    def clean(value: Any) -> date | None:
        if value is None or value == "":
            return None
        found = value
        if isinstance(value, str):
            try:
                found = date.fromisoformat(value.strip())
            except ValueError:
                found = None
        if isinstance(found, datetime) or not isinstance(found, date) or not _EARLIEST <= found <= _LATEST:
            raise Refused(FieldError("'{value}' is not a date; write it as 1990-12-31", {"value": value}))
        return found

    return Spec(name, label, "day", clean)


def instant(name: str, label: str) -> Spec:
    """A time with its zone."""

    def clean(value: Any) -> datetime:
        found = value
        if isinstance(value, str):
            try:
                found = datetime.fromisoformat(value.strip())
            except ValueError:
                found = None
        if not isinstance(found, datetime) or found.tzinfo is None or not _EARLIEST <= found.date() <= _LATEST:
            problem = "'{value}' is not a time with its zone; write it as 2026-12-31T09:30+01:00"
            raise Refused(FieldError(problem, {"value": value}))
        return found.astimezone(UTC)

    return Spec(name, label, "instant", clean)


def money(name: str, label: str) -> Spec:
    """An amount of money of 0 or more, to four decimals."""

    def clean(value: Any) -> Decimal | None:
        if value is None or value == "":
            return None
        wrong = Refused(FieldError("'{value}' is not an amount of money of 0 or more", {"value": value}))
        try:
            amount = Decimal(str(value))
            rounded = amount.quantize(Decimal(1).scaleb(-MONEY_SCALE))
        except InvalidOperation as error:
            raise wrong from error
        if isinstance(value, bool) or not amount.is_finite() or not 0 <= amount <= _MAX_MONEY:
            raise wrong
        if rounded != amount:
            raise Refused(FieldError("'{value}' has more than four decimal places", {"value": value}))
        return rounded

    return Spec(name, label, "money", clean)


def whole(name: str, label: str, lowest: int, highest: int, *, kind: Literal["whole", "share"] = "whole") -> Spec:
    """A whole number between two bounds; a share is in hundredths of a percent."""

    def clean(value: Any) -> int | None:
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            if kind == "share":
                limits = {"lowest": f"{lowest / 100:g}", "highest": f"{highest / 100:g}"}
                raise Refused(FieldError("This is a share from {lowest} % to {highest} %.", limits))
            bounds = {"lowest": lowest, "highest": highest}
            raise Refused(FieldError("This is a whole number from {lowest} to {highest}.", bounds))
        return value

    return Spec(name, label, kind, clean)


def flag(name: str, label: str) -> Spec:
    """Yes or no."""

    def clean(value: Any) -> bool:
        if not isinstance(value, bool):
            raise Refused(FieldError("This is yes or no, not '{value}'", {"value": value}))
        return value

    return Spec(name, label, "yes_no", clean, is_required=True)


def answer(name: str, label: str) -> Spec:
    """Yes, no, or no answer."""

    def clean(value: Any) -> bool | None:
        if value is not None and not isinstance(value, bool):
            raise Refused(FieldError("This is yes or no, not '{value}'", {"value": value}))
        return value

    return Spec(name, label, "yes_no", clean)


def contact(name: Literal["email", "phone"], label: str) -> Spec:
    """An e-mail address, or a phone number written with + and its country's code."""
    return Spec(name, label, name, lambda value: clean_contact(name, value, {}))
