"""Everything Rapport raises on purpose.

    CrmError                      base; has a stable `code` and a sentence for people
    ├── ConfigError               settings that cannot work or are not safe
    ├── WorkspaceMissing          no database here yet, or one that needs an upgrade
    ├── WorkspaceNotEmpty         the demo would mix with real records
    ├── StorageFailed             the disk is full, read-only or broken
    │   └── StorageBusy           someone else has been writing for too long; saving again will do
    ├── PermissionDenied          the actor's role does not allow this
    ├── SignInFailed              wrong e-mail or password, or a disabled account
    │   └── TooManyTries          guessing is slowed down; says when to try again
    ├── LinkInvalid               a one-time link that is used, too old or never was one
    ├── NotFound                  no such record, or not for this viewer
    ├── Invalid                   values that cannot be saved, by field
    ├── Conflict                  someone else changed the same fields meanwhile
    ├── UndoRefused               nothing to undo, or it is undone already
    ├── ImportFailed              the file cannot be read as what it should be
    │   └── ImportRejected        rows that cannot be loaded; nothing was written
    ├── AnalysisRefused           the data cannot carry the claim
    ├── AnalysisFailed            the computation broke
    │   └── WorkerDied            the process computing it is gone
    ├── Cancelled                 someone stopped the computation
    └── SnapshotMissing           the warehouse holds no complete snapshot yet

The message is written for the person who meets it: what happened, where, what to do. The UI translates by `code` with
`params`; the command line prints the message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


class CrmError(Exception):
    """Something Rapport refuses or cannot do, said in a sentence for people."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **params: Any) -> None:
        super().__init__(message.format(**params) if params else message)
        self.template = message
        self.params: dict[str, Any] = params


class ConfigError(CrmError):
    """Settings that cannot work or are not safe."""

    code = "config"


class WorkspaceMissing(CrmError):
    """There is no database here yet, or it needs an upgrade."""

    code = "workspace_missing"


class WorkspaceNotEmpty(CrmError):
    """The workspace holds records already."""

    code = "workspace_not_empty"


class StorageFailed(CrmError):
    """The disk is full, read-only or broken; nothing was half-written."""

    code = "storage_failed"


class StorageBusy(StorageFailed):
    """Another writer, such as a large import, holds the database; nothing was written, and trying again will do."""

    code = "storage_busy"


class PermissionDenied(CrmError):
    """The actor's role does not allow this."""

    code = "permission_denied"


class SignInFailed(CrmError):
    """Wrong e-mail or password, or a disabled account: the words are the same, so that nobody learns which."""

    code = "sign_in_failed"


class TooManyTries(SignInFailed):
    """Guessing is slowed down; `params["minutes"]` and `retry_after` (seconds) say when to try again."""

    code = "too_many_tries"

    def __init__(self, message: str, *, retry_after: int, **params: Any) -> None:
        super().__init__(message, **params)
        self.retry_after = retry_after


class LinkInvalid(CrmError):
    """A one-time link that is used, too old or never was one."""

    code = "link_invalid"


class NotFound(CrmError):
    """There is no such record, or the viewer may not see it."""

    code = "not_found"


class Invalid(CrmError):
    """Values that cannot be saved; `fields` says what is wrong with each."""

    code = "invalid"

    def __init__(self, fields: Mapping[str, FieldError]) -> None:
        super().__init__("; ".join(f"{name}: {error}" for name, error in fields.items()))
        self.fields = dict(fields)


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: a message template and what fills it, so that it can be translated."""

    template: str
    params: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return self.template.format(**(self.params or {}))


@dataclass(frozen=True)
class FieldConflict:
    """One field that two people changed: what it was, what it is now, what this person wants."""

    field: str
    original: Any
    theirs: Any
    yours: Any


class Conflict(CrmError):
    """Someone else changed the same fields since this record was read; nothing was saved."""

    code = "conflict"

    def __init__(self, fields: Sequence[FieldConflict], *, current_version: int, changed_by: str | None = None) -> None:
        super().__init__(
            "Someone else changed the same fields meanwhile: {fields}", fields=", ".join(f.field for f in fields)
        )
        self.fields = tuple(fields)
        self.current_version = current_version
        self.changed_by = changed_by


class UndoRefused(CrmError):
    """There is nothing to undo, or it is undone already."""

    code = "undo_refused"


class ImportFailed(CrmError):
    """The file cannot be read as what it should be; nothing was written."""

    code = "import_failed"


class ImportRejected(ImportFailed):
    """Some rows cannot be loaded; nothing was written. `problems` lists the first of them."""

    code = "import_rejected"

    def __init__(self, message: str, *, problems: Sequence[Any] = (), **params: Any) -> None:
        super().__init__(message, **params)
        self.problems = tuple(problems)


class AnalysisRefused(CrmError):
    """The data cannot carry the claim; the message says why and what would."""

    code = "analysis_refused"


class AnalysisFailed(CrmError):
    """The computation broke."""

    code = "analysis_failed"


class WorkerDied(AnalysisFailed):
    """The process that computed this is gone; it can be tried again."""

    code = "worker_died"


class Cancelled(CrmError):
    """Someone stopped the computation; it can be started again."""

    code = "cancelled"


class SnapshotMissing(CrmError):
    """The warehouse holds no complete snapshot yet."""

    code = "snapshot_missing"
