"""Which blocks a refresh must write: those with rows that history says were touched since the last version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_core.warehouse.layout import BLOCK_KEYS, TABLES, block_of
from crm_core.warehouse.manifest import Manifest, Mark, TableBlocks, is_whole

Rows = Callable[[str], list[tuple[Any, ...]]]
"""Answers a query with its rows, all of one consistent state."""


@dataclass(frozen=True)
class Span:
    """A run of blocks, both ends included."""

    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True)
class Plan:
    """What to write anew of each table, and the marks of the state it brings the snapshot to.

    Which derived blocks follow from that shows once the tables are written; `damaged_values` is the number of those
    that must be written in any case.
    """

    marks: Mapping[str, Mark]
    spans: Mapping[str, tuple[Span, ...]]
    is_full: bool
    damaged_values: int = 0

    @property
    def count_blocks(self) -> int:
        """Blocks to write: of records at most, keys without rows are counted too; of derived ones at least."""
        return sum(span.count for spans in self.spans.values() for span in spans) + self.damaged_values


def make_plan(rows: Rows, folder: Path, previous: Manifest | None, *, full: bool = False) -> Plan:
    """What to write so that the snapshot equals the records as `rows` sees them.

    Everything, where there is no previous version or it is not of this database's past (restored from a backup, say).
    """
    marks = read_marks(rows)
    if full or previous is None or not _is_past_of(rows, previous, marks):
        return Plan(marks, {table: _every_block(rows, table) for table in TABLES}, is_full=True)
    spans = {
        table: _touched(rows, table, previous.tables[table], marks[table]) + _damaged(folder, previous.tables[table])
        for table in TABLES
    }
    damaged = sum(not is_whole(folder, block) for block in previous.order_values)
    merged = {table: _merged(found) for table, found in spans.items()}
    return Plan(marks, merged, is_full=False, damaged_values=damaged)


def read_marks(rows: Rows) -> dict[str, Mark]:
    """How far each table's history has come."""
    found = rows(
        "SELECT v.table_name, v.table_version, r.change_set_id, s.at FROM table_versions v "
        "LEFT JOIN change_ranges r ON r.table_name = v.table_name AND r.table_version = v.table_version "
        "LEFT JOIN change_sets s ON s.id = r.change_set_id"
    )
    marks = {table: Mark(version, change_set, at) for table, version, change_set, at in found}
    return {table: marks.get(table, Mark()) for table in TABLES}


def count_changed_rows(rows: Rows, previous: Manifest | None) -> int:
    """Rows touched since a version, from history; all of them, where there is none. An estimate that scans no table."""
    count = 0
    for table in TABLES:
        if previous is None:
            ((first, last),) = rows(f"SELECT MIN(id), MAX(id) FROM {table}")  # noqa: S608
            count += 0 if first is None else last - first + 1
        else:
            then = previous.tables[table].mark.table_version
            ranges = rows(
                "SELECT n_created, n_changes FROM change_ranges "  # noqa: S608
                f"WHERE table_name = '{table}' AND table_version > {then}"
            )
            count += sum(created + changed for created, changed in ranges)
    return count


def _is_past_of(rows: Rows, previous: Manifest, marks: Mapping[str, Mark]) -> bool:
    for table, now in marks.items():
        then = previous.tables[table].mark
        if then.table_version > now.table_version:
            return False
        recorded = rows(
            "SELECT r.change_set_id, s.at FROM change_ranges r JOIN change_sets s ON s.id = r.change_set_id "  # noqa: S608
            f"WHERE r.table_name = '{table}' AND r.table_version = {then.table_version}"
        )
        if [(then.change_set_id, then.changed_at)] != (recorded or [(None, None)]):
            return False
    return True


def _touched(rows: Rows, table: str, previous: TableBlocks, now: Mark) -> tuple[Span, ...]:
    then = previous.mark.table_version
    if then == now.table_version:
        return ()
    since = f"r.table_name = '{table}' AND r.table_version > {then}"
    ranges = rows(f"SELECT r.first_created_id, r.last_created_id, r.n_changes FROM change_ranges r WHERE {since}")  # noqa: S608
    changed = rows(
        f"SELECT c.row_id - c.row_id % {BLOCK_KEYS}, COUNT(*) FROM change_ranges r "  # noqa: S608
        "JOIN changes c ON c.change_set_id = r.change_set_id AND c.table_name = r.table_name "
        f"WHERE {since} GROUP BY c.row_id - c.row_id % {BLOCK_KEYS}"
    )
    is_history_whole = len(ranges) == now.table_version - then and sum(row[2] for row in ranges) == sum(
        row[1] for row in changed
    )
    if not is_history_whole:  # thinned out, or written past the services: trust none of it
        return _every_block(rows, table) + tuple(Span(block.number, block.number) for block in previous.blocks)
    created = tuple(Span(block_of(first), block_of(last)) for first, last, _ in ranges if first is not None)
    return created + tuple(Span(block_of(first), block_of(first)) for first, _ in changed)


def _damaged(folder: Path, previous: TableBlocks) -> tuple[Span, ...]:
    return tuple(Span(block.number, block.number) for block in previous.blocks if not is_whole(folder, block))


def _every_block(rows: Rows, table: str) -> tuple[Span, ...]:
    ((first, last),) = rows(f"SELECT MIN(id), MAX(id) FROM {table}")  # noqa: S608
    return () if first is None else (Span(block_of(first), block_of(last)),)


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.first):
        if merged and span.first <= merged[-1].last + 1:
            merged[-1] = Span(merged[-1].first, max(merged[-1].last, span.last))
        else:
            merged.append(span)
    return tuple(merged)
