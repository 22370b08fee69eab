"""What a spreadsheet makes of a text file, as leniently as the most obliging one."""

from __future__ import annotations

import re

ATTACKS = [
    '=HYPERLINK("http://x";"y")',
    "x;=1+1",
    'x;"=1+1;"',
    "@SUM(1)",
    "\t=1",
    "-2+3",
    "x; +1+1",
    '"=1+1"',
    "a\t=1",
]
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


def running_cells(text: str, separator: str) -> list[str]:
    """The cells that would run as formulas where cells are told apart by `separator`.

    A cell is quoted where it begins with a quotation mark, as in Excel; what follows the closing one is part of it.
    """
    return [cell for cell in _cells(text, separator) if _runs(cell)]


def _runs(cell: str) -> bool:
    trimmed = cell.strip()
    return trimmed.startswith(("=", "+", "-", "@")) and not _NUMBER.fullmatch(trimmed)


def _cells(text: str, separator: str) -> list[str]:
    cells, cell, is_quoted, at = [], "", False, 0
    while at < len(text):
        mark = text[at]
        if mark == '"' and is_quoted and text[at + 1 : at + 2] == '"':
            cell, at = cell + '"', at + 1
        elif mark == '"' and is_quoted:
            is_quoted = False
        elif mark == '"' and not cell:
            is_quoted = True
        elif mark in f"{separator}\r\n" and not is_quoted:
            cells.append(cell)
            cell = ""
        else:
            cell += mark
        at += 1
    return [*cells, cell]
