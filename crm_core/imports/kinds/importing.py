"""Import a file of customers, products, tickets, deals or needs: read and checked, then written all or nothing."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_core.access import Actor, Permission
from crm_core.db.base import now
from crm_core.db.engine import Database
from crm_core.db.models import DealStage, Import, TicketStatus, WorkspaceRow
from crm_core.errors import ImportFailed, PermissionDenied
from crm_core.imports.kinds.building import Context, codes_of, problem_of
from crm_core.imports.kinds.loading import Counts, load_kind
from crm_core.imports.kinds.mapping import KindMapping
from crm_core.imports.kinds.reading import ReadFile, read_file
from crm_core.imports.kinds.references import References
from crm_core.imports.kinds.unpacking import unpacked
from crm_core.imports.orders import OnError, Progress, fingerprint_of, rejected
from crm_core.imports.plan import Mode
from crm_core.imports.problems import RowProblem
from crm_core.imports.rejects import write_rows_left_out
from crm_core.imports.result import MAX_LISTED, ImportResult
from crm_core.records.field_specs import PRIORITIES


def import_kind(
    *,
    database: Database,
    actor: Actor,
    path: Path,
    mapping: KindMapping,
    mode: Mode = "upsert",
    on_error: OnError = "stop",
    dry_run: bool = False,
    rejects_folder: Path,
    preset: str | None = None,
    file_name: str | None = None,
    timezone: str | None = None,
    progress: Progress | None = None,
) -> ImportResult:
    """Take the records of a file in, as one transaction and one change set; see `import_orders` for the parameters.

    Files that the mapping names as companions lie beside it and are read first. What rows name and nobody knows yet is
    made: customers, products, teams, and accounts that cannot sign in.

    Raises:
        PermissionDenied: the actor's role does not import, or the actor sees only some of the customers.
        ImportFailed: a file cannot be read as what it should be, or does not fit the mapping.
        ImportRejected: rows cannot be loaded; `problems` has the first hundred. Nothing was written.
        StorageFailed: the disk is full or read-only. Nothing was written.
    """
    actor.require(Permission.IMPORTS_RUN)
    if not actor.scope.is_everything:
        raise PermissionDenied("An import concerns everybody's customers; your account sees only its own.")
    name = file_name or path.name
    with ExitStack() as stack:
        with database.read() as session:
            context = _context(session, mapping)
            zone = timezone or session.scalars(select(WorkspaceRow.timezone)).one()
        companions = [
            _checked(read_file(_beside(path, file), file, its, zone), context)
            for file, its in mapping.companions.items()
        ]
        read = _checked(read_file(stack.enter_context(unpacked(path, name)), name, mapping, zone), context)
        problems = [problem for file in (*companions, read) for problem in file.problems]
        if problems and on_error == "stop":
            n_bad = len({problem.row for problem in problems})
            raise rejected(name, read.n_read, n_bad, tuple(problems[:MAX_LISTED]))
        if progress is not None:
            progress(read.n_read // 2, read.n_read)
        files = [*companions, read]
        listed = tuple(problems[:MAX_LISTED])
        if dry_run:
            with database.read() as session:
                counts = _load_all(session, files, context, mode, None)
            return ImportResult(None, **_row_counts(read, counts), rejects_file=None, problems=listed, is_dry_run=True)
        rejects: Path | None = None
        try:
            with database.write(actor, "import") as session:
                session.execute(select(WorkspaceRow.id).with_for_update())  # one import at a time
                record = Import(
                    kind=mapping.kind, file_name=name[-300:], file_sha256=fingerprint_of(path), preset=preset,
                    mapping=read.mapping.as_dict(), mode=mode, on_error=on_error, counts={}, actor_id=actor.user_id,
                )  # fmt: skip
                session.add(record)
                session.flush()
                counts = _load_all(session, files, context, mode, record.id)
                record.counts = _row_counts(read, counts)
                if session.n_changes or session.collected or session.created_ranges:
                    session.change_set.cause_id = record.id
                    record.change_set_id = session.change_set_id()
                if read.problems:
                    rejects = rejects_folder / f"import-{record.id}-rejects.csv"
                    write_rows_left_out(read.file, read.problems, rejects)
                    record.rejects_file = str(rejects)
        except IntegrityError as error:
            raise ImportFailed(
                "Someone else saved some of the same records while {file} was being imported. Nothing was written; "
                "import it again.",
                file=name,
            ) from error
        except BaseException:
            if rejects is not None:
                rejects.unlink(missing_ok=True)  # of an import that is not there
            raise
    if progress is not None:
        progress(read.n_read, read.n_read)
    return ImportResult(record.id, **record.counts, rejects_file=record.rejects_file, problems=listed)


def known_codes(session: Session, kind: str, field: str) -> dict[str, str]:
    """The codes a field may hold, with what each is called; of tickets' statuses and of stages the workspace's own."""
    names = {row.code: row.name for row in session.scalars(select(TicketStatus))}
    names |= {row.code: row.name for row in session.scalars(select(DealStage))}
    context = _context(session, KindMapping(kind, {}))
    codes = codes_of(kind, field, states=context.states, stages=context.stages)
    return {code: names.get(code) or PRIORITIES.get(code) or code for code in codes}


def _context(session: Session, mapping: KindMapping) -> Context:
    stages = session.scalars(select(DealStage).order_by(DealStage.position, DealStage.id)).all()
    statuses = session.scalars(select(TicketStatus).order_by(TicketStatus.position)).all()
    return Context(
        references=References(session, None),
        states={status.code: status.state for status in statuses},
        stages={stage.code: stage.outcome for stage in stages},
        first_stage=mapping.rules.first_stage,
        now=now(),
    )


def _beside(path: Path, file: str) -> Path:
    if Path(file).name != file:
        raise ImportFailed(
            "The companion '{file}' must be the name of a file beside {path}.", file=file, path=path.name
        )
    return path.parent / file


def _checked(read: ReadFile, context: Context) -> ReadFile:
    """The rows whose codes are known, with what holds for all of them; the others are problems."""
    kind, columns, fixed = read.mapping.kind, read.mapping.columns, read.mapping.values
    good: list[tuple[int, dict[str, Any]]] = []
    problems = list(read.problems)
    for row, values in read.rows:
        values |= fixed
        wrong = problem_of(kind, values, context)
        if wrong is None:
            good.append((row, values))
        else:
            field, problem = wrong
            problems.append(
                RowProblem(row, columns.get(field), str(values[field]), problem.template, problem.params or {})
            )
    return replace(read, rows=good, problems=sorted(problems, key=lambda problem: problem.row))


def _load_all(session: Session, files: list[ReadFile], context: Context, mode: Mode, import_id: int | None) -> Counts:
    """Load each file; the counts of the last one's rows, and of records of all."""
    context = replace(context, references=References(session, import_id))
    counts = Counts()
    for file in files:
        if file.mapping.rules.is_log:
            file.rows.sort(key=lambda item: (item[1]["updated_at"] or item[1]["opened_at"], item[0]))
        loaded = load_kind(session, file.mapping, [values for _row, values in file.rows], context, mode, import_id)
        counts = Counts(loaded.rows, counts.merged(loaded.entities))
    return Counts(
        counts.rows, counts.merged({name: {"created": n} for name, n in context.references.created.items() if n})
    )


def _row_counts(read: ReadFile, counts: Counts) -> dict[str, Any]:
    n_rejected = len({problem.row for problem in read.problems})
    rows = {name: counts.rows.get(name, 0) for name in ("created", "updated", "unchanged", "skipped")}
    return {"read": read.n_read, **rows, "rejected": n_rejected, "by_entity": counts.entities}
