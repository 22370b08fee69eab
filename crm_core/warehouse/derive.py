"""Keeps the values of orders in step with the orders and lines of a version: a block of them is written anew when its
orders changed, or a line of one of them did.

Which orders a changed block of lines touches is found by adding up its old and its new file and comparing the sums per
order: whatever was changed, created, deleted or moved to another order shows there, however it came about. The values
themselves are always added up from the lines anew, never carried on from the last version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from crm_core.warehouse import checkpoints
from crm_core.warehouse import manifest as manifests
from crm_core.warehouse.blocks import range_of, read_block, write_block
from crm_core.warehouse.layout import BLOCK_KEYS, ORDER_VALUES
from crm_core.warehouse.manifest import Block, Manifest, TableBlocks, is_whole
from crm_core.warehouse.order_values import (
    LINE_COLUMNS,
    NOTHING,
    ORDER_COLUMNS,
    Ints,
    Sums,
    sums_of,
    totals,
    with_values,
)

_TOGETHER = 8
"""Blocks of orders whose lines are added up in one go, in 46 MB. Fewer read lines that lie far apart more often."""


def derived_blocks(
    folder: Path, version: int, tables: Mapping[str, TableBlocks], previous: Manifest | None
) -> tuple[Block, ...]:
    """The blocks of order values that belong to these tables, whose files are written; by ascending keys.

    Args:
        previous: the version whose blocks are kept where nothing under them changed; None to write every block.

    Raises:
        StorageFailed: the lines of an order add up to more than 64 bits hold.
    """
    kept = {} if previous is None else _kept(folder, tables, previous)
    stale = [block for block in tables["orders"].blocks if block.number not in kept]
    if stale:
        (folder / ORDER_VALUES.name).mkdir(exist_ok=True)
        kept |= {block.number: block for block in _written(folder, version, stale, tables["order_lines"].blocks)}
        manifests.flush_to_disk(folder / ORDER_VALUES.name)
    return tuple(kept[number] for number in sorted(kept))


def _kept(folder: Path, tables: Mapping[str, TableBlocks], previous: Manifest) -> dict[int, Block]:
    """The blocks of the previous version with nothing changed under them."""
    same_orders = {block.number for block in set(tables["orders"].blocks) & set(previous.tables["orders"].blocks)}
    before, after = set(previous.tables["order_lines"].blocks), set(tables["order_lines"].blocks)
    old, new = ({block.number: block for block in blocks} for blocks in (before - after, after - before))
    if not all(is_whole(folder, block) for block in old.values()):
        return {}  # nobody knows any more which orders its lines were of
    changed: set[int] = set()
    for number in old.keys() | new.keys():
        touched = _sums(folder, new.get(number)).changed(_sums(folder, old.get(number)))
        changed |= set((touched // BLOCK_KEYS).tolist())
    return {
        block.number: block
        for block in previous.order_values
        if block.number in same_orders - changed and is_whole(folder, block)
    }


def _written(folder: Path, version: int, orders: Sequence[Block], lines: Sequence[Block]) -> list[Block]:
    ranges = [(block, *range_of(folder, block, "order_id")) for block in lines]
    written: list[Block] = []
    waiting: list[Future[Block]] = []

    def finish() -> None:
        for future in waiting:
            written.append(future.result())
            checkpoints.reached("values block written")
        waiting.clear()

    with ThreadPoolExecutor(1, thread_name_prefix="values-writer") as writer:
        for together in _groups(orders):
            start = together[0].number * BLOCK_KEYS
            count = (together[-1].number + 1) * BLOCK_KEYS - start
            near = [block for block, first, last in ranges if first < start + count and last >= start]
            values = totals(start, count, (_sums(folder, block) for block in near))
            finish()  # of the blocks before, written while these were added up
            waiting += [writer.submit(_write, folder, version, block, start, values) for block in together]
        finish()
    return written


def _write(folder: Path, version: int, orders: Block, start: int, values: Ints) -> Block:
    rows = with_values(read_block(folder, orders, ORDER_COLUMNS), start, values)
    return write_block(folder, ORDER_VALUES, orders.number, version, rows)


def _groups(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """The blocks in runs that span _TOGETHER numbers at most."""
    group: list[Block] = []
    for block in blocks:
        if group and block.number >= group[0].number + _TOGETHER:
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _sums(folder: Path, lines: Block | None) -> Sums:
    return NOTHING if lines is None else sums_of(read_block(folder, lines, LINE_COLUMNS))
