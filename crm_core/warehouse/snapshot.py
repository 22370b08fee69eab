"""A snapshot that is being read, and its tables as one viewer may see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from crm_core.access import Scope
from crm_core.errors import SnapshotMissing
from crm_core.warehouse import duck, leases
from crm_core.warehouse import manifest as manifests
from crm_core.warehouse.layout import ORDER_VALUES, TABLES, TableLayout
from crm_core.warehouse.manifest import Block, Manifest, Mark

Frame = nw.LazyFrame[duck.Relation]


@dataclass(frozen=True)
class Snapshot:
    """One version of the records, unchanging while it is open.

    `table_versions` says how far each table had come, `taken_at` (UTC) when; days and months are cut in `timezone`.
    """

    version: int
    table_versions: Mapping[str, int]
    taken_at: datetime
    folder: Path
    timezone: str
    _manifest: Manifest = field(repr=False)
    _engine: duck.Engine = field(repr=False)
    _cursors: ExitStack = field(repr=False)

    @property
    def marks(self) -> Mapping[str, Mark]:
        """How far each table had come, told apart from another history at the same version."""
        return self._manifest.marks

    def tables(self, scope: Scope) -> Tables:
        """The tables, holding only what the scope may see; for one thread, until the snapshot is closed.

        Threads of one process take turns: another one's tables are waited for.

        A scope with an owner sees that owner's customers, their orders and those orders' lines, no guest sales, and all
        products.
        """
        cursor = self._cursors.enter_context(self._engine.cursor())

        def frame(layout: TableLayout, blocks: tuple[Block, ...]) -> Frame:
            return nw.from_native(duck.relation(cursor, layout, [str(self.folder / block.file) for block in blocks]))

        frames = {name: frame(layout, self._manifest.tables[name].blocks) for name, layout in TABLES.items()}
        frames["order_values"] = frame(ORDER_VALUES, self._manifest.order_values)
        if scope.owner_id is not None:
            frames["customers"] = frames["customers"].filter(nw.col("owner_id") == scope.owner_id)
            frames["orders"] = _only(frames["orders"], "customer_id", frames["customers"])
            frames["order_values"] = _only(frames["order_values"], "customer_id", frames["customers"])
            frames["order_lines"] = _only(frames["order_lines"], "order_id", frames["orders"])
        return Tables(**frames, timezone=self.timezone, snapshot=self, _cursor=cursor)


@dataclass(frozen=True)
class Tables:
    """The tables of a snapshot within a scope. Money is whole ten-thousandths (`*_e4`), instants carry their zone.

    `order_values` has one row per order too: when, whose and where it was, and what its lines add up to.
    """

    customers: Frame
    products: Frame
    orders: Frame
    order_lines: Frame
    order_values: Frame
    timezone: str
    snapshot: Snapshot
    _cursor: duck.Cursor = field(repr=False)

    @contextmanager
    def kept(self, rows: Frame) -> Iterator[Frame]:
        """The same rows, computed once and held until the block ends: for what several questions are asked of."""
        with duck.kept(self._cursor, rows.to_native()) as held:
            yield nw.from_native(held)

    def keys(self, name: str, values: NDArray[np.int64]) -> Frame:
        """The values as a table of one column of that name, to join with."""
        return nw.from_native(duck.column(self._cursor, name, values))


@contextmanager
def leased(folder: Path, version: int | None, engine: duck.Engine, timezone: str) -> Iterator[Snapshot]:
    """A version (the newest, if None), kept from being removed until the block ends.

    Raises:
        SnapshotMissing: there is none, or that version is gone.
    """
    manifest, descriptor = _hold(folder, version)
    try:
        with ExitStack() as cursors:
            yield Snapshot(
                version=manifest.version,
                table_versions={table: blocks.mark.table_version for table, blocks in manifest.tables.items()},
                taken_at=manifest.taken_at,
                folder=folder,
                timezone=timezone,
                _manifest=manifest,
                _engine=engine,
                _cursors=cursors,
            )
    finally:
        leases.leave(folder, manifest.version, descriptor)


@contextmanager
def open_snapshot(
    folder: Path, version: int, timezone: str, *, memory_mb: int = duck.WORKER_MEMORY_MB
) -> Iterator[Snapshot]:
    """A version of the snapshot in a warehouse's folder, without its database: for worker processes.

    Raises:
        SnapshotMissing: that version is gone; whoever passes its number on keeps it open until it is opened here.
    """
    engine = duck.Engine(folder, timezone=timezone, memory_mb=memory_mb)
    try:
        with leased(folder, version, engine, timezone) as snapshot:
            yield snapshot
    finally:
        engine.close()


def _hold(folder: Path, version: int | None) -> tuple[Manifest, int]:
    unreadable = "The snapshot cannot be read: it is damaged or of another release. Run: rapport refresh"
    while True:
        wanted = manifests.current_version(folder) if version is None else version
        if wanted is None:
            raise SnapshotMissing("The warehouse holds no snapshot yet. Run: rapport refresh")
        descriptor = leases.hold(manifests.path_of(folder, wanted))
        if descriptor is not None:
            manifest = manifests.load(folder, wanted)
            if manifest is not None:
                return manifest, descriptor
            leases.let_go(descriptor)
            raise SnapshotMissing(unreadable)
        if version is not None:
            raise SnapshotMissing(
                "Version {version} of the snapshot is gone; a newer one has taken its place. Try again.",
                version=version,
            )
        if manifests.current_version(folder) == wanted:
            raise SnapshotMissing(unreadable)


def _only(rows: Frame, key: str, allowed: Frame) -> Frame:
    return rows.join(allowed.select("id"), left_on=key, right_on="id", how="semi")
