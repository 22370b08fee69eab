"""Lists of baskets in a file, one basket a line: FIMI's .dat with blanks between items, or CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from crm_core.errors import ImportFailed

_DELIMITERS = ",;\t"
_LOOKED_AT = 65_536


def read_baskets(path: Path) -> Iterator[list[str]]:
    """The items of each line, as written; a `.dat` file's are parted by blanks, any other's by comma, semicolon or tab.

    Raises:
        ImportFailed: the file cannot be read, is not UTF-8 text or not CSV; names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() == ".dat":
                yield from (line.split() for line in file)
                return
            start = file.read(_LOOKED_AT)
            file.seek(0)
            delimiter = max(_DELIMITERS, key=start.count)  # of none, the comma
            reader = csv.reader(file, delimiter=delimiter)
            try:
                yield from reader
            except csv.Error as error:
                raise ImportFailed(
                    "{file}, line {line}: this is not CSV ({reason}).",
                    file=path.name,
                    line=reader.line_num,
                    reason=error,
                ) from error
    except UnicodeDecodeError as error:
        raise ImportFailed(
            "{file} is not UTF-8 text; the first odd byte is {byte}.",
            file=path.name,
            byte=f"0x{error.object[error.start]:02x}",
        ) from error
    except OSError as error:
        raise ImportFailed("{file} cannot be read: {reason}.", file=path.name, reason=error.strerror) from error
