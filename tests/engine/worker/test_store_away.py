"""The store locked, away or refusing: nothing that has ended is lost, and nothing is told early."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url
from tests.engine.worker.rig import Rig
from tests.store.proxy import Proxy

from slipstream.config import conf
from slipstream.executors.base import AttemptFinished
from slipstream.state import TaskInstanceState as S
from slipstream.store import Store


@contextmanager
def moved_away(rig: Rig) -> Iterator[None]:
    """Make the database unusable: its lock is held by somebody else for as long as it takes."""
    conn = sqlite3.connect(rig.home / "airflow.db", isolation_level=None)
    conn.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        conn.execute("ROLLBACK")
        conn.close()


WAITS = """
@task
def t():
    prove("begun")
    while not os.path.exists(os.path.join(HOME, "go")):
        time.sleep(0.02)
    prove("ended")
    return 1
t()
"""


def test_an_outcome_waits_for_the_store_and_is_told_once_after_its_commit(rig: Rig) -> None:
    rig.dag(WAITS)
    attempt_id = rig.submit("t")
    rig.proven("begun")
    with moved_away(rig):
        (rig.home / "go").touch()
        rig.proven("ended")
        rig.until(lambda: attempt_id in rig.journals, "the outcome on disk", 40)
        assert not rig.of(AttemptFinished, attempt_id)
    assert rig.finished(attempt_id, patience_s=30).state is S.SUCCESS
    assert rig.row(attempt_id).state == "done"
    assert rig.xcom("t") == 1
    rig.until(lambda: not rig.journals, "the journal to be emptied")
    assert rig.outcome("t").state is S.SUCCESS


def test_a_host_killed_while_the_store_is_away_leaves_its_outcomes_to_the_next(rig: Rig) -> None:
    rig.dag(WAITS)
    attempt_id = rig.submit("t")
    rig.proven("begun")
    with moved_away(rig):
        (rig.home / "go").touch()
        rig.until(lambda: attempt_id in rig.journals, "the outcome on disk", 40)
        os.kill(rig.host_pid, signal.SIGKILL)
    assert rig.finished(attempt_id, patience_s=40).state is S.SUCCESS
    assert rig.xcom("t") == 1
    rig.until(lambda: not rig.journals, "the journal to be emptied")


def test_a_new_executor_delivers_what_an_earlier_one_left(rig: Rig) -> None:
    rig.dag(WAITS)
    attempt_id = rig.submit("t")
    rig.proven("begun")
    with moved_away(rig):
        (rig.home / "go").touch()
        rig.until(lambda: attempt_id in rig.journals, "the outcome on disk", 40)
        rig.executor._is_stopped = True  # the scheduler dies with its host
        os.kill(rig.host_pid, signal.SIGKILL)
        rig.until(lambda: rig.executor._link is None, "the host's end")
        rig.executor.stop(1.0)
    later = rig.successor()
    later.start()
    try:
        if not rig.is_remote:
            assert rig.row(attempt_id).state == "done", "start() waits until it is delivered"
        assert later.finished(attempt_id).state is S.SUCCESS
    finally:
        later.executor.stop(3.0)


def _ends(pid: int, within_s: float) -> bool:
    """Wait for a process's end, without a look at the store."""
    fd = os.pidfd_open(pid)
    try:
        return bool(select.select([fd], [], [], within_s)[0])
    finally:
        os.close(fd)


def test_a_host_that_is_told_to_end_does_not_wait_for_the_store(rig: Rig) -> None:
    rig.dag(WAITS)
    attempt_id = rig.submit("t")
    rig.proven("begun")
    host = rig.host_pid
    with moved_away(rig):
        (rig.home / "go").touch()
        rig.until(lambda: attempt_id in rig.journals, "the outcome on disk", 40)
        os.kill(host, signal.SIGTERM)
        assert _ends(host, 10)
    assert rig.finished(attempt_id, patience_s=40).state is S.SUCCESS


def test_a_host_whose_launcher_is_gone_waits_for_the_store_only_so_long(
    idle_rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD", "2")
    rig = idle_rig
    rig.start()
    rig.dag(WAITS)
    attempt_id = rig.submit("t")
    rig.proven("begun")
    host = rig.host_pid
    with moved_away(rig):
        rig.executor._is_stopped = True  # as if its process were gone: nobody starts another
        rig.executor._drop_link()
        (rig.home / "go").touch()
        rig.until(lambda: attempt_id in rig.journals, "the outcome on disk", 40)
        assert _ends(host, 40)
    later = rig.successor()
    later.start()
    try:
        assert later.finished(attempt_id, patience_s=40).state is S.SUCCESS
    finally:
        later.executor.stop(3.0)


def test_an_outcome_that_the_store_refuses_fails_the_attempt_and_spoils_no_other(rig: Rig) -> None:
    rig.dag(
        "@task\ndef t(ti=None):\n    ti.xcom_push('k' * 5000, 1)\n@task\ndef u(): return 1\nt(); u()"
    )
    ids = [rig.submit(t) for t in ("t", "u", "u")]
    outcomes = [rig.finished(i) for i in ids]
    assert outcomes[1].state is outcomes[2].state is S.SUCCESS
    assert outcomes[0].state in (S.SUCCESS, S.FAILED)  # SQLite takes keys of any length


@pytest.mark.parametrize(
    "dialect",
    [
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("mysql", marks=pytest.mark.mysql),
    ],
)
def test_a_database_server_that_goes_and_comes_back_loses_nothing(
    store_url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(store_url)
    default_port = 5432 if url.get_backend_name() == "postgresql" else 3306
    host = url.host if url.host and not url.host.startswith("/") else "127.0.0.1"
    with Proxy(host, url.port or default_port) as proxy, Store.open(store_url) as store:
        through = url.set(host="127.0.0.1", port=proxy.port)
        monkeypatch.setenv(
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", through.render_as_string(hide_password=False)
        )
        conf.reload()
        rig = Rig(home, store)
        rig.start()
        try:
            rig.dag("@task\ndef t():\n    prove('ran')\n    time.sleep(0.05)\n    return 1\nt()")
            assert rig.outcome("t", map_index=0).state is S.SUCCESS
            ids = [rig.submit("t", map_index=n) for n in range(1, 30)]
            rig.until(lambda: len(rig.proof()) > 4, "some to have run")
            proxy.cut()
            n_before = len([e for e in rig.events if isinstance(e, AttemptFinished)])
            rig.until(lambda: rig.journals, "outcomes on disk")
            proxy.restore()
            for attempt_id in ids:
                assert rig.finished(attempt_id, patience_s=40).state is S.SUCCESS
                assert rig.row(attempt_id).state == "done"
            assert n_before < 30
            assert len(rig.proof()) == 30, "every attempt ran once"
            rig.until(lambda: not rig.journals, "the journal to be emptied")
        finally:
            rig.executor.stop(3.0)
