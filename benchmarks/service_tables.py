"""The tables of 1,000,000 tickets with ten events each, as the files of a snapshot, made by DuckDB in one go."""

from __future__ import annotations

from pathlib import Path

import duckdb

from crm_core.warehouse.layout import TABLES

N_TICKETS = 1_000_000
NAMES = ("tickets", "ticket_events")

_COURSE = f"""
CREATE MACRO u(n, k) AS (hash(n * 64 + k) % 1000003) / 1000003.0;
CREATE MACRO later(since, hours, u) AS since + to_microseconds(CAST(hours * 3.6e9 * -ln(1 - u * 0.9999) AS BIGINT));
CREATE TABLE course AS
WITH opened AS (
    SELECT n, TIMESTAMPTZ '2024-05-01 00:00:00+00' + to_microseconds(n * 78900000) AS opened_at,
        u(n, 1) < 0.4 AS has_hold, u(n, 2) < 0.08 AS comes_back, u(n, 3) < 0.005 AND n > 1 AS is_merged
    FROM range(1, {N_TICKETS + 1}) t(n)
), replied AS (
    SELECT *, later(opened_at, 3, u(n, 4)) AS replied_at FROM opened
), held AS (
    SELECT *, later(replied_at, 0.1, u(n, 5)) AS held_at FROM replied
), resumed AS (
    SELECT *, later(held_at, 20, u(n, 6)) AS resumed_at FROM held
), resolved AS (
    SELECT *, later(CASE WHEN has_hold THEN resumed_at ELSE replied_at END, 6, u(n, 7)) AS solved_at FROM resumed
), reopened AS (
    SELECT *, later(solved_at, 30, u(n, 8)) AS reopened_at FROM resolved
)
SELECT *, later(reopened_at, 10, u(n, 9)) AS again_at FROM reopened;
"""

_STEPS = (
    ("opened", "opened_at", "opened", "customer", "'open'", "true"),
    ("bot", "opened_at + INTERVAL 20 SECOND", "reply", "bot", "NULL", "true"),
    ("replied", "replied_at", "reply", "agent", "NULL", "true"),
    ("held", "held_at", "status", "agent", "'on_hold'", "has_hold"),
    ("resumed", "resumed_at", "status", "agent", "'open'", "has_hold"),
    ("noted", "resumed_at", "note", "agent", "NULL", "true"),
    ("solved", "solved_at", "status", "agent", "'resolved'", "true"),
    ("reopened", "reopened_at", "status", "customer", "'open'", "comes_back"),
    ("again", "again_at", "status", "agent", "'resolved'", "comes_back"),
    ("last", "again_at", "merged", "agent", "NULL", "is_merged"),
)
"""Event, when, kind, author, state, and of which tickets; the others have a note there, so that all have ten."""

_TICKETS = """
SELECT n AS id, 'T-' || n AS number, n % 50000 + 1 AS customer_id, 'Ticket ' || n AS subject,
    ['email', 'web', 'phone', 'chat'][CAST(n % 4 AS INT) + 1] AS channel,
    ['Delivery', 'Payment', 'Account', 'Damaged goods', 'Returns', 'Question'][CAST(hash(n) % 6 AS INT) + 1]
        AS category,
    ['low', 'normal', 'high', 'urgent'][CAST(hash(n + 7) % 4 AS INT) + 1] AS priority,
    'resolved' AS status, 'resolved' AS state, NULL::BIGINT AS product_id, n % 50 + 1 AS assignee_id,
    n % 5 + 1 AS team_id, 'customer' AS opened_by, opened_at, replied_at AS first_replied_at,
    solved_at AS first_resolved_at, CASE WHEN comes_back THEN again_at ELSE solved_at END AS resolved_at,
    comes_back::BIGINT AS reopened, opened_at + INTERVAL 4 HOUR AS response_due_at,
    opened_at + INTERVAL 24 HOUR AS resolution_due_at, NULL::TIMESTAMPTZ AS due_at, NULL::BOOLEAN AS is_sla_met,
    CASE WHEN u(n, 10) < 0.35 THEN u(n, 11) < 0.8 END AS is_satisfied,
    CASE WHEN u(n, 10) < 0.35 THEN again_at + INTERVAL 5 HOUR END AS rated_at,
    CASE WHEN is_merged THEN n - 1 END AS merged_into_id
FROM course ORDER BY n
"""


def files(folder: Path) -> dict[str, str]:
    """The file of each table, written where it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: str(folder / f"{name}-{N_TICKETS}.parquet") for name in NAMES}
    if not all(Path(path).exists() for path in found.values()):
        _write(found, folder)
    return found


def _write(paths: dict[str, str], folder: Path) -> None:
    connection = duckdb.connect(str(folder / "making.duckdb"), config={"memory_limit": "1GB"})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(_COURSE)
    steps = " UNION ALL ".join(
        f"SELECT n, {k} AS k, {at} AS \"at\", CASE WHEN {which} THEN '{kind}' ELSE 'note' END AS kind, "
        f"'{author}' AS author, CASE WHEN {which} THEN {state}::VARCHAR END AS state FROM course"
        for k, (_name, at, kind, author, state, which) in enumerate(_STEPS)
    )
    events = f"""
        SELECT (n - 1) * 10 + k + 1 AS id, n AS ticket_id, \"at\", kind, author, NULL::BIGINT AS author_id,
            NULL::VARCHAR AS before, NULL::VARCHAR AS after, state FROM ({steps}) ORDER BY id
    """
    for name, rows in (("tickets", _TICKETS), ("ticket_events", events)):
        columns = ", ".join(f'"{column}"' for column in TABLES[name].columns)
        connection.execute(
            f"COPY (SELECT {columns} FROM ({rows})) TO '{paths[name]}.part' "
            "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 65536)"
        )
    connection.close()
    (folder / "making.duckdb").unlink()
    for path in paths.values():
        Path(f"{path}.part").rename(path)
