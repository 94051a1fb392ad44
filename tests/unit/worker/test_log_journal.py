"""The journal of logs that are being written: what a dead host leaves to the next one."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from slipstream.worker import log_journal
from slipstream.worker.log_journal import LogJournal, OpenLog, take_left


def _log(id: str, **values: object) -> OpenLog:
    return OpenLog(id, f"/logs/{id}", id, 0, **values)  # type: ignore[arg-type]


def test_what_is_open_is_left_and_what_is_over_is_not(tmp_path: Path) -> None:
    journal = LogJournal(tmp_path, "host")
    journal.note(_log("a", token="t"))
    journal.note(_log("b"))
    journal.note(_log("a", token="t", base=7))
    journal.over("b")
    assert take_left(tmp_path) == [], "its host lives"
    journal.close()
    [left] = take_left(tmp_path)
    assert left.logs == [_log("a", token="t", base=7)]
    assert take_left(tmp_path) == [], "another host has it"
    left.over("a")
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_leaves_nothing_leaves_no_file(tmp_path: Path) -> None:
    journal = LogJournal(tmp_path, "host")
    journal.note(_log("a"))
    journal.over("a")
    journal.close()
    journal.note(_log("late"))
    assert list(tmp_path.iterdir()) == []


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    journal = LogJournal(tmp_path, "host")
    journal.note(_log("a"))
    journal.close()
    with journal.path.open("a") as file:
        file.write('rubbish\n{"id": "b", "unknown": 1}\n{"id": "c", "path')
    [left] = take_left(tmp_path)
    assert left.logs == [_log("a")]
    left.over("a")


def test_it_stays_small_and_locked(tmp_path: Path) -> None:
    journal = LogJournal(tmp_path, "host")
    journal.note(_log("stays", token="x" * 1000))
    for n in range(3000):
        journal.note(_log(f"{n}", token="x" * 1000, base=n))
        journal.over(f"{n}")
        assert journal.path.stat().st_size <= log_journal._LARGE + 2000
    assert take_left(tmp_path) == []
    journal.over("stays")
    for n in range(300):
        journal.note(_log(f"{n}", token="x" * 1000))
        journal.over(f"{n}")
    assert journal.path.stat().st_size <= log_journal._SMALL + 3000
    journal.note(_log("last"))
    journal.close()
    [left] = take_left(tmp_path)
    assert left.logs == [_log("last")]
    left.over("last")


def test_what_a_full_disk_cut_short_does_not_spoil_what_follows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = LogJournal(tmp_path, "host")
    journal.note(_log("a"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.path.stat().st_size + 20, before[1]))
    try:
        journal.note(_log("b"))
        journal.note(_log("b", token="t"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal.note(_log("c"))
    journal.close()
    [left] = take_left(tmp_path)
    assert left.logs == [_log("a"), _log("b", token="t"), _log("c")]
    assert [r.getMessage()[:17] for r in caplog.records] == ["cannot journal to"]
    for each in left.logs:
        left.over(each.id)
