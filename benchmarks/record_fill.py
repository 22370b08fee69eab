"""A workspace of any number of customers with five things on the timeline of each, written past the ORM in minutes.

Not simulated: made to be searched, filtered, sorted and paged. The first customer has BUSY records of each kind. Words
are few, so that some are rare and some are in every fourth record.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.fixtures import opened
from crm_core.db.base import Base
from crm_core.records.kinds import KINDS
from crm_core.records.record_search import terms_of as record_terms
from crm_core.records.terms import reference_terms, sort_key, terms_of
from crm_core.workspace import Workspace

MADE_OF = {
    "orders": 1.0, "tickets": 1.0, "deals": 0.5, "activities": 1.5, "tasks": 0.5, "needs": 0.3, "consent_events": 0.2,
}  # fmt: skip
"""How many of each a customer has on average: five together."""
BUSY = 400
"""So many of each kind the first customer has."""
USERS = 20
_VERSION = "2"
_BATCH = 20_000
_DAY = 86_400_000_000
_END = 20_780 * _DAY  # in November 2026
_YEARS = 3 * 365 * _DAY
_GIVEN = (
    "Ana",
    "Ben",
    "Chloe",
    "David",
    "Emma",
    "Finn",
    "Grace",
    "Hugo",
    "Iris",
    "Jonas",
    "Kira",
    "Liam",
    "Mia",
    "Noah",
)
_BEGINNINGS = ("Ander", "Berg", "Clar", "Dor", "Eck", "Fisch", "Gold", "Hart", "Kauf", "Linden")
_ENDS = ("berg", "mann", "son", "feld", "stein", "bach", "wald", "hof", "ner", "ley", "ton", "wick")
_FAMILY = [first + last for first in _BEGINNINGS for last in _ENDS]
_COUNTRIES = ("DE", "DE", "DE", "FR", "GB", "ES", "CN", "US")
_COMMON = ("order", "delivery", "invoice", "account")
_THINGS = [
    a + b for a in ("prin", "scan", "lap", "moni", "rou", "char", "ta", "head") for b in ("ter", "ner", "top", "tor")
]
_ACTIONS = ("broken", "late", "missing", "wrong", "noisy", "slow", "lost", "blocked", "returned", "empty", "loose")
_STATES = (("new", "open"), ("new", "open"), ("waiting", "on_hold"), ("resolved", "resolved"))
_PRIORITIES = ("low", "normal", "normal", "normal", "high", "urgent")
_CATEGORIES = ("billing", "shipping", "quality", "returns", "other")
_CHANNELS = ("email", "phone", "chat", "web")
_STAGES = (("prospecting", "open"), ("engaging", "open"), ("won", "won"), ("lost", "lost"))


def records_workspace(folder: Path, customers: int) -> Workspace:
    """The workspace in the folder, built where it is not there yet."""
    done = folder / "done"
    wanted = f"{customers} {_VERSION}"
    if not done.exists() or done.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        opened(folder).close()
        _fill(next(folder.rglob("*.db")), customers)
        done.write_text(wanted)
    return opened(folder)


def _fill(path: Path, customers: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        "journal_mode = OFF",
        "synchronous = OFF",
        "foreign_keys = OFF",
        "cache_size = -500000",
        "temp_store = FILE",
    ):
        connection.execute(f"PRAGMA {pragma}")
    tables = ["customers", "customer_terms", "record_terms", *MADE_OF]
    marks = ", ".join("?" * len(tables))
    indexes = connection.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({marks})",
        tables,
    ).fetchall()
    connection.execute("BEGIN")
    for name, _sql in indexes:
        connection.execute(f"DROP INDEX {name}")
    connection.execute("CREATE TEMP TABLE words (table_name TEXT, term TEXT, row_id INTEGER)")
    _users(connection)
    chance = random.Random(17)
    _say("customers")
    _write(connection, "customers", _customers(connection, chance, customers))
    for table, each in MADE_OF.items():
        _say(table)
        _write(
            connection, table, _indexed(connection, table, _records(chance, table, round(each * customers), customers))
        )
    _say("words")
    connection.execute("INSERT INTO customer_terms (term, customer_id) SELECT term, row_id FROM words "
                       "WHERE table_name = 'customers' ORDER BY term, row_id")  # fmt: skip
    connection.execute("INSERT INTO record_terms (table_name, term, row_id) SELECT table_name, term, row_id FROM words "
                       "WHERE table_name <> 'customers' ORDER BY table_name, term, row_id")  # fmt: skip
    connection.execute("DROP TABLE words")
    _say("indexes")
    for _name, sql in indexes:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.close()


def _users(connection: sqlite3.Connection) -> None:
    rows = (
        {"id": n, "email": f"u{n}@example.org", "name": f"User {n}", "role": "support"} for n in range(1, USERS + 1)
    )
    _write(connection, "users", rows)


def _customers(connection: sqlite3.Connection, chance: random.Random, n: int) -> Iterator[dict[str, Any]]:
    words: list[tuple[str, str, int]] = []
    for row_id in range(1, n + 1):
        name = f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}"
        ref, email, phone = (
            f"C-{row_id:07d}",
            f"{name.replace(' ', '.').lower()}{row_id}@example.org",
            f"+4930{row_id:08d}",
        )
        words += [("customers", term, row_id) for term in terms_of(ref=ref, name=name, email=email, phone=phone)]
        if len(words) > _BATCH * 5 or row_id == n:
            connection.executemany("INSERT INTO words VALUES (?, ?, ?)", words)
            words.clear()
        yield {
            "id": row_id, "ref": ref, "name": name, "sort_name": sort_key(name), "email": email, "phone": phone,
            "country": chance.choice(_COUNTRIES), "city": "Somewhere", "source": chance.choice(_CHANNELS),
            "owner_id": chance.randint(1, USERS), "has_marketing_consent": chance.choice((None, 0, 1)),
            "created_at": _some_time(chance),
        }  # fmt: skip


def _records(chance: random.Random, table: str, n: int, customers: int) -> Iterator[dict[str, Any]]:
    for row_id in range(1, n + 1):
        at = _some_time(chance)
        words = f"{chance.choice(_COMMON)} {chance.choice(_THINGS)} {chance.choice(_ACTIONS)}"
        row = {"id": row_id, "customer_id": 1 if row_id <= BUSY else chance.randint(1, customers)}
        yield row | _made(chance, table, row_id, at, words)


def _made(chance: random.Random, table: str, row_id: int, at: int, words: str) -> dict[str, Any]:
    """What a record of the table holds besides its customer."""
    owner = chance.choice((None, *range(1, USERS + 1)))
    priority = chance.choice(_PRIORITIES)
    if table == "orders":
        return {
            "number": f"O-{row_id:06d}", "ordered_at": at, "country": chance.choice(_COUNTRIES),
            "channel": chance.choice(_CHANNELS),
        }  # fmt: skip
    if table == "tickets":
        status, state = chance.choice(_STATES)
        due = None if state != "open" else at + _DAY
        return {
            "number": f"T-{row_id:06d}", "subject": words, "text": f"{words}, {chance.choice(_ACTIONS)}",
            "status": status, "state": state, "priority": priority, "channel": chance.choice(_CHANNELS),
            "opened_at": at, "due_at": due,
            "category": chance.choice(_CATEGORIES), "assignee_id": owner, "response_due_at": due,
            "resolved_at": at + _DAY if state == "resolved" else None,
        }  # fmt: skip
    if table == "deals":
        stage, outcome = chance.choice(_STAGES)
        closes = f"{2024 + row_id % 4}-{1 + row_id % 12:02d}-{1 + row_id % 28:02d}" if row_id % 5 else None
        return {
            "number": f"D-{row_id:06d}", "name": words, "stage": stage, "outcome": outcome, "owner_id": owner,
            "amount_e4": chance.choice((None, 10_000 * chance.randint(1, 50_000))), "expected_close_on": closes,
            "source": chance.choice(_CHANNELS), "opened_at": at, "stage_since": at,
            "closed_at": None if outcome == "open" else at + 30 * _DAY,
        }  # fmt: skip
    if table == "activities":
        kind = chance.choice(("call", "email", "meeting", "note"))
        return {"kind": kind, "at": at, "subject": words, "owner_id": owner, "minutes": 10, "created_at": at}
    if table == "tasks":
        due_on = f"{2025 + row_id % 2}-{1 + row_id % 12:02d}-{1 + row_id % 28:02d}" if row_id % 7 else None
        return {
            "title": words,
            "due_on": due_on,
            "priority": priority,
            "owner_id": owner,
            "is_done": row_id % 2,
            "created_at": at,
        }
    if table == "needs":
        return {
            "title": words,
            "status": chance.choice(("new", "planned", "done")),
            "priority": priority,
            "created_at": at,
        }
    return {"at": at, "has_consent": row_id % 2, "how": "form", "said_by": "User 1"}


def _indexed(connection: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same rows, their words written down on the way."""
    kind = KINDS.get(table)
    words: list[tuple[str, str, int]] = []
    for row in rows:
        if kind is not None:
            texts = tuple(row.get(name) for name in kind.searched if name != "number")
            found = {*_words(table, texts), *reference_terms(row.get("number", ""))}
            words += [(table, term, row["id"]) for term in found]
            if len(words) > _BATCH * 5:
                connection.executemany("INSERT INTO words VALUES (?, ?, ?)", words)
                words.clear()
        yield row
    connection.executemany("INSERT INTO words VALUES (?, ?, ?)", words)


