"""A zip archive that holds one file, unpacked for as long as it is read; any other file as it is."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crm_core.errors import ImportFailed
from crm_core.imports.staging import disk_errors

MAX_BYTES = 4 * 2**30
MAX_RATIO = 200
"""An archive that packs more than so many bytes into one is no file of records."""

_WORKBOOK = "[Content_Types].xml"
_CHUNK = 1 << 20


@contextmanager
def unpacked(path: Path, name: str) -> Iterator[Path]:
    """The file to read.

    Raises:
        ImportFailed: the archive is damaged, holds several files, or would unpack to too much.
    """
    if not path.is_file() or not zipfile.is_zipfile(path):
        yield path
        return
    with disk_errors(), tempfile.TemporaryDirectory() as folder:
        yield _unpack(path, name, Path(folder)) or path


def _unpack(path: Path, name: str, folder: Path) -> Path | None:
    """The only file of the archive, unpacked into the folder; None for a workbook, which is an archive too."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [item for item in archive.infolist() if not item.is_dir()]
            if any(item.filename == _WORKBOOK for item in members):
                return None
            member = _only(members, name)
            target = folder / Path(member.filename).name
            with archive.open(member) as packed, target.open("wb") as plain:
                shutil.copyfileobj(packed, plain, _CHUNK)  # reads no more than the size it declares
            return target
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        reason = str(error)
        raise ImportFailed("{file} is a damaged or locked zip archive: {reason}", file=name, reason=reason) from error


def _only(members: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    if len(members) != 1:
        raise ImportFailed(
            "{file} is a zip archive of {n} files; unpack it and import the one that holds the records.",
            file=name,
            n=len(members),
        )
    packed, size = max(members[0].compress_size, 1), members[0].file_size
    if size > MAX_BYTES or size > MAX_RATIO * packed:
        raise ImportFailed(
            "{file} would unpack to {size} bytes, {ratio} times what it has; it is not opened.",
            file=name,
            size=size,
            ratio=size // packed,
        )
    return members[0]
