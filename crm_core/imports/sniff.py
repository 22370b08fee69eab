"""What a file is, by its content and not by its name: its format, its encoding, its delimiter."""

from __future__ import annotations

import codecs
import csv
import io
import re
import stat
from collections import Counter
from pathlib import Path

from crm_core.errors import FieldError, ImportFailed
from crm_core.translation import N_

SAMPLE_BYTES = 1 << 20
"""So much of the beginning is looked at; the header and the first row have to end within it."""

DELIMITERS = ",;\t|"
_CHUNK = 1 << 20
_SUFFIXES = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".xlsx": "xlsx", ".xlsm": "xlsx",
    ".parquet": "parquet", ".json": "json", ".jsonl": "json", ".ndjson": "json",
}  # fmt: skip
_OTHERS = (
    (
        b"\xd0\xcf\x11\xe0",
        N_("an Excel file of the old kind (.xls) or another Office document; save it as .xlsx or CSV"),
    ),
    (b"%PDF", N_("a PDF document; export the table as CSV or XLSX")),
    (b"\x1f\x8b", N_("compressed with gzip; unpack it first")),
    (b"7z\xbc\xaf", N_("a 7z archive; unpack it first")),
    (b"Rar!", N_("a RAR archive; unpack it first")),
    (b"\x28\xb5\x2f\xfd", N_("compressed with zstd; unpack it first")),
    (b"\x89PNG", N_("a picture; export the table as CSV or XLSX")),
    (b"\xff\xd8\xff", N_("a picture; export the table as CSV or XLSX")),
    (b"SQLite format 3", N_("a SQLite database; export the table as CSV")),
    (b"{\\rtf", N_("a text document (RTF); export the table as CSV or XLSX")),
)


def read_sample(path: Path, name: str) -> bytes:
    """The file's first megabyte.

    Raises:
        ImportFailed: the file is not there, is a pipe, cannot be read, or is empty.
    """
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ImportFailed(
                "{file} is a pipe or a device, which can be read only once. Save its content as a file first.",
                file=name,
            )
        with path.open("rb") as file:
            sample = file.read(SAMPLE_BYTES)
    except IsADirectoryError as error:
        raise ImportFailed("{file} is a folder, not a file.", file=name) from error
    except FileNotFoundError as error:
        raise ImportFailed("There is no file {file}.", file=name) from error
    except OSError as error:
        raise ImportFailed("{file} cannot be read: {reason}", file=name, reason=error.strerror or str(error)) from error
    if not sample.strip():
        raise ImportFailed("{file} is empty: it has neither a header nor rows.", file=name)
    return sample


def find_format(sample: bytes, name: str) -> tuple[str, tuple[FieldError, ...]]:
    """'csv', 'xlsx', 'parquet' or 'json' by the content, and a note where the name promises something else.

    Raises:
        ImportFailed: the content is something that holds no table; the message says what it is.
    """
    for magic, what in _OTHERS:
        if sample.startswith(magic):
            raise ImportFailed("{file} is {what}.", file=name, what=FieldError(what))  # marked: in _OTHERS
    if sample.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        found = "xlsx"
    elif sample.startswith(b"PAR1"):
        found = "parquet"
    elif _strip_bom(sample).lstrip()[:1] in {b"{", b"["}:
        found = "json"
    elif re.match(rb"\s*<(!doctype|html|\?xml|table)", _strip_bom(sample), re.IGNORECASE):
        raise ImportFailed("{file} is a web page or XML, not a table; export the table as CSV or XLSX.", file=name)
    else:
        found = "csv"
    promised = _SUFFIXES.get(Path(name).suffix.lower())
    if promised is None or promised == found:
        return found, ()
    words = {"csv": "CSV text", "xlsx": "XLSX", "parquet": "Parquet", "json": "JSON"}
    note = FieldError(
        N_("{file} is named as {promised} but holds {found}; it was read as {found}."),
        {"file": name, "promised": words[promised], "found": words[found]},
    )
    return found, (note,)


def find_encoding(path: Path, sample: bytes, name: str) -> str:
    """The encoding of a text file: by its byte order mark, else UTF-8 if all of it is, else UTF-16, GB18030 or cp1252.

    Raises:
        ImportFailed: the bytes are no text.
    """
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in sample:
        head = sample[:4096]
        for encoding, low, high in (("utf-16-le", 0, 1), ("utf-16-be", 1, 0)):
            # Letters, digits and separators of western text have a zero as their high byte.
            if head[high::2].count(0) > len(head) // 4 and head[low::2].count(0) == 0:
                return encoding
        raise ImportFailed("{file} is not a table: it holds bytes that are no text.", file=name)
    suspicious = _first_part_not_utf8(path)
    if suspicious is None:
        return "utf-8"
    return "gb18030" if _looks_chinese(suspicious) else "cp1252"


def is_text_encoding(name: str) -> bool:
    """Whether bytes can be read as text in it; some of Python's codecs compress, or turn texts into texts."""
    try:
        "".encode(name)
    except (LookupError, ValueError):  # ValueError: a name that cannot be looked up, such as one with a NUL
        return False
    return True


def find_delimiter(text: str) -> str:
    """The delimiter the first rows agree on: comma, semicolon, tab or bar; a comma where there is but one column."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = [len(row) for row in _some_rows(text, delimiter) if row]
        if not widths or widths[0] < 2:
            continue
        same = Counter(widths)[widths[0]] / len(widths)
        score = same * 100 + min(widths[0], 99) / 100  # agreement first, then the larger number of columns
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _some_rows(text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)
            if len(rows) == 100:
                break
    except csv.Error:  # a cell beyond the module's limit: judge by the rows before it
        return rows
    return rows[:-1] if len(rows) > 1 and len(rows) < 100 else rows  # the sample may cut the last row


def _strip_bom(sample: bytes) -> bytes:
    return sample.removeprefix(codecs.BOM_UTF8)


def _first_part_not_utf8(path: Path) -> bytes | None:
    """The part of the file, about a megabyte, that is the first not to be UTF-8; None where all of it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return chunk
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return chunk
    return None


def _looks_chinese(part: bytes) -> bool:
    """Whether the bytes beyond ASCII come in pairs, as Chinese characters do, and not singly, as accents do."""
    runs = re.findall(rb"[\x80-\xff]+", part)
    in_pairs = sum(len(run) for run in runs if len(run) % 2 == 0)
    if in_pairs * 2 < sum(len(run) for run in runs):
        return False
    decoder = codecs.getincrementaldecoder("gb18030")()
    for start in range(4):  # the part may begin inside a character
        decoder.reset()
        try:
            decoder.decode(part[start:])
        except UnicodeDecodeError:
            continue
        return True
    return False