@cache
def _words(table: str, texts: tuple[str | None, ...]) -> frozenset[str]:
    """The terms of records with these texts, as saving one would write them."""
    kind = KINDS[table]
    names = [name for name in kind.searched if name != "number"]
    return frozenset(record_terms(kind, dict(zip(names, texts, strict=True))))


def _write(connection: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows that all have the same columns; those left out get the model's default."""
    source = iter(rows)
    first = next(source)
    defaults = _defaults(table, first)
    columns = [*first, *defaults]
    into = ", ".join(f'"{name}"' for name in columns)
    statement = f'INSERT INTO "{table}" ({into}) VALUES ({", ".join("?" * len(columns))})'
    tail = tuple(defaults.values())
    connection.execute(statement, (*first.values(), *tail))
    while batch := [(*row.values(), *tail) for row in islice(source, _BATCH)]:
        connection.executemany(statement, batch)


def _defaults(table: str, given: Sequence[str] | dict[str, Any]) -> dict[str, Any]:
    """What the model gives the columns that are not named and may not be empty."""
    known: dict[type, Any] = {str: "", int: 0, bool: 0}
    found: dict[str, Any] = {}
    for column in Base.metadata.tables[table].columns:
        if column.name in given or column.nullable:
            continue
        default = column.default
        if default is not None and default.is_scalar:
            found[column.name] = default.arg
        elif column.server_default is None:
            found[column.name] = (
                "[]"
                if column.name == "tags"
                else "{}"
                if column.name == "custom"
                else known.get(getattr(column.type, "python_type", int), _END)
            )
    return found | ({"version": 1} if "version" in Base.metadata.tables[table].columns else {})


def _some_time(chance: random.Random) -> int:
    return _END - chance.randrange(_YEARS)


def _say(step: str) -> None:
    print(f"  filling {step}", file=sys.stderr, flush=True)
