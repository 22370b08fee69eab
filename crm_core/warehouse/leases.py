"""Who still reads a version: shared locks on its manifest, which the kernel lets go when a process dies.

A reader holds a shared `flock` on the manifest of its version. Whoever removes old versions takes the lock exclusively,
without waiting: what is still read stays until its reader leaves.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from crm_core.warehouse import manifest as manifests
from crm_core.warehouse.layout import FOLDERS

log = logging.getLogger(__name__)

SPILL = "spill"
"""The folder under which each process that queries a snapshot has one for what does not fit in memory."""


@contextmanager
def refreshing(folder: Path, *, wait: float = -1) -> Iterator[None]:
    """Be the only one of all processes that writes to the folder, from here to the end of the block.

    Args:
        wait: seconds to wait for another one; -1 as long as it takes.

    Raises:
        filelock.Timeout: another one is still at it.
    """
    with FileLock(folder / "refresh.lock", timeout=wait):
        yield


def hold(path: Path) -> int | None:
    """Keep a file from being removed: a descriptor to pass to `let_go`, or None where the file is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    if os.fstat(descriptor).st_nlink == 0:  # removed between opening and locking it
        os.close(descriptor)
        return None
    return descriptor


def let_go(descriptor: int) -> None:
    """Give up what `hold` gave."""
    os.close(descriptor)


def leave(folder: Path, version: int, descriptor: int) -> None:
    """Stop reading a version, and remove it if it is an old one and this was its last reader."""
    let_go(descriptor)
    if manifests.current_version(folder) == version:
        return
    try:
        with refreshing(folder, wait=0):
            sweep(folder)
    except Timeout:
        log.debug("a refresh is under way and will remove version %d", version)
    except OSError as error:
        log.warning("version %d of the snapshot is read no more but could not be removed: %s", version, error)


def sweep(folder: Path) -> None:
    """Remove what nobody needs: old versions without readers, and leftovers of processes that died.

    Call it within `refreshing`: blocks that are being written are in no manifest yet.
    """
    current = manifests.current_version(folder)
    for version in manifests.versions(folder):
        if version != current:
            _remove_unless_held(manifests.path_of(folder, version))
    for leftover in folder.glob("*.tmp"):
        leftover.unlink(missing_ok=True)
    kept = (manifests.parse(folder, version) for version in manifests.versions(folder))
    needed = {block.file for manifest in kept if manifest for block in manifest.blocks()}
    for table in FOLDERS:
        for path in (folder / table).glob("*"):
            if f"{table}/{path.name}" not in needed:
                path.unlink(missing_ok=True)
    for lock in (folder / SPILL).glob("*.lock"):
        if _remove_unless_held(lock):
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)


def _remove_unless_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
