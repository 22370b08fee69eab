"""Runs of keys for rows that are created in one go."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Connection, Table, func, insert, select, text, update

from crm_core.db.models import TableVersion

MASS_CREATION = "mass creation"
"""A row of table_versions that stands for no table: whoever creates rows in masses holds it until the commit."""


def queue_for_mass_creation(connection: Connection) -> None:
    """Wait until no other transaction creates rows in masses; SQLite has one writer anyway."""
    if connection.dialect.name == "sqlite":
        return
    mine = TableVersion.table_name == MASS_CREATION
    raised = connection.execute(
        update(TableVersion).where(mine).values(table_version=TableVersion.table_version + 1)
    ).rowcount
    if raised == 0:
        connection.execute(insert(TableVersion).values(table_name=MASS_CREATION, table_version=1))


def highest_key_ever(connection: Connection, table: Table) -> int:
    """The highest key the table has or had, on SQLite and MariaDB."""
    highest = int(connection.execute(select(func.max(table.c.id))).scalar() or 0)
    if connection.dialect.name == "sqlite":
        counter = "SELECT seq FROM sqlite_sequence WHERE name = :t"
    else:
        counter = (
            "SELECT AUTO_INCREMENT - 1 FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_name = :t"
        )
    given = connection.execute(text(counter), {"t": table.name}).scalar()
    return max(highest, int(given or 0))


def postgresql_run(connection: Connection, table: Table, count: int) -> range:
    """`count` keys of the table's sequence in one run; the caller has queued for mass creation."""
    if count == 0:
        return range(0)
    name = {"t": table.name}
    take = "SELECT nextval(pg_get_serial_sequence(:t, 'id')) FROM generate_series(1, :n)"
    keys = sorted(connection.execute(text(take), name | {"n": count}).scalars())
    if keys[-1] - keys[0] + 1 == count:
        return range(keys[0], keys[0] + count)
    # Somebody's single row came in between. While the table is locked against writers, nobody's can.
    connection.execute(text(f'LOCK TABLE "{table.name}" IN SHARE ROW EXCLUSIVE MODE'))
    start = cast("int", connection.execute(text("SELECT nextval(pg_get_serial_sequence(:t, 'id'))"), name).scalar_one())
    jump = "SELECT setval(pg_get_serial_sequence(:t, 'id'), :last)"
    connection.execute(text(jump), name | {"last": start + count - 1})
    return range(start, start + count)
