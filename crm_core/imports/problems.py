"""What is wrong with a value, a row, a file: templates and what fills them, so that each can be translated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crm_core.errors import FieldError

MAX_SHOWN = 60
"""A message shows at most so many characters of a value."""


@dataclass(frozen=True)
class RowProblem:
    """Why one row cannot be loaded: its number (1 is the first after the header), the column, the value and the words.

    `column` and `value` are None where the row as a whole is at fault or the value is missing.
    """

    row: int
    column: str | None
    value: str | None
    template: str
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def problem(self) -> FieldError:
        """The words, to be translated."""
        return FieldError(self.template, self.params)


class BadValue(Exception):
    """A value that cannot be what its field needs; `problem` says so in words."""

    def __init__(self, template: str, **params: Any) -> None:
        super().__init__(template)
        self.problem = FieldError(template, params)


def shown(value: object) -> str:
    """The value as a message shows it: on one line, not too long, and without what is no character."""
    text = " ".join(str(value).encode("utf-8", "replace").decode().split())  # JSON can hold half a character
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
