"""Group commit: order, batches that grow under load, patience while the store is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipstream.attempt import Outcome
from slipstream.clock import utcnow
from slipstream.errors import UserError
from slipstream.state import TaskInstanceState
from slipstream.worker import journal
from slipstream.worker.batcher import Batcher
from slipstream.worker.journal import Journal
from slipstream.worker.task_api import ApiUnavailable, Batch, Committed, Start

PATIENCE_S = 30.0


class Store:
    """A task API whose every commit can be held up, or be made to fail."""

    host_id = hostname = "h"

    def __init__(self) -> None:
        self.written: list[Batch] = []
        self.may_write = threading.Event()
        self.may_write.set()
        self.entered = threading.Semaphore(0)
        self.is_away = False
        self.refuses: set[str] = set()
        self.refusal: Exception = ValueError("poison")

    def commit(self, batch: Batch, *, notify: bool = False) -> Committed:
        self.entered.release()
        assert self.may_write.wait(PATIENCE_S)
        if self.is_away:
            raise ApiUnavailable("away")
        ids = {o.attempt_id for o in batch.finishes if o.xcoms}
        if ids & self.refuses:
            raise self.refusal
        self.written.append(Batch(list(batch.starts), list(batch.finishes), batch.heartbeat))
        return Committed(
            frozenset(s.attempt_id for s in batch.starts),
            frozenset(o.attempt_id for o in batch.finishes),
        )

    def request(self, caller: Any, method: str, params: Any) -> Any:
        raise NotImplementedError

    def close(self, *, ok: bool) -> None:
        return None


class Rig:
    def __init__(self, folder: Path) -> None:
        self.store = Store()
        self.journal = Journal(folder, "h")
        self.done: list[str] = []
        self.changed = threading.Condition()
        self.batcher = Batcher(self.store, self.journal, self._on_done)
        self.batcher.start()

    def _on_done(self, batch: Batch, committed: Committed) -> None:
        with self.changed:
            self.done += sorted(committed.started | committed.finished)
            self.changed.notify_all()

    def wait_for(self, n_done: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.done) >= n_done, PATIENCE_S), self.done


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.store.may_write.set()
    rig.store.is_away = False
    rig.batcher.close(PATIENCE_S)


def finish(name: str, value: object = None) -> Batch:
    xcoms = [{"key": "k", "value": value}] if value is not None else None
    state = TaskInstanceState.SUCCESS
    return Batch(finishes=[Outcome(attempt_id=name, state=state, xcoms=xcoms)])


def test_what_comes_in_during_a_commit_is_the_next_one(rig: Rig) -> None:
    rig.store.may_write.clear()
    rig.batcher.add(finish("first"))
    assert rig.store.entered.acquire(timeout=PATIENCE_S)
    for name in "bcd":
        rig.batcher.add(finish(name))
    rig.batcher.add(Batch(starts=[Start("s", 1, utcnow())], heartbeat=True))
    rig.store.may_write.set()
    rig.wait_for(5)
    assert [len(b.finishes) for b in rig.store.written] == [1, 3]
    assert rig.store.written[1].heartbeat
    assert rig.batcher.close(PATIENCE_S)


def test_outcomes_are_on_disk_while_the_store_is_away_and_written_once_after(rig: Rig) -> None:
    rig.store.is_away = True
    rig.batcher.add(finish("a", 1))
    assert rig.store.entered.acquire(timeout=PATIENCE_S)
    rig.batcher.add(finish("b", 2))
    assert rig.store.entered.acquire(timeout=PATIENCE_S)
    assert not rig.done
    rig.batcher.safeguard(0.0)
    assert {o.attempt_id for o in journal.read(rig.journal.path)} == {"a", "b"}
    rig.store.is_away = False
    rig.wait_for(2)
    written = [o.attempt_id for b in rig.store.written for o in b.finishes]
    assert written == ["a", "b"]
    assert rig.batcher.close(PATIENCE_S)
    assert not rig.journal.path.exists()


def test_a_commit_that_hangs_is_safeguarded_on_disk(rig: Rig) -> None:
    rig.store.may_write.clear()
    rig.batcher.add(finish("a"))
    assert rig.store.entered.acquire(timeout=PATIENCE_S)
    rig.batcher.safeguard(60.0)
    assert not rig.journal.path.exists()
    rig.batcher.safeguard(0.0)
    assert [o.attempt_id for o in journal.read(rig.journal.path)] == ["a"]


def test_closing_while_the_store_is_away_leaves_everything_on_disk(rig: Rig) -> None:
    rig.store.is_away = True
    rig.batcher.add(finish("a"))
    assert rig.store.entered.acquire(timeout=PATIENCE_S)
    rig.batcher.add(finish("b"))
    rig.batcher.close(PATIENCE_S)
    assert {o.attempt_id for o in journal.read(rig.journal.path)} == {"a", "b"}


@pytest.mark.parametrize(
    ("refusal", "traced"), [(ValueError("odd"), True), (UserError("the XCom is too long"), False)]
)
def test_what_an_author_did_wrong_is_logged_without_a_traceback(
    rig: Rig, caplog: pytest.LogCaptureFixture, refusal: Exception, traced: bool
) -> None:
    rig.store.refuses, rig.store.refusal = {"bad"}, refusal
    rig.batcher.add(finish("bad", 1))
    rig.wait_for(1)
    assert str(refusal) in caplog.text
    assert ("Traceback" in caplog.text) is traced


def test_one_outcome_that_the_store_refuses_costs_only_itself(rig: Rig) -> None:
    rig.store.refuses = {"bad"}
    rig.store.may_write.clear()
    rig.batcher.add(finish("first"))
    assert rig.store.entered.acquire(timeout=PATIENCE_S)
    for name in ("good", "bad", "better"):
        rig.batcher.add(finish(name, 1))
    rig.store.may_write.set()
    rig.wait_for(4)
    assert sorted(rig.done) == ["bad", "better", "first", "good"]
    saved = {o.attempt_id: o for b in rig.store.written for o in b.finishes}
    assert saved["bad"].state is TaskInstanceState.FAILED
    assert "could not be saved" in (saved["bad"].error or "")
    assert saved["good"].state is TaskInstanceState.SUCCESS
