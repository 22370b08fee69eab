"""The result store: what it keeps, how much, and what it does with files and disks that are broken."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from filelock import Timeout
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm_core.analytics import report_files
from crm_core.analytics.keys import ReportKey
from crm_core.analytics.progress import silent
from crm_core.analytics.report_memory import ReportMemory, Stored
from crm_core.analytics.store import ReportStore
from crm_core.analytics.values import named_types

TAKEN_AT = datetime(2024, 5, 1, 14, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Report:
    text: str
    frame: pd.DataFrame | None = None


TYPES = named_types(Report)


def key(name: str, family: str = "family") -> ReportKey:
    return ReportKey(sha256(name.encode()).hexdigest(), sha256(family.encode()).hexdigest())


def report(text: str, n_bytes: int = 0) -> Report:
    """A report whose file takes a little more than `n_bytes`."""
    numbers = pd.Series(list(os.urandom(n_bytes)), dtype="uint8")
    return Report(text, pd.DataFrame({"x": numbers}))


def text_of(stored: Stored | None) -> str | None:
    return None if stored is None else stored.report.text


def keep(store: ReportStore, name: str, n_bytes: int = 0, family: str = "family") -> bool:
    return store.put(key(name, family), Stored(report(name, n_bytes), TAKEN_AT), TYPES)


def report_paths(store: ReportStore) -> list[Path]:
    return sorted(store.folder.rglob("*.report"))


def disk_bytes(store: ReportStore) -> int:
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in report_paths(store))


def test_a_kept_report_is_there_for_this_and_every_other_process(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=10**6)
    assert store.get(key("a"), TYPES) is None
    assert keep(store, "a")
    for reader in (store, ReportStore(tmp_path, max_bytes=10**6)):
        stored = reader.get(key("a"), TYPES)
        assert stored is not None
        assert (stored.report.text, stored.taken_at) == ("a", TAKEN_AT)
        assert reader.get(key("b"), TYPES) is None


def test_the_memory_serves_without_the_disk(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=10**6)
    keep(store, "a")
    report_paths(store)[0].unlink()
    assert text_of(store.get(key("a"), TYPES)) == "a"


def test_the_memory_holds_no_more_than_its_bound_and_forgets_the_oldest_use() -> None:
    memory = ReportMemory(100)
    for name in "abc":
        assert memory.put(name, Stored(Report(name), TAKEN_AT), 30)
    assert text_of(memory.get("a")) == "a"
    memory.put("d", Stored(Report("d"), TAKEN_AT), 30)
    assert [text_of(memory.get(name)) for name in "abcd"] == ["a", None, "c", "d"]
    assert not memory.put("large", Stored(Report("large"), TAKEN_AT), 101)
    assert memory.get("large") is None
    memory.put("a", Stored(Report("A"), TAKEN_AT), 40)
    assert (memory.n_bytes, text_of(memory.get("a"))) == (100, "A")


def test_the_disk_bound_holds_after_a_hundred_reports(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=200_000, memory_bytes=0)
    for i in range(100):
        assert keep(store, f"report {i}", n_bytes=10_000, family=f"family {i % 7}")
        assert disk_bytes(store) <= 200_000
    assert disk_bytes(store) >= 100_000  # it is not simply empty
    assert text_of(store.get(key("report 99", "family 1"), TYPES)) == "report 99"
    assert store.get(key("report 0", "family 0"), TYPES) is None


def test_the_bound_holds_for_stores_of_several_processes_together(tmp_path: Path) -> None:
    stores = [ReportStore(tmp_path, max_bytes=100_000, memory_bytes=0) for _ in range(3)]
    for i in range(30):
        keep(stores[i % 3], f"report {i}", n_bytes=10_000)
        assert disk_bytes(stores[0]) <= 100_000


def test_the_report_used_longest_ago_goes_first(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=60_000, memory_bytes=0)
    for i, name in enumerate("abcd"):
        keep(store, name, n_bytes=10_000)
        os.utime(store.files._path(key(name)), (1_000_000 + i, 1_000_000 + i))
    store.get(key("a"), TYPES)
    keep(store, "e", n_bytes=10_000)
    kept = {name for name in "abcde" if store.get(key(name), TYPES) is not None}
    assert {"a", "e"} <= kept
    assert "b" not in kept


def test_a_report_used_from_memory_counts_as_used(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=10**6)
    keep(store, "a")
    path = report_paths(store)[0]
    os.utime(path, (1, 1))
    store.get(key("a"), TYPES)
    assert path.stat().st_mtime > 1


def test_a_report_larger_than_the_bound_is_not_kept_on_disk(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=50_000, memory_bytes=0)
    keep(store, "small", n_bytes=1000)
    assert not keep(store, "large", n_bytes=60_000)
    assert store.get(key("large"), TYPES) is None
    assert text_of(store.get(key("small"), TYPES)) == "small"
    assert not list(tmp_path.rglob("*.draft"))


@pytest.mark.parametrize("ledger", ["nonsense", "", "0", "99999999999"])
def test_a_wrong_ledger_is_put_right(tmp_path: Path, ledger: str) -> None:
    store = ReportStore(tmp_path, max_bytes=100_000, memory_bytes=0)
    keep(store, "a", n_bytes=10_000)
    (tmp_path / "ledger").write_text(ledger)
    keep(store, "b", n_bytes=10_000)
    assert {text_of(store.get(key(name), TYPES)) for name in "ab"} == {"a", "b"}
    if ledger != "0":  # one that is too low is never written by a crash
        assert int((tmp_path / "ledger").read_text()) == disk_bytes(store)


@given(names=st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 40_000)), max_size=25))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_kept_the_ledger_is_never_below_the_disk(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, int]]
) -> None:
    store = ReportStore(tmp_path_factory.mktemp("store"), max_bytes=100_000, memory_bytes=0)
    for name, n_bytes in names:
        keep(store, name, n_bytes)
        assert disk_bytes(store) <= int((store.folder / "ledger").read_text()) <= 100_000


@pytest.mark.parametrize("harm", ["cut", "altered", "emptied", "replaced"])
def test_a_damaged_file_counts_as_absent_and_is_removed(
    tmp_path: Path, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = ReportStore(tmp_path, max_bytes=10**6, memory_bytes=0)
    keep(store, "a", n_bytes=1000)
    path = report_paths(store)[0]
    data = path.read_bytes()
    harmed = {"cut": data[:-100], "altered": data[:500] + b"?" + data[501:], "emptied": b"", "replaced": b"x" * 5000}
    path.write_bytes(harmed[harm])
    assert store.get(key("a"), TYPES) is None
    assert not path.exists()
    assert "is damaged" in caplog.text
    keep(store, "a")
    assert text_of(store.get(key("a"), TYPES)) == "a"


def test_a_full_disk_costs_the_keeping_not_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = ReportStore(tmp_path, max_bytes=10**6)

    def full(self: object, name: ReportKey, dump: Callable[[Any], int]) -> tuple[int, bool]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(report_files.ReportFiles, "write", full)
    with caplog.at_level(logging.WARNING):
        assert not keep(store, "a")
    assert "cannot be kept" in caplog.text
    assert "No space left on device" in caplog.text
    assert text_of(store.get(key("a"), TYPES)) == "a"  # from memory
    assert store.memory.n_bytes > 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_disk_that_fills_up_in_the_middle_leaves_nothing_behind(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=10**8, memory_bytes=0)
    keep(store, "before")
    draft = store.files._path(key("a")).with_suffix(".draft")
    draft.symlink_to("/dev/full")
    assert not keep(store, "a", n_bytes=1_000_000)
    assert not draft.is_symlink()
    assert store.get(key("a"), TYPES) is None
    assert text_of(store.get(key("before"), TYPES)) == "before"


def test_the_draft_of_a_dead_process_is_swept(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=10**6, memory_bytes=0)
    keep(store, "a")
    draft = store.files._path(key("a")).with_suffix(".draft")
    draft.write_bytes(b"half a report")
    with store.computing(key("a"), wait=0):
        store.sweep(key("a"))
        assert draft.exists()  # someone is writing it
    store.sweep(key("a"))
    assert not draft.exists()


def test_old_drafts_go_when_room_is_made(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=30_000, memory_bytes=0)
    keep(store, "a", n_bytes=10_000)
    dead, alive = (store.files._path(key(name)).with_suffix(".draft") for name in ("dead", "alive"))
    dead.touch()
    alive.touch()
    os.utime(dead, (1, 1))
    keep(store, "b", n_bytes=10_000)
    keep(store, "c", n_bytes=10_000)
    assert (dead.exists(), alive.exists()) == (False, True)


def test_the_newest_of_a_family_is_the_one_used_last(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=10**6)
    for i, name in enumerate(("old", "new", "older")):
        keep(store, name, family="question")
        os.utime(store.files._path(key(name, "question")), (1000 + i % 2, 1000 + i % 2))
    keep(store, "other", family="another question")
    assert text_of(store.newest(key("any", "question").family, TYPES)) == "new"
    assert store.newest(key("any", "unasked").family, TYPES) is None


def test_only_one_computes_a_key_and_the_others_see_how_far_it_is(tmp_path: Path) -> None:
    here, there = (ReportStore(tmp_path, max_bytes=10**6) for _ in range(2))
    assert there.running(key("a")) is None
    said: list[tuple[float, str]] = []
    with here.computing(key("a"), lambda fraction, step: said.append((fraction, step))) as progress:
        note = there.running(key("a"))
        assert note is not None
        assert (note.fraction, note.step) == (0.0, "")
        progress(0.25, "Reading orders")
        progress(0.3, "Reading orders")  # too soon to be noted
        note = there.running(key("a"))
        assert note is not None
        assert (note.fraction, note.step) == (0.25, "Reading orders")
        assert abs((datetime.now(UTC) - note.started_at).total_seconds()) < 60
        with pytest.raises(Timeout), there.computing(key("a"), wait=0):
            raise AssertionError("two compute one key")
        with there.computing(key("b"), wait=0):
            assert here.running(key("b")) is not None
    assert there.running(key("a")) is None
    assert said == [(0.25, "Reading orders"), (0.3, "Reading orders")]
    assert list((tmp_path / "running").iterdir()) == []


def test_looking_at_a_key_nobody_computes_leaves_nothing_behind(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=10**6)
    left = tmp_path / "running" / f"{key('a').key}.lock"
    left.parent.mkdir()
    left.touch()  # of a process that was killed
    assert store.running(key("a")) is None
    assert list(left.parent.iterdir()) == []


def test_half_a_note_does_not_hide_that_the_key_is_computed(tmp_path: Path) -> None:
    store = ReportStore(tmp_path, max_bytes=10**6)
    with store.computing(key("a")):
        (tmp_path / "running" / f"{key('a').key}.note").write_text('{"fraction": 0.')
        note = ReportStore(tmp_path, max_bytes=10**6).running(key("a"))
        assert note is not None
        assert (note.fraction, note.step) == (0.0, "")


def test_a_folder_that_cannot_be_written_costs_the_lock_not_the_computation(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "running").write_text("a file where a folder should be")
    store = ReportStore(tmp_path, max_bytes=10**6)
    with store.computing(key("a"), silent) as progress:
        progress(0.5, "going on")
    assert "is computed without a lock" in caplog.text
