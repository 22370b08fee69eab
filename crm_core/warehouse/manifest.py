"""The manifest, a JSON file that names every block of one version, and the file CURRENT that names the version.

A version exists from the moment CURRENT is renamed into place; whatever no manifest names is rubbish of a refresh that
did not end. Blocks are never changed once written, so versions share those that stayed the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from crm_core.warehouse import checkpoints
from crm_core.warehouse.layout import LAYOUT_ID

_CURRENT = "CURRENT"


@dataclass(frozen=True)
class Mark:
    """How far a table's history had come: its version, and the change set that made it (None where there is none).

    The change set and its time tell a database that was restored from a backup and written to again from the one the
    snapshot was taken of, though both are at the same version.
    """

    table_version: int = 0
    change_set_id: int | None = None
    changed_at: int | None = None


@dataclass(frozen=True)
class Block:
    """One Parquet file with the rows of one block of keys; `file` is relative to the folder."""

    number: int
    file: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class TableBlocks:
    """The blocks of one table, by ascending keys; a block without rows has no file and is not listed."""

    mark: Mark
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Manifest:
    """One complete version of the snapshot; `order_values` are the derived blocks, with the numbers of the orders'."""

    version: int
    taken_at: datetime
    tables: Mapping[str, TableBlocks]
    order_values: tuple[Block, ...]
    layout: str = LAYOUT_ID

    @property
    def rows(self) -> int:
        """Records of all tables together."""
        return sum(block.rows for block in self.record_blocks())

    @property
    def marks(self) -> dict[str, Mark]:
        """How far each table had come."""
        return {name: table.mark for name, table in self.tables.items()}

    def record_blocks(self) -> Iterator[Block]:
        """Every block of every table of records."""
        for table in self.tables.values():
            yield from table.blocks

    def blocks(self) -> Iterator[Block]:
        """Every block there is, derived ones too."""
        yield from self.record_blocks()
        yield from self.order_values

    def is_whole_in(self, folder: Path) -> bool:
        """Whether every file is there in its full length."""
        return all(is_whole(folder, block) for block in self.blocks())


def path_of(folder: Path, version: int) -> Path:
    """Where the manifest of a version lies."""
    return folder / f"manifest-{version}.json"


def versions(folder: Path) -> list[int]:
    """Every version a manifest is there of, complete or not, ascending."""
    numbers = (path.stem.removeprefix("manifest-") for path in folder.glob("manifest-*.json"))
    return sorted(int(number) for number in numbers if number.isdecimal())


def current_version(folder: Path) -> int | None:
    """The newest complete version, or None."""
    try:
        text = (folder / _CURRENT).read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return int(text) if text.isdecimal() else None


def parse(folder: Path, version: int) -> Manifest | None:
    """The manifest of a version in whatever layout, or None where it is gone or damaged."""
    path = path_of(folder, version)
    try:
        about = path.stat()
    except FileNotFoundError:
        return None
    return _read(path, about.st_ino, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, _inode: int, _changed_at: int, _size: int) -> Manifest | None:
    """The manifest in the file; what tells one state of the file from another says which is meant: pages ask often."""
    try:
        return _decode(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def load(folder: Path, version: int) -> Manifest | None:
    """The manifest of a version, or None where it is gone, damaged, or of another release's layout."""
    manifest = parse(folder, version)
    return manifest if manifest and manifest.layout == LAYOUT_ID else None


def current(folder: Path) -> Manifest | None:
    """The manifest of the newest complete version, or None."""
    version = current_version(folder)
    return None if version is None else load(folder, version)


def is_whole(folder: Path, block: Block) -> bool:
    """Whether the block's file is there in its full length."""
    try:
        return (folder / block.file).stat().st_size == block.bytes
    except FileNotFoundError:
        return False


def publish(folder: Path, manifest: Manifest) -> None:
    """Make a version whose blocks are safely on disk the current one; at any moment the old or the new one is."""
    _write_safely(path_of(folder, manifest.version), json.dumps(_encode(manifest), separators=(",", ":")))
    checkpoints.reached("manifest renamed")
    _write_safely(folder / _CURRENT, f"{manifest.version}\n")
    checkpoints.reached("published")


def flush_to_disk(path: Path) -> None:
    """Return when a file's bytes, or a folder's names, have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_safely(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    flush_to_disk(temporary)
    checkpoints.reached(f"{path.name.split('-')[0]} written")
    temporary.replace(path)
    flush_to_disk(path.parent)


def _encode(manifest: Manifest) -> dict[str, Any]:
    return asdict(manifest) | {"taken_at": manifest.taken_at.isoformat()}


def _decode(data: dict[str, Any]) -> Manifest:
    return Manifest(
        version=data["version"],
        taken_at=datetime.fromisoformat(data["taken_at"]),
        tables={
            name: TableBlocks(Mark(**table["mark"]), tuple(Block(**block) for block in table["blocks"]))
            for name, table in data["tables"].items()
        },
        order_values=tuple(Block(**block) for block in data.get("order_values", ())),  # older layouts have none
        layout=data["layout"],
    )
