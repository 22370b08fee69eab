"""What an import did, or would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crm_core.errors import FieldError
from crm_core.imports.problems import RowProblem

MAX_LISTED = 100
"""So many problems are listed; all of them are counted, and in the rejects file."""


@dataclass(frozen=True)
class ImportResult:
    """Counts of the file's rows (`read` is the sum of the five others), and of records by kind.

    `import_id` is None for a dry run. `rejects_file` names the CSV of the rows that were left out, with the reasons,
    where there are any. `problems` are the first hundred; `notes` what else a person should know.
    """

    import_id: int | None
    read: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    rejected: int
    rejects_file: str | None
    by_entity: Mapping[str, Mapping[str, int]]
    problems: tuple[RowProblem, ...] = ()
    notes: tuple[FieldError, ...] = ()
    is_dry_run: bool = False
