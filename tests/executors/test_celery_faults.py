"""What brokers and machines do at their worst: every attempt runs once, and its result arrives.

Each test runs with Redis and with RabbitMQ. Those that restart a broker start one of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.executors.brokers import BROKERS, Corner, PrivateBroker, free_port, vhost
from tests.executors.celery_rig import CeleryRig, WorkerProcess, celery_rig, wait_for
from tests.executors.dags import PATIENCE_S, QUICK, SLOW, all_ran_once, go

from slipstream.executors import ledger
from slipstream.executors.celery.message import TASK_NAME, VERSION_HEADER, envelope
from slipstream.state import TaskInstanceState as S

Private = Callable[[str], PrivateBroker]


@pytest.fixture
def rig(home: Path, corner: Corner, monkeypatch: pytest.MonkeyPatch) -> Iterator[CeleryRig]:
    with celery_rig(home, corner, monkeypatch) as rig:
        yield rig


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what nobody begins looked after at once, and not after ten seconds."""
    monkeypatch.setattr(ledger, "FIRST_LOOK_S", 0.5)


def put_again(rig: CeleryRig, workloads: list[Any]) -> None:
    """Publish messages past the executor's books."""
    for workload in workloads:
        rig.broker.publish(envelope(workload))


# The broker


@pytest.mark.parametrize("kind", BROKERS)
def test_a_worker_and_a_scheduler_that_are_there_first_wait_for_the_broker(
    kind: str, home: Path, private_broker: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = private_broker(kind)
    broker.stop()
    with celery_rig(home, broker.corner, monkeypatch) as rig:
        rig.dag(QUICK)
        worker = rig.worker()
        ids = [rig.submit("t", map_index=n) for n in range(3)]
        rig.until_logged(worker, "Waiting for it")
        broker.start()
        all_ran_once(rig, ids)
        assert worker.log.count("Waiting for it") == 1, "one line, not one per try"


@pytest.mark.rabbitmq
@pytest.mark.parametrize("corner", [BROKERS[1]], indirect=True)
def test_a_worker_waits_until_rabbitmq_knows_its_vhost(rig: CeleryRig, rabbitmq_vhost: str) -> None:
    url = f"{rabbitmq_vhost}-not-yet"
    worker = rig.worker(AIRFLOW__CELERY__BROKER_URL=url)
    rig.until_logged(worker, "Waiting for it")
    assert "vhost" in worker.log
    assert "Traceback" not in worker.log
    with vhost(url):
        rig.until_logged(worker, "is ready")
        worker.stop()


@pytest.mark.parametrize("kind", BROKERS)
@pytest.mark.usefixtures("impatient")
def test_a_broker_restarted_in_mid_task_loses_neither_results_nor_what_waits(
    kind: str, home: Path, private_broker: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = private_broker(kind)
    with celery_rig(home, broker.corner, monkeypatch) as rig:
        rig.dag(SLOW)
        rig.worker(n_slots=1)
        ids = [rig.submit("t", map_index=0)]
        rig.proven("begun")
        ids += [rig.submit("t", map_index=n) for n in range(1, 4)]
        wait_for(lambda: rig.queue_length() >= 3, "them to wait")
        broker.stop()
        go(rig)
        assert rig.finished(ids[0], PATIENCE_S).state is S.SUCCESS, "the broker is not needed"
        ids.append(rig.submit("t", map_index=4))
        broker.start()
        for attempt_id in ids:
            assert rig.finished(attempt_id, PATIENCE_S).state is S.SUCCESS
        assert rig.proof().count("begun") == len(ids)


@pytest.mark.parametrize("kind", BROKERS)
@pytest.mark.usefixtures("impatient")
def test_a_broker_that_loses_everything_only_delays(
    kind: str, home: Path, tmp_path: Path, private_broker: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = private_broker(kind)
    with celery_rig(home, broker.corner, monkeypatch) as rig:
        rig.dag(QUICK)
        ids = [rig.submit("t", map_index=n) for n in range(5)]
        wait_for(lambda: rig.queue_length() == 5, "them to wait")
        broker.kill()
        for name in ("appendonlydir", "appendonly.aof", "dump.rdb", "mnesia"):
            path = tmp_path / "broker-0" / name
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(True)
        broker.start()
        assert rig.queue_length() == 0 or rig.executor.adopt(ids) == set(ids)
        rig.worker()
        all_ran_once(rig, ids)


@pytest.mark.redis
def test_a_redis_that_may_not_be_written_to_only_delays(
    home: Path, private_broker: Private, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a failover: its errors are neither a lost connection nor a reason to end."""
    broker = private_broker("redis")
    with celery_rig(home, broker.corner, monkeypatch) as rig:
        rig.dag(SLOW)
        worker = rig.worker(n_slots=3)  # one slot is free: it goes on asking for messages
        running = [rig.submit("t", map_index=n) for n in range(2)]
        rig.until(lambda: rig.proof().count("begun") == 2, "both to begin")
        with rig.corner.connection() as connection:
            redis = connection.default_channel.client
            redis.replicaof("127.0.0.1", free_port())
            rig.until_logged(worker, "refuses what is asked of it")
            waiting = [rig.submit("t", map_index=n) for n in range(2, 5)]
            go(rig)
            for attempt_id in running:
                assert rig.finished(attempt_id, PATIENCE_S).state is S.SUCCESS
            redis.replicaof("NO", "ONE")
        for attempt_id in waiting:
            assert rig.finished(attempt_id, PATIENCE_S).state is S.SUCCESS
        assert worker.popen.poll() is None
        assert "Traceback" not in worker.log
        assert rig.proof().count("begun") == 5


@pytest.mark.redis
def test_an_error_that_nobody_expects_ends_a_worker_and_does_not_hang_it(
    home: Path, private_broker: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = private_broker("redis")
    # As Celery itself is: what Redis refuses is then no reason to connect anew.
    extra = json.dumps({"broker_channel_error_retry": False})
    with celery_rig(home, broker.corner, monkeypatch) as rig:
        rig.dag(SLOW)
        worker = rig.worker(n_slots=2, AIRFLOW__CELERY__EXTRA_CELERY_CONFIG=extra)
        attempt_id = rig.submit("t")
        rig.proven("begun")
        with rig.corner.connection() as connection:
            connection.default_channel.client.replicaof("127.0.0.1", free_port())
        rig.until_logged(worker, "Unrecoverable error")
        go(rig)
        assert rig.finished(attempt_id).state is S.SUCCESS
        assert worker.wait(20) == 1


# Messages


def test_messages_that_come_twice_and_in_another_order_run_once(rig: CeleryRig) -> None:
    rig.dag(QUICK)
    workloads = [rig.workload("t", map_index=n) for n in range(6)]
    put_again(rig, workloads[::-1])
    rig.executor.submit(workloads)
    rig.worker()
    rig.worker()
    all_ran_once(rig, [w.attempt_id for w in workloads])
    put_again(rig, workloads)  # long after its end
    wait_for(lambda: rig.queue_length() == 0, "the copies to be taken")
    last = rig.submit("t", map_index=6)
    all_ran_once(rig, [last, *(w.attempt_id for w in workloads)])


def test_a_message_that_comes_again_while_its_task_runs_takes_no_slot(rig: CeleryRig) -> None:
    rig.dag(SLOW)
    rig.worker(n_slots=2)
    running = rig.workload("t", map_index=0)
    rig.executor.submit([running])
    rig.proven("begun")
    put_again(rig, [running] * 5)
    other = rig.submit("t", map_index=1)
    rig.started(other)
    go(rig)
    assert rig.finished(running.attempt_id).state is S.SUCCESS
    assert rig.finished(other).state is S.SUCCESS
    assert rig.proof().count("begun") == 2


def test_a_message_that_comes_again_just_after_its_task_s_end_takes_no_slot(
    rig: CeleryRig,
) -> None:
    rig.dag(
        """
        @task(on_success_callback=lambda context: time.sleep(4))
        def t():
            prove("ran")
        t()
        """
    )
    rig.worker(n_slots=1)
    first = rig.workload("t", map_index=0)
    rig.executor.submit([first])
    rig.finished(first.attempt_id)
    put_again(rig, [first])  # while its process is busy with the callback
    assert rig.finished(rig.submit("t", map_index=1)).state is S.SUCCESS
    assert rig.proof() == ["ran", "ran"]


@pytest.mark.redis
def test_a_task_longer_than_the_visibility_timeout_runs_once(
    home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lapsing(home, request, monkeypatch) as rig:
        rig.dag("@task\ndef t():\n    prove('begun')\n    time.sleep(5)\n    return 1\nt()")
        workers = [rig.worker(n_slots=1), rig.worker(n_slots=1)]
        attempt_id = rig.submit("t")
        assert rig.finished(attempt_id, PATIENCE_S).state is S.SUCCESS
        assert rig.proof() == ["begun"]
        wait_for(
            lambda: any(_copies(worker) for worker in workers), "its message to have come again"
        )


def _copies(worker: WorkerProcess) -> bool:
    return "is here already" in worker.log or "is no longer the current" in worker.log


def lapsing(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a rig on Redis with a visibility timeout of a second."""
    import contextlib

    from tests.executors.brokers import corner_on

    @contextlib.contextmanager
    def made() -> Iterator[CeleryRig]:
        with contextlib.contextmanager(corner_on)("redis", request) as corner:
            options = ("unacked_restore_interval", "unacked_restore_throttle")
            corner.options |= {"visibility_timeout": 1, **dict.fromkeys(options, 1)}
            with celery_rig(home, corner, monkeypatch) as rig:
                yield rig

    return made()


@pytest.mark.redis
def test_a_worker_that_stood_still_longer_than_the_visibility_timeout_changes_nothing(
    home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lapsing(home, request, monkeypatch) as rig:
        rig.dag(SLOW)
        still = rig.worker(n_slots=1, AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER="2")
        running = rig.submit("t", map_index=0)
        rig.proven("begun")
        reserved = rig.submit("t", map_index=1)
        wait_for(lambda: rig.queue_length() == 0, "the worker to hold both")
        tree = still.tree()
        for pid in tree:
            os.kill(pid, signal.SIGSTOP)
        rig.worker(n_slots=2)
        rig.started(reserved)  # its message has come to the other one
        go(rig)
        assert rig.finished(reserved).state is S.SUCCESS
        for pid in tree:
            os.kill(pid, signal.SIGCONT)
        assert rig.finished(running, PATIENCE_S).state is S.SUCCESS
        assert rig.proof().count("begun") == 2


# Garbage


def test_garbage_is_refused_and_the_worker_goes_on(rig: CeleryRig) -> None:
    rig.dag(QUICK)
    worker = rig.worker(n_slots=1)
    good = {"lang": "py", "task": TASK_NAME, "id": "x", VERSION_HEADER: 1}
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("{", "application/json", good),
        ("5", "application/json", good),
        ('[["{}"], {}, {}]', "application/json", good),
        ("[[], {}, {}]", "application/json", {"task": TASK_NAME}),
        ("[[], {}, {}]", "application/json", {"task": "their.task", "id": "y"}),
        ("[[], {}, {}]", "application/json", {"task": "their.task"}),
        ("hello", "text/plain", {}),
        ("gASVBQ==", "application/x-python-serialize", good),
        ("[1, 2]", "application/json", {}),
    ]
    with rig.corner.connection() as connection:
        producer = connection.Producer()
        rig.queue_length()  # which makes the queue
        for body, content_type, headers in bodies:
            producer.publish(
                body,
                exchange="",
                routing_key="default",
                headers=headers,
                content_type=content_type,
                content_encoding="utf-8",
            )
    for n in range(3):
        assert rig.finished(rig.submit("t", map_index=n)).state is S.SUCCESS
    assert worker.popen.poll() is None
    assert worker.log.count("is refused") == len(bodies), worker.log
    assert "Traceback" not in worker.log
    assert rig.queue_length() == 0


@pytest.mark.redis
def test_what_is_not_even_a_message_does_not_end_the_worker(
    home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lapsing(home, request, monkeypatch) as rig:
        rig.dag(QUICK)
        worker = rig.worker(n_slots=1)
        with rig.corner.connection() as connection:
            client = connection.default_channel.client
            client.lpush("default", "not JSON")
            client.lpush("default", json.dumps({"body": 1}))
        for n in range(3):
            assert rig.finished(rig.submit("t", map_index=n), PATIENCE_S).state is S.SUCCESS
        assert worker.popen.poll() is None
        assert worker.log.count("is dropped") == 2


def test_a_message_of_another_version_fails_its_attempt_with_the_reason(rig: CeleryRig) -> None:
    rig.dag(QUICK)
    workload = rig.workload("t")
    message = envelope(workload)
    message.headers[VERSION_HEADER] = 99
    rig.broker.publish(message)
    rig.worker()
    outcome = rig.finished(workload.attempt_id)
    assert outcome.state is S.FAILED
    assert "version '99'" in (outcome.error or "")
