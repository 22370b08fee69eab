"""Text that a spreadsheet opens as text."""

from __future__ import annotations

import re
from typing import Any

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


def safe_cell(value: Any) -> Any:
    """The value as it may stand in a CSV cell: a text that would run as a formula gets an apostrophe before it.

    Numbers, and texts that are plain numbers such as '-3', stay as they are.
    Source: OWASP, CSV Injection.
    """
    if not isinstance(value, str) or not value.startswith(_RISKY) or _NUMBER.fullmatch(value):
        return value
    return "'" + value
