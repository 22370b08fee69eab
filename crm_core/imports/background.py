"""An import in a process of its own: the server stays quick and small, and a death leaves nothing half-written.

The child is told what to do in one pickled message on its standard input and answers with pickled messages on its
standard output: progress, then the result or the error. Both ends are this program and nobody else can write to the
pipes. If the child dies, the database rolls its transaction back.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from crm_core.access import Actor
from crm_core.db.engine import Database
from crm_core.errors import CrmError, ImportFailed
from crm_core.imports.kinds import KindMapping, import_kind
from crm_core.imports.orders import import_orders
from crm_core.imports.result import ImportResult


def import_in_background(
    *, database: Database, actor: Actor, path: Path, progress: Callable[[int, int | None], None], **options: Any
) -> ImportResult:
    """As `import_orders`, or `import_kind` by the mapping, in a process of its own; blocks until it is done.

    Raises:
        CrmError: whatever `import_orders` raised.
        ImportFailed: the process died; nothing was written.
    """
    task = {"url": database.url.render_as_string(hide_password=False), "actor": actor, "path": path, "options": options}
    child = subprocess.Popen(
        [sys.executable, "-m", "crm_core.imports.background"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        return _follow(child, task, progress)
    except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
        raise ImportFailed(
            "The import of {file} was cut off before it was done; nothing was saved. Try again.",
            file=options.get("file_name") or path.name,
        ) from error
    finally:
        child.kill()  # it is done, dead, or its reader is leaving
        child.wait()
        cast("BinaryIO", child.stdout).close()


def _follow(child: subprocess.Popen[bytes], task: Any, progress: Callable[[int, int | None], None]) -> ImportResult:
    with cast("BinaryIO", child.stdin) as source:
        source.write(pickle.dumps(task))
    while True:
        kind, value = pickle.load(cast("BinaryIO", child.stdout))  # noqa: S301 (our own child's pipe)
        if kind == "progress":
            progress(*value)
        elif kind == "failed":
            raise value
        else:
            return cast("ImportResult", value)


def _serve(source: BinaryIO, target: BinaryIO) -> None:
    task = pickle.load(source)  # noqa: S301 (our own parent's pipe)

    def say(kind: str, value: Any) -> None:
        pickle.dump((kind, value), target)
        target.flush()

    database = Database(task["url"])
    try:
        mapping = task["options"]["mapping"]
        load = import_kind if isinstance(mapping, KindMapping) else import_orders
        result = load(
            database=database,
            actor=task["actor"],
            path=task["path"],
            progress=lambda done, total: say("progress", (done, total)),
            **task["options"],
        )
    except CrmError as error:
        say("failed", error)
    else:
        say("done", result)
    finally:
        database.dispose()


if __name__ == "__main__":
    messages = sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not mix with the messages
    _serve(sys.stdin.buffer, messages)
