"""Write many rows of one table at once, given as values of the model's attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, inspect

from crm_core.db.base import Tracked
from crm_core.db.bulk import BulkInserter
from crm_core.db.history import TrackedSession


class Writer:
    """Inserts rows of one table in several goes, kept in history as one span."""

    def __init__(self, session: TrackedSession, model: type[Tracked], import_id: int) -> None:
        mapper = inspect(model)
        table = cast(Table, mapper.local_table)
        dialect = session.get_bind().dialect
        given = [attribute for attribute in mapper.column_attrs if attribute.key not in ("id", "version", "import_id")]
        self._names = [attribute.key for attribute in given]
        self._binds: list[Callable[[Any], Any] | None] = [
            attribute.columns[0].type.dialect_impl(dialect).bind_processor(dialect) for attribute in given
        ]
        columns = ["id", *(attribute.columns[0].name for attribute in given), "version", "import_id"]
        self._import_id = import_id
        self._inserter = BulkInserter(session, table, columns)

    def insert(self, rows: Sequence[Mapping[str, Any]]) -> range:
        """Insert rows; attributes that are not given are empty. Returns their ids, in order."""
        ids = self._inserter.reserve(len(rows))
        binds = list(zip(self._names, self._binds, strict=True))
        self._inserter.insert(
            (id_, *(row.get(name) if bind is None else bind(row.get(name)) for name, bind in binds), 1, self._import_id)
            for id_, row in zip(ids, rows, strict=True)
        )
        return ids

    def close(self) -> None:
        """Keep what was inserted in history."""
        self._inserter.close()


def insert_rows(
    session: TrackedSession, model: type[Tracked], rows: Sequence[Mapping[str, Any]], import_id: int
) -> Sequence[int]:
    """Insert all rows of a table there will be; returns their ids, in order."""
    if not rows:
        return []
    writer = Writer(session, model, import_id)
    ids = writer.insert(rows)
    writer.close()
    return ids
