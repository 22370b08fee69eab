"""Import a file of orders: read and checked outside the database, then written in one transaction, all or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.engine import Database
from crm_core.db.history import TrackedSession
from crm_core.db.models import Import, TableVersion, WorkspaceRow
from crm_core.errors import FieldError, ImportFailed, ImportRejected, PermissionDenied
from crm_core.imports.batches import OrderFile
from crm_core.imports.grouping import gather, number_lines, refuse_second_customers
from crm_core.imports.load import load
from crm_core.imports.mapping import Mapping
from crm_core.imports.matching import fetch_known
from crm_core.imports.open_file import open_file
from crm_core.imports.plan import Mode, count_entities, count_rows, plan
from crm_core.imports.problems import RowProblem
from crm_core.imports.rejects import write_rejects
from crm_core.imports.result import MAX_LISTED, ImportResult
from crm_core.imports.rows import RowChecker, problem_columns
from crm_core.imports.settle import settle
from crm_core.imports.staging import Staging, staging
from crm_core.translation import N_

OnError = Literal["stop", "skip"]
Progress = Callable[[int, int | None], None]

_COUNTRIES_NOTED = 10
_NO_COUNTRY = N_("No country is known by these names, so they are kept as the region: {names}.")


@dataclass(frozen=True)
class _Staged:
    """A file whose rows are staged and checked."""

    file: OrderFile
    mapping: Mapping
    n_read: int
    notes: tuple[FieldError, ...]


def import_orders(
    *,
    database: Database,
    actor: Actor,
    path: Path,
    mapping: Mapping,
    mode: Mode = "upsert",
    on_error: OnError = "stop",
    dry_run: bool = False,
    rejects_folder: Path,
    preset: str | None = None,
    file_name: str | None = None,
    timezone: str | None = None,
    progress: Progress | None = None,
) -> ImportResult:
    """Take the orders of a file in, as one transaction and one change set.

    Rows that cannot be loaded stop the whole import, or with `on_error="skip"` are left out and written to a CSV in
    `rejects_folder`. `mode` says whether lines that are not there yet are created and lines that are there are changed;
    a dry run counts the same and writes nothing. `timezone` is that of times without one where the mapping has none,
    else the workspace's. `progress` gets rows done and in all (None while unknown); a row is half done when it is
    checked and done when it is written.

    Raises:
        PermissionDenied: the actor's role does not import, or the actor sees only some of the customers.
        ImportFailed: the file cannot be read as what it should be, or does not fit the mapping.
        ImportRejected: rows cannot be loaded; `problems` has the first hundred. Nothing was written.
        StorageFailed: the disk is full or read-only. Nothing was written.
    """
    actor.require(Permission.IMPORTS_RUN)
    if not actor.scope.is_everything:
        raise PermissionDenied("An import concerns everybody's customers; your account sees only its own.")
    mapping = Mapping.from_dict(
        mapping.as_dict()
    )  # one put together in a form may lack what a file's has been checked for
    name = file_name or path.name
    with staging(rejects_folder) as staged:
        read = _read(staged, database, path, name, mapping, timezone, progress)
        problems = _first_problems(staged)
        if problems and on_error == "stop":
            n_bad = staged.count("SELECT count(DISTINCT row) FROM problems")
            raise rejected(name, read.n_read, n_bad, problems)
        gather(staged)
        with database.read() as session:
            seen = _versions(session)
            counts = _plan(session, staged, mode, read.n_read)
        if dry_run:
            return ImportResult(None, **counts, rejects_file=None, problems=problems, notes=read.notes, is_dry_run=True)
        report = _second_half(progress, read.n_read)
        fingerprint = fingerprint_of(path)
        rejects: Path | None = None
        try:
            with database.write(actor, "import") as session:
                session.execute(select(WorkspaceRow.id).with_for_update())  # one import at a time
                if _versions(session) != seen:  # others wait for this transaction, so it plans only what it must
                    counts = _plan(session, staged, mode, read.n_read)
                record = Import(
                    kind="orders", file_name=name[-300:], file_sha256=fingerprint, preset=preset,
                    mapping=read.mapping.as_dict(), mode=mode, on_error=on_error, counts=counts, actor_id=actor.user_id,
                )  # fmt: skip
                session.add(record)
                session.flush()
                _load(session, staged, record, counts, mapping, report)
                if problems:
                    rejects = rejects_folder / f"import-{record.id}-rejects.csv"
                    write_rejects(staged, read.file, rejects)
                    record.rejects_file = str(rejects)
        except (IntegrityError, _driver_errors(database)) as error:
            raise ImportFailed(
                "Someone else saved some of the same orders, products or customers while {file} was being imported."
                " Nothing was written; import it again.",
                file=name,
            ) from error
        except BaseException:
            if rejects is not None:
                rejects.unlink(missing_ok=True)  # of an import that is not there
            raise
    if progress is not None:
        progress(read.n_read, read.n_read)
    return ImportResult(record.id, **counts, rejects_file=record.rejects_file, problems=problems, notes=read.notes)


def _read(
    staged: Staging,
    database: Database,
    path: Path,
    name: str,
    mapping: Mapping,
    timezone: str | None,
    progress: Progress | None,
) -> _Staged:
    """Read the file into the staging and check all of it."""
    file = open_file(path, name, mapping.options)
    mapping = settle(mapping, file)
    checker = RowChecker(mapping, ZoneInfo(mapping.options.timezone or timezone or _workspace_timezone(database)))
    unknown: set[str] = set()
    n_read = 0
    for batch in file.read(list(dict.fromkeys(mapping.columns.values()))):
        checked = checker.check(batch)
        staged.add("staged", checked.rows)
        staged.add("problems", problem_columns(checked.problems))
        unknown |= checked.unknown_countries
        n_read += batch.n_read
        if progress is not None:
            progress(n_read // 2, file.n_rows)
    if n_read == 0:
        raise ImportFailed("{file} has a header but no rows.", file=name)
    number_lines(staged, line_column=mapping.columns.get("line_number"))
    if "customer_ref" in mapping.columns:
        refuse_second_customers(staged, customer_column=mapping.columns["customer_ref"])
    notes = file.notes
    if unknown:
        names = sorted(unknown)[:_COUNTRIES_NOTED] + ["…"] * (len(unknown) > _COUNTRIES_NOTED)
        notes += (FieldError(_NO_COUNTRY, {"names": ", ".join(names)}),)
    return _Staged(file, mapping, n_read, notes)


def _plan(session: Session, staged: Staging, mode: Mode, n_read: int) -> dict[str, Any]:
    fetch_known(session, staged)
    plan(staged, mode)
    return {**count_rows(staged, n_read), "by_entity": count_entities(staged)}


def _versions(session: Session) -> dict[str, int]:
    """How often each table was changed so far."""
    return {row.table_name: row.table_version for row in session.execute(select(*TableVersion.__table__.columns))}


def _load(
    session: TrackedSession,
    staged: Staging,
    record: Import,
    counts: dict[str, Any],
    mapping: Mapping,
    report: Callable[[int], None],
) -> None:
    """Write what is planned; an import that changes nothing leaves no change set."""
    if not any(of_kind["created"] or of_kind["updated"] for of_kind in counts["by_entity"].values()):
        return
    session.change_set.cause_id = record.id
    record.change_set_id = session.change_set_id()
    load(session, staged, import_id=record.id, rules=mapping.rules, report=report)


def _first_problems(staged: Staging) -> tuple[RowProblem, ...]:
    rows = staged.all(
        f'SELECT row, "column", value, template, params FROM problems ORDER BY row, "column" LIMIT {MAX_LISTED}'  # noqa: S608
    )
    return tuple(
        RowProblem(row, column, value, template, json.loads(params)) for row, column, value, template, params in rows
    )


def rejected(name: str, n_read: int, count: int, problems: tuple[RowProblem, ...]) -> ImportRejected:
    """What to say of a file of which `count` rows cannot be loaded, `problems` the first of what is wrong with them."""
    first = problems[0]
    given: dict[str, Any] = {"file": name, "row": first.row, "problem": first.problem, "read": n_read, "count": count}
    if first.column is None:
        if count == 1:
            return ImportRejected("{file}, row {row}: {problem} Nothing was imported.", problems=problems, **given)
        return ImportRejected(
            "{file}, row {row}: {problem} {count} of {read} rows have problems; nothing was imported.",
            problems=problems,
            **given,
        )
    given["column"] = first.column
    if count == 1:
        return ImportRejected(
            "{file}, row {row}, column '{column}': {problem} Nothing was imported.", problems=problems, **given
        )
    return ImportRejected(
        "{file}, row {row}, column '{column}': {problem} {count} of {read} rows have problems; nothing was imported.",
        problems=problems,
        **given,
    )


def _workspace_timezone(database: Database) -> str:
    with database.read() as session:
        return session.execute(select(WorkspaceRow.timezone)).scalar_one()


def _driver_errors(database: Database) -> type[Exception]:
    """What the driver itself raises where two writers store the same key; mass inserts go past SQLAlchemy."""
    errors: type[Exception] = database.engine.dialect.loaded_dbapi.IntegrityError
    return errors


def _second_half(progress: Progress | None, n_read: int) -> Callable[[int], None]:
    def report(written: int) -> None:
        if progress is not None:
            progress((n_read + written) // 2, n_read)

    return report


def fingerprint_of(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
