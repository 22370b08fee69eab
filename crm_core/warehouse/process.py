"""A refresh in a process of its own: keeps ADBC away from the SQLite this process writes with, and memory and load too.

The child does the whole refresh, the lock included: if the parent dies meanwhile, it ends its work in peace.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from filelock import Timeout

from crm_core.db.engine import Database
from crm_core.errors import StorageFailed
from crm_core.warehouse.refresh import RefreshResult, refresh_here

_CHILD = "from crm_core.warehouse.process import main; main()"


def refresh_in_own_process(database: Database, folder: Path, *, full: bool = False, wait: float = -1) -> RefreshResult:
    """What `refresh_here` does, done by a child process this one waits for.

    Raises:
        StorageFailed: as `refresh_here`, or the child was killed; the last version stays as it was.
        filelock.Timeout: another refresh is still under way after `wait` seconds.
    """
    url = database.url
    if database.path is not None:
        url = url.set(database=str(database.path.resolve()))
    request = {
        "url": url.render_as_string(hide_password=False), "folder": str(folder.resolve()), "full": full, "wait": wait
    }  # fmt: skip
    # The request holds a password: it goes through a pipe, where no list of processes shows it.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", _CHILD],
        input=json.dumps(request), stdout=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise StorageFailed(
            "The process that refreshed the snapshot ended early (exit code {exit_code}); the last snapshot stays in "
            "use. Try again; if it happens again, the log says more.",
            exit_code=done.returncode,
        )
    answer = json.loads(done.stdout)
    if answer.get("is_busy"):
        raise Timeout(str(folder))
    if "template" in answer:
        raise StorageFailed(answer["template"], **answer["params"])
    return RefreshResult(**answer)


def main() -> None:
    """Do the refresh that stands on stdin as JSON; print its result, or why it failed, as JSON."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    request = json.load(sys.stdin)
    database = Database(request["url"])
    answer: dict[str, object]
    try:
        result = refresh_here(
            database, Path(request["folder"]), full=request["full"], is_alone=True, wait=request["wait"]
        )
        answer = asdict(result)
    except Timeout:
        answer = {"is_busy": True}
    except StorageFailed as error:
        answer = {"template": error.template, "params": error.params}
    json.dump(answer, sys.stdout)
