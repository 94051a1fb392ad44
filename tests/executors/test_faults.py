"""What machines and API servers do at their worst, under each executor whose workers are elsewhere.

What only one of them can suffer is in ``test_celery_faults`` and ``test_dask_faults``.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.brokers import corner_on, free_port
from tests.executors.celery_rig import CeleryRig, celery_rig
from tests.executors.conftest import WORKERS_ARE_THEIRS
from tests.executors.dags import PATIENCE_S, QUICK, SLOW, all_ran_once, go
from tests.executors.dask_rig import DaskRig, dask_rig
from tests.executors.program import Program
from tests.executors.remote import ApiServer

from slipstream.executors import ledger
from slipstream.state import TaskInstanceState as S

API_URL = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
FarRig = CeleryRig | DaskRig


@pytest.fixture(params=WORKERS_ARE_THEIRS)
def rig(
    request: pytest.FixtureRequest, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FarRig]:
    """A rig around each executor, without workers; what nobody begins is looked after at once."""
    monkeypatch.setattr(ledger, "FIRST_LOOK_S", 0.5)
    name, _, broker = request.param.partition("/")
    if name == "Dask":
        scheduler = request.getfixturevalue("dask_scheduler")
        with dask_rig(home, scheduler.address, monkeypatch) as dask:
            yield dask
        return
    with (
        contextlib.contextmanager(corner_on)(broker, request) as corner,
        celery_rig(home, corner, monkeypatch) as celery,
    ):
        yield celery


@pytest.fixture
def another_api_server() -> Iterator[ApiServer]:
    server = ApiServer()
    yield server
    server.kill()


def lines(worker: Program, text: str) -> list[str]:
    return [line for line in worker.log.splitlines() if text in line]


# API servers


def test_an_api_server_restarted_in_mid_task_gets_the_result_all_the_same(rig: FarRig) -> None:
    rig.dag(SLOW)
    rig.worker()
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    rig.started(running)
    rig.api_server.kill()
    go(rig)
    rig.until(lambda: "ended" in rig.proof(), "its end")
    waiting = rig.submit("t", map_index=1)
    rig.api_server.start()
    assert rig.finished(running, PATIENCE_S).state is S.SUCCESS
    assert rig.finished(waiting, PATIENCE_S).state is S.SUCCESS
    assert rig.proof().count("begun") == 2


def test_a_worker_whose_api_address_is_wrong_takes_nothing_from_others(rig: FarRig) -> None:
    rig.dag(QUICK)
    wrong = rig.worker(**{API_URL: f"http://127.0.0.1:{free_port()}/execution/"})
    ids = [rig.submit("t", map_index=n) for n in range(6)]
    rig.until_logged(wrong, "takes nothing until it answers")
    rig.worker()
    all_ran_once(rig, ids)
    more = [rig.submit("t", map_index=n) for n in range(6, 12)]
    all_ran_once(rig, ids + more)
    assert len(lines(wrong, "takes nothing")) == 1, wrong.log
    assert "Traceback" not in wrong.log


def test_a_worker_takes_work_as_soon_as_its_api_server_is_there(
    rig: FarRig, another_api_server: ApiServer
) -> None:
    rig.dag(QUICK)
    early = rig.worker(**{API_URL: another_api_server.url})
    ids = [rig.submit("t", map_index=n) for n in range(3)]
    rig.until_logged(early, "takes nothing")
    another_api_server.start()
    all_ran_once(rig, ids)
    assert len(lines(early, "takes work again")) == 1, early.log


def test_a_worker_whose_api_server_goes_away_gives_back_what_has_not_begun(
    rig: FarRig, another_api_server: ApiServer
) -> None:
    rig.dag(SLOW)
    another_api_server.start()
    cut_off = rig.worker(
        n_slots=1,
        AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER="4",
        **{API_URL: another_api_server.url},
    )
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    rig.started(running)
    ids = [rig.submit("t", map_index=n) for n in range(1, 4)]
    another_api_server.kill()
    rig.until_logged(cut_off, "takes nothing")
    go(rig)
    rig.worker()
    for attempt_id in ids:
        assert rig.finished(attempt_id, PATIENCE_S).state is S.SUCCESS
    another_api_server.start()
    assert rig.finished(running, PATIENCE_S).state is S.SUCCESS
    rig.workers[1].stop()
    last = rig.submit("t", map_index=4)
    assert rig.finished(last, PATIENCE_S).state is S.SUCCESS, "the first one takes work again"
    assert rig.proof().count("begun") == 5
    assert len(lines(cut_off, "takes nothing")) == 1, cut_off.log


def test_one_of_two_api_servers_is_enough(rig: FarRig, another_api_server: ApiServer) -> None:
    rig.dag(SLOW)
    another_api_server.start()
    worker = rig.worker(n_slots=1, **{API_URL: f"{rig.api_server.url}, {another_api_server.url}"})
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    rig.started(running)
    rig.api_server.kill()
    go(rig)
    assert rig.finished(running, PATIENCE_S).state is S.SUCCESS
    assert rig.finished(rig.submit("t", map_index=1), PATIENCE_S).state is S.SUCCESS
    rig.api_server.start()
    another_api_server.kill()
    assert rig.finished(rig.submit("t", map_index=2), PATIENCE_S).state is S.SUCCESS
    assert rig.proof().count("begun") == 3
    assert not lines(worker, "takes nothing"), worker.log


# Machines


def test_a_worker_killed_without_its_host_still_delivers_what_ran(rig: FarRig) -> None:
    rig.dag(SLOW)
    victim = rig.worker(n_slots=1)
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    rig.started(running)
    waiting = rig.submit("t", map_index=1)
    rig.worker(n_slots=1)  # to which the carrier brings again what the victim had
    rig.started(waiting)
    victim.signal(signal.SIGKILL)
    victim.wait()
    go(rig)
    assert rig.finished(waiting, PATIENCE_S).state is S.SUCCESS
    assert rig.finished(running, PATIENCE_S).state is S.SUCCESS
    assert rig.finished(rig.submit("t", map_index=2), PATIENCE_S).state is S.SUCCESS
    assert rig.proof().count("begun") == 3


def test_of_a_machine_that_is_gone_only_what_ran_is_lost(rig: FarRig) -> None:
    rig.dag(SLOW)
    victim = rig.worker(n_slots=1, AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER="3")
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    rig.started(running)
    waiting = [rig.submit("t", map_index=n) for n in (1, 2)]
    victim.kill_all()
    rig.worker(n_slots=2)
    go(rig)
    for attempt_id in waiting:
        assert rig.finished(attempt_id, PATIENCE_S).state is S.SUCCESS
    assert rig.row(running).state == "running", "until its host's lease lapses"
    assert rig.proof().count("begun") == 3


def test_a_host_that_dies_takes_what_ran_and_the_next_one_goes_on(rig: FarRig) -> None:
    rig.dag(SLOW)
    worker = rig.worker(n_slots=1, AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER="3")
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    rig.started(running)
    waiting = rig.submit("t", map_index=1)
    os.kill(rig.host_pid, signal.SIGKILL)
    go(rig)
    assert rig.finished(waiting, PATIENCE_S).state is S.SUCCESS
    assert rig.row(running).state == "running", "until its host's lease lapses"
    assert "killed by signal 9" in worker.log


# Messages


def test_a_workload_that_no_host_can_read_fails_with_the_reason(rig: FarRig) -> None:
    rig.dag(QUICK)
    workload = rig.workload("t")
    workload.relative_fileloc = 7  # type: ignore[assignment]
    rig.executor.submit([workload])
    rig.worker()
    outcome = rig.finished(workload.attempt_id)
    assert outcome.state is S.FAILED
    assert "cannot read the workload" in (outcome.error or "")
