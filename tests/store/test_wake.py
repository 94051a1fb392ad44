"""Wake-ups: who listens looks at once, and a lost listener or connection harms nobody."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.databases import DATABASES
from tests.store.build import AFTER, Spawn
from tests.store.pair import go, result, wait_ready

from slipstream.store import Store
from slipstream.store.wake import Listener


def _wait(listener: Listener) -> bool:
    select.select([listener], [], [], AFTER)
    return listener.drain()


def test_a_listener_is_woken_once_for_many_wake_ups(store: Store) -> None:
    listener = store.listen("scheduler")
    assert not listener.drain()
    for _ in range(500):  # more than a socket's queue holds
        store.wake("scheduler")
    while _wait(listener):
        if not select.select([listener], [], [], 0.1)[0]:
            break
    assert not listener.drain()
    listener.close()


def test_targets_are_told_apart(store: Store) -> None:
    scheduler, processor = store.listen("scheduler"), store.listen("dag_processor")
    store.wake("dag_processor")
    assert _wait(processor)
    assert not scheduler.drain()
    scheduler.close()
    processor.close()


def test_every_listener_of_a_target_is_woken(store: Store) -> None:
    listeners = [store.listen("scheduler") for _ in range(3)]
    store.wake("scheduler")
    assert all(_wait(each) for each in listeners)
    for each in listeners:
        each.close()


def test_a_listener_passes_over_what_does_not_concern_it(store: Store) -> None:
    listener = store.listen("scheduler")

    def is_woken(*about: str | int, mine: set[str | int]) -> bool:
        store.wake("scheduler", about)
        select.select([listener], [], [], AFTER)
        return listener.drain(lambda topics: not mine.isdisjoint(topics))

    assert is_woken("a", 7, mine={7})
    assert not is_woken("a", 7, mine={"b", 8})
    assert is_woken(mine=set()), "what is about nothing in particular is for everybody"
    assert is_woken(*(f"dag {n}" for n in range(5000)), mine=set()), "too many to be named"
    listener.close()


@pytest.mark.parametrize("dialect", DATABASES[1:2], indirect=True)
@pytest.mark.parametrize("said", ["look!", '{"a": 1}', "[[1]]"])
def test_a_wake_up_that_cannot_be_read_counts(store: Store, said: str) -> None:
    listener = store.listen("scheduler")
    with store.read() as conn:
        conn.execute(text("SELECT pg_notify('slipstream_scheduler', :said)"), {"said": said})
    select.select([listener], [], [], AFTER)
    assert listener.drain(lambda topics: False)
    listener.close()


@pytest.mark.alone
def test_another_process_wakes_within_milliseconds(
    store: Store, store_url: str, spawn: Spawn
) -> None:
    listener = store.listen("scheduler")
    process = spawn("wake", store_url, "scheduler")
    wait_ready(process)
    assert _wait(listener)
    began = time.monotonic()
    go(process)
    assert _wait(listener)
    assert time.monotonic() - began < 0.25
    assert result(process) == "woke"
    listener.close()


def test_nobody_listening_is_no_error(store: Store) -> None:
    store.wake("scheduler")
    store.listen("scheduler").close()
    store.wake("scheduler")


@pytest.mark.parametrize("dialect", [DATABASES[0], DATABASES[2]], indirect=True)
def test_sockets_of_dead_listeners_are_removed(store: Store, tmp_path: Path) -> None:
    listener = store.listen("scheduler")
    (folder,) = (tmp_path / "home" / "run").iterdir()
    os.close(os.dup(listener.fileno()))
    listener._receiver.close()  # type: ignore[attr-defined]  # as when its process is killed
    assert len(list(folder.iterdir())) == 1
    store.wake("scheduler")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("dialect", [DATABASES[0], DATABASES[2]], indirect=True)
def test_a_start_removes_what_killed_listeners_left(store: Store, tmp_path: Path) -> None:
    dead, alive = store.listen("dag_processor"), store.listen("dag_processor")
    dead._receiver.close()  # type: ignore[attr-defined]  # as when its process is killed
    (folder,) = (tmp_path / "home" / "run").iterdir()
    started = store.listen("scheduler")
    assert sorted(path.name.partition(".")[0] for path in folder.iterdir()) == [
        "dag_processor",
        "scheduler",
    ]
    store.wake("dag_processor")
    assert _wait(alive)
    for each in (alive, started):
        each.close()


@pytest.mark.parametrize("dialect", DATABASES[:1], indirect=True)
def test_a_home_with_a_long_path_works(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / ("x" * 120)))
    with Store.open(store_url) as store:
        listener = store.listen("scheduler")
        store.wake("scheduler")
        assert _wait(listener)
        listener.close()


@pytest.mark.parametrize("dialect", DATABASES[1:2], indirect=True)
def test_a_listener_mends_its_connection(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipstream.store.wake._RECONNECT_AFTER_S", 0.0)
    listener = store.listen("scheduler")
    fd = listener.fileno()
    with store.read() as conn:
        conn.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'slipstream listener' AND datname = current_database()"
            )
        ).all()
    deadline = time.monotonic() + AFTER
    for _ in ("the loss", "the new connection"):  # each may have hidden a wake-up
        while not listener.drain():
            assert time.monotonic() < deadline
    store.wake("scheduler")
    assert _wait(listener)
    assert listener.fileno() == fd
    listener.close()
