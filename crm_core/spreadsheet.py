"""Text that a spreadsheet opens as text."""

from __future__ import annotations

import re
from typing import Any

_SIGNS = r"=+\-@＝＋－＠"
_RISKY = re.compile(rf"""^[\t\r\n]|(?:^|(?<=[;\t\r\n]))(?=[\s"]*[{_SIGNS}])""")
"""Where a formula could begin: at the start, and after what another spreadsheet may take for the end of a cell."""
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


def safe_cell(value: Any) -> Any:
    """The value as it may stand in a CSV cell: wherever a text could run as a formula, an apostrophe comes before it.

    A spreadsheet whose language separates cells by semicolons ends a cell at the first one, quotes or not, where it is
    given commas; so what follows a semicolon, a tab or a line break is looked at too. Numbers, and texts that are plain
    numbers such as '-3', stay as they are.
    Source: OWASP, CSV Injection.
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    return _RISKY.sub(lambda found: "'" + found.group(), value)
