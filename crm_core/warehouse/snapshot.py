"""A snapshot that is being read, and its tables as one viewer may see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import copy
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
from crm_core.warehouse.layout import ORDER_VALUES, TABLES
from crm_core.warehouse.manifest import Manifest, Mark

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

        A scope with an owner sees that owner's customers, what belongs to them, no guest sales, what is assigned to or
        owned by that owner, and all products.
        """
        cursor = self._cursors.enter_context(self._engine.cursor())

        def whole(name: str) -> Frame:
            derived = name == ORDER_VALUES.name
            layout = ORDER_VALUES if derived else TABLES[name]
            blocks = self._manifest.order_values if derived else self._manifest.tables[name].blocks
            return nw.from_native(duck.relation(cursor, layout, [str(self.folder / block.file) for block in blocks]))

        return Tables(whole, scope=scope, timezone=self.timezone, snapshot=self, cursor=cursor)


class Tables:
    """The tables of a snapshot within a scope. Money is whole ten-thousandths (`*_e4`), instants carry their zone.

    A table is opened when it is first asked for. `order_values` has one row per order too: when, whose and where it
    was, and what its lines add up to.

    Args:
        whole: gives a table by its name, whosever rows it holds.
    """

    def __init__(
        self,
        whole: Callable[[str], Frame],
        *,
        scope: Scope,
        timezone: str,
        snapshot: Snapshot | None,
        cursor: duck.Cursor,
    ) -> None:
        self._whole = whole
        self._scope = scope
        self._snapshot = snapshot
        self._cursor = cursor
        self._opened: dict[str, Frame] = {}
        self._declared: tuple[frozenset[str], str] | None = None  # None: any table may be asked for
        self.timezone = timezone

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot these are the tables of."""
        if self._snapshot is None:
            raise LookupError("these tables are of no snapshot")
        return self._snapshot

    @property
    def customers(self) -> Frame:
        return self._frame("customers")

    @property
    def products(self) -> Frame:
        return self._frame("products")

    @property
    def orders(self) -> Frame:
        return self._frame("orders")

    @property
    def order_lines(self) -> Frame:
        return self._frame("order_lines")

    @property
    def order_values(self) -> Frame:
        return self._frame("order_values")

    @property
    def tickets(self) -> Frame:
        return self._frame("tickets")

    @property
    def ticket_events(self) -> Frame:
        return self._frame("ticket_events")

    @property
    def deals(self) -> Frame:
        return self._frame("deals")

    @property
    def deal_moves(self) -> Frame:
        return self._frame("deal_moves")

    @property
    def deal_stages(self) -> Frame:
        return self._frame("deal_stages")

    @property
    def needs(self) -> Frame:
        return self._frame("needs")

    @property
    def activities(self) -> Frame:
        return self._frame("activities")

    @contextmanager
    def kept(self, rows: Frame) -> Iterator[Frame]:
        """The same rows, computed once and held until the block ends: for what several questions are asked of."""
        with duck.kept(self._cursor, rows.to_native()) as held:
            yield nw.from_native(held)

    def keys(self, name: str, values: NDArray[np.int64]) -> Frame:
        """The values as a table of one column of that name, to join with."""
        return nw.from_native(duck.column(self._cursor, name, values))

    def declared(self, names: frozenset[str], by: str) -> Tables:
        """The same tables, of which that analysis may ask for these alone: another one raises RuntimeError."""
        few = copy(self)
        few._declared = names, by
        return few

    def replaced(self, **frames: Frame) -> Tables:
        """The same tables with these in place of the ones of their names."""
        others = copy(self)
        others._opened = self._opened | frames
        return others

    def _frame(self, name: str) -> Frame:
        if self._declared is not None and name not in self._declared[0]:
            raise RuntimeError(f"analysis '{self._declared[1]}' does not declare that it reads {name}")
        return self._open(name)

    def _open(self, name: str) -> Frame:
        if name not in self._opened:
            rows = self._whole(name)
            self._opened[name] = rows if self._scope.is_everything else self._theirs(name, rows)
        return self._opened[name]

    def _theirs(self, name: str, rows: Frame) -> Frame:
        """The rows the scope may see; the same condition as `records.scope` sets on the database."""
        if name == "customers":
            return rows.filter(nw.col("owner_id") == self._scope.owner_id)
        if name in _PARTS:
            key, table = _PARTS[name]
            return _only(rows, key, self._open(table))
        if name in _OWNED:
            mine = self._open("customers").select("id").with_columns(is_mine=nw.lit(value=True))
            joined = rows.join(mine, left_on="customer_id", right_on="id", how="left")
            is_owner = (nw.col(_OWNED[name]) == self._scope.owner_id).fill_null(value=False)
            return joined.filter(~nw.col("is_mine").is_null() | is_owner).select(*TABLES[name].written.names)
        return rows


_PARTS = {
    "orders": ("customer_id", "customers"),
    "order_values": ("customer_id", "customers"),
    "order_lines": ("order_id", "orders"),
    "ticket_events": ("ticket_id", "tickets"),
    "deal_moves": ("deal_id", "deals"),
}
"""Tables whose rows are seen with the row of another table they belong to."""

_OWNED = {"tickets": "assignee_id", "deals": "owner_id", "needs": "owner_id", "activities": "owner_id"}
"""Tables whose rows are seen with their customer, or by whom this column names."""


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
