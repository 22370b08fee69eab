"""What a condition can be given. Each parameter reads its value from JSON, refusing what it cannot be, and writes it.

A page draws the right input for each kind of parameter, so a new condition needs no page of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from crm_core.db.types import MONEY_SCALE
from crm_core.errors import FieldError, Invalid
from crm_core.translation import N_

MOST_VALUES = 100
LONGEST_VALUE = 200
MOST_DAYS = 3_660
_LARGEST = Decimal(10) ** 12


@dataclass(frozen=True)
class Choice:
    """One of a few codes; `options` gives the English label of each, to be translated."""

    name: str
    label: str
    options: Mapping[str, str]

    def read(self, value: Any) -> str:
        """The code; Invalid if it is none of them."""
        if not isinstance(value, str) or value not in self.options:
            known = ", ".join(self.options)
            raise _refused(self.name, N_("'{value}' is none of: {known}."), value=str(value)[:40], known=known)
        return value

    def write(self, value: Any) -> Any:
        """The code as JSON."""
        return value


@dataclass(frozen=True)
class Values:
    """One or more texts. `sources` says, by the code of another parameter or "", which of the workspace's values there
    are to choose from; `options` gives the English labels where they are fixed."""

    name: str
    label: str
    sources: Mapping[str, str]
    by: str = ""
    options: Mapping[str, str] | None = None

    def read(self, value: Any) -> tuple[str, ...]:
        """The texts, each once, in order; Invalid if there are none, too many, or not among fixed options."""
        texts = [value] if isinstance(value, str) else value
        is_list = isinstance(texts, list | tuple) and all(isinstance(text, str) and text for text in texts)
        if not is_list or not texts:
            raise _refused(self.name, N_("Choose one or more values."))
        if len(texts) > MOST_VALUES or max(len(text) for text in texts) > LONGEST_VALUE:
            raise _refused(
                self.name,
                N_("Choose at most {most} values, of {longest} characters each."),
                most=MOST_VALUES,
                longest=LONGEST_VALUE,
            )
        unknown = [text for text in texts if self.options is not None and text not in self.options]
        if unknown:
            known = ", ".join(self.options or {})
            raise _refused(self.name, N_("'{value}' is none of: {known}."), value=unknown[0], known=known)
        return tuple(dict.fromkeys(texts))

    def write(self, value: Any) -> Any:
        """The texts as JSON."""
        return list(value)


@dataclass(frozen=True)
class Amount:
    """A number with up to four decimal places, kept exactly."""

    name: str
    label: str

    def read(self, value: Any) -> Decimal:
        """The number; Invalid if it is none, or has more decimal places."""
        try:
            number = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) > _LARGEST:
            raise _refused(self.name, N_("'{value}' is not a number."), value=str(value)[:40])
        if number != round(number, MONEY_SCALE):
            raise _refused(self.name, N_("Use at most {places} decimal places."), places=MONEY_SCALE)
        return number

    def write(self, value: Any) -> Any:
        """The number as JSON, in digits."""
        return format(value.normalize() if value else Decimal(0), "f")


@dataclass(frozen=True)
class Days:
    """How many days back to look, the last one included; None is ever."""

    name: str
    label: str

    def read(self, value: Any) -> int | None:
        """The number of days; Invalid if it is not from 1 to 3,660."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_DAYS:
            raise _refused(self.name, N_("Choose 1 to {most} days."), most=MOST_DAYS)
        return value

    def write(self, value: Any) -> Any:
        """The number of days as JSON."""
        return value


@dataclass(frozen=True)
class Score:
    """A score from 1 to 5."""

    name: str
    label: str

    def read(self, value: Any) -> int:
        """The score; Invalid if it is not from 1 to 5."""
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5:
            raise _refused(self.name, N_("A score is from 1 to 5."))
        return value

    def write(self, value: Any) -> Any:
        """The score as JSON."""
        return value


Parameter: TypeAlias = Choice | Values | Amount | Days | Score


def _refused(name: str, template: str, **params: Any) -> Invalid:
    return Invalid({name: FieldError(template, params)})
