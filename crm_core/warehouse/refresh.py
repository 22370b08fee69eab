"""One refresh in this process: plan, read and write blocks, publish, sweep."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from filelock import Timeout

from crm_core.db.engine import Database
from crm_core.errors import StorageFailed
from crm_core.warehouse import checkpoints, leases
from crm_core.warehouse import manifest as manifests
from crm_core.warehouse.blocks import write_block
from crm_core.warehouse.derive import derived_blocks
from crm_core.warehouse.layout import BLOCK_KEYS, TABLES, TableLayout, block_of
from crm_core.warehouse.manifest import Block, Manifest, TableBlocks
from crm_core.warehouse.plan import Plan, Span, make_plan
from crm_core.warehouse.sources import Source, open_source

_WAITING_BLOCKS = 2
"""Blocks read ahead of the writer: the two overlap, and memory holds three blocks at most."""

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class RefreshResult:
    """The version a refresh left current; `rows` is the number of records in it, of all tables together, and blocks
    are those of records."""

    version: int
    blocks_rewritten: int
    blocks_kept: int
    rows: int


def refresh_here(
    database: Database, folder: Path, *, full: bool = False, is_alone: bool = False, wait: float = -1
) -> RefreshResult:
    """Bring the snapshot in `folder` up to the records as they are now; nothing is written where it is up to date.

    Args:
        full: write every block anew.
        is_alone: this process has no connection of its own to the database (see `sources`).
        wait: seconds to wait for a refresh that is under way elsewhere; -1 as long as it takes.

    Raises:
        StorageFailed: the disk is full or read-only, or the database cannot be read; the last version stays as it was.
        filelock.Timeout: another refresh is still under way after `wait`.
    """
    with storing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with leases.refreshing(folder, wait=wait):
            checkpoints.reached("locked")
            leases.sweep(folder)  # first: what a killed refresh left behind may be what fills the disk
            try:
                return _refresh(database, folder, full=full, is_alone=is_alone)
            finally:
                leases.sweep(folder)
                pa.default_memory_pool().release_unused()


@contextmanager
def storing(folder: Path) -> Iterator[None]:
    """Say in words that the snapshot folder cannot be written."""
    try:
        yield
    except Timeout:  # an OSError by birth, but nothing is wrong with the disk
        raise
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StorageFailed(
                "The disk is full: the snapshot in {folder} could not be refreshed, the last one stays in use. "
                "Free some space and try again.",
                folder=str(folder),
            ) from error
        raise StorageFailed(
            "The snapshot in {folder} could not be refreshed, the last one stays in use: {reason}. "
            "Give the process write access to the folder.",
            folder=str(folder), reason=error.strerror or str(error),
        ) from error  # fmt: skip


def _refresh(database: Database, folder: Path, *, full: bool, is_alone: bool) -> RefreshResult:
    previous = manifests.current(folder)
    taken_at = datetime.now(UTC)
    with open_source(database, is_alone=is_alone) as source:
        plan = make_plan(source.rows, folder, previous, full=full)
        checkpoints.reached("planned")
        if previous and not plan.is_full and not plan.count_blocks and plan.marks == previous.marks:
            return RefreshResult(previous.version, 0, sum(1 for _ in previous.record_blocks()), previous.rows)
        version = (manifests.current_version(folder) or max(manifests.versions(folder), default=0)) + 1
        written = _write_blocks(source, folder, plan, version)
    checkpoints.reached("blocks written")
    kept = {table: _kept(previous, plan, table) for table in TABLES}
    tables = {
        table: TableBlocks(plan.marks[table], tuple(sorted(kept[table] + written[table], key=lambda b: b.number)))
        for table in TABLES
    }
    values = derived_blocks(folder, version, tables, None if plan.is_full else previous)
    checkpoints.reached("values written")
    manifest = Manifest(version, taken_at, tables, values)
    manifests.publish(folder, manifest)
    return RefreshResult(version, _count(written), _count(kept), manifest.rows)


def _kept(previous: Manifest | None, plan: Plan, table: str) -> list[Block]:
    if previous is None or plan.is_full:
        return []
    written = plan.spans[table]
    return [
        b for b in previous.tables[table].blocks if not any(span.first <= b.number <= span.last for span in written)
    ]


def _count(blocks: dict[str, list[Block]]) -> int:
    return sum(len(table) for table in blocks.values())


def _write_blocks(source: Source, folder: Path, plan: Plan, version: int) -> dict[str, list[Block]]:
    written: dict[str, list[Block]] = {table: [] for table in TABLES}
    waiting: deque[tuple[str, Future[Block]]] = deque()

    def finish_oldest() -> None:
        table, future = waiting.popleft()
        written[table].append(future.result())
        checkpoints.reached("block written")

    with ThreadPoolExecutor(1, thread_name_prefix="snapshot-writer") as writer:
        for table, layout in TABLES.items():
            (folder / table).mkdir(exist_ok=True)
            for number, rows in _read_blocks(source, layout, plan.spans[table]):
                waiting.append((table, writer.submit(write_block, folder, layout, number, version, rows)))
                if len(waiting) > _WAITING_BLOCKS:
                    finish_oldest()
        while waiting:
            finish_oldest()
    for table, blocks in written.items():
        if blocks:
            manifests.flush_to_disk(folder / table)
    return written


def _read_blocks(source: Source, layout: TableLayout, spans: tuple[Span, ...]) -> Iterator[tuple[int, pa.Table]]:
    for span in spans:
        number: int | None = span.first
        while number is not None and number <= span.last:
            rows = source.block(layout, number * BLOCK_KEYS)
            if rows.num_rows:
                yield number, rows
                number += 1
            else:  # a gap in the keys may be wide: jump over it
                number = _next_block(source, layout, number + 1)


def _next_block(source: Source, layout: TableLayout, number: int) -> int | None:
    ((key,),) = source.rows(f"SELECT MIN(id) FROM {layout.name} WHERE id >= {number * BLOCK_KEYS}")  # noqa: S608
    return None if key is None else block_of(key)
