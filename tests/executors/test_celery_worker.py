"""Celery workers in ordinary life: queues, priorities, revocation, shutdowns, what people say to them.

Each test runs on Redis and on RabbitMQ.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.brokers import Corner, free_port
from tests.executors.celery_rig import CeleryRig, WorkerProcess, celery_rig, wait_for
from tests.executors.dags import QUICK, SLOW, go

from slipstream.executors import ledger
from slipstream.executors.celery.app import create_app
from slipstream.state import TaskInstanceState as S

_FLOWER = (sys.executable, "-m", "slipstream.cli.main", "celery", "flower")


@pytest.fixture
def rig(home: Path, corner: Corner, monkeypatch: pytest.MonkeyPatch) -> Iterator[CeleryRig]:
    with celery_rig(home, corner, monkeypatch) as rig:
        yield rig


def slow(rig: CeleryRig) -> None:
    rig.dag(SLOW)


def command(rig: CeleryRig, *words: str, code: int = 0) -> str:
    """Run ``slipstream celery …`` and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "slipstream.cli.main", "celery", *words],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_worker_takes_only_what_is_in_its_queues(rig: CeleryRig) -> None:
    rig.dag(QUICK)
    light = rig.submit("t", queue="light", map_index=1)
    heavy = rig.submit("t", queue="heavy", map_index=2)
    rig.worker("--queues", "heavy")
    rig.finished(heavy)
    assert rig.row(light).state == "queued"
    rig.worker("-q", "light,default")
    rig.finished(light)
    assert rig.proof() == ["2", "1"]


def test_of_what_waits_the_heaviest_goes_first(rig: CeleryRig) -> None:
    rig.dag(QUICK)
    weights = {1: 1, 2: 300, 3: 40, 4: -7}
    ids = [rig.submit("t", map_index=n, priority_weight=w) for n, w in weights.items()]
    wait_for(lambda: rig.queue_length() == len(ids), "all to be in the queue")
    rig.worker(n_slots=1)
    for attempt_id in ids:
        rig.finished(attempt_id)
    assert rig.proof() == ["2", "3", "1", "4"]


def test_what_is_revoked_while_it_waits_never_begins(rig: CeleryRig) -> None:
    slow(rig)
    rig.worker(n_slots=1)
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    waiting = rig.submit("t", map_index=1)
    wait_for(lambda: rig.queue_length() == 1, "it to wait")
    rig.executor.cancel({waiting: "cleared"})
    # What comes too late is refused by the store, where the attempt is closed by then.
    wait_for(lambda: waiting in rig.revoked_on(rig.workers[0]), "the worker to know")
    last = rig.submit("t", map_index=2)
    go(rig)
    assert rig.finished(running).state is S.SUCCESS
    assert rig.finished(last).state is S.SUCCESS
    assert rig.row(waiting).state == "queued"


def test_what_is_revoked_while_it_runs_ends_and_its_slot_is_free(rig: CeleryRig) -> None:
    slow(rig)
    rig.worker(n_slots=1)
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    rig.executor.cancel({running: "cleared"})
    assert rig.finished(running).state is S.FAILED
    go(rig)
    assert rig.finished(rig.submit("t", map_index=1)).state is S.SUCCESS


def test_what_people_revoke_by_celery_s_own_means_fails_and_says_so(rig: CeleryRig) -> None:
    slow(rig)
    rig.worker(n_slots=1)
    running = rig.submit("t")
    rig.proven("begun")
    app = create_app()
    app.control.mailbox.producer_pool = None  # which would open a connection that nobody closes
    with app.connection_for_write() as connection:
        app.control.revoke(running, terminate=True, connection=connection)
    outcome = rig.finished(running)
    assert outcome.state is S.FAILED
    assert "it was revoked in Celery" in (outcome.error or "")


def test_a_warm_shutdown_ends_what_runs_and_gives_the_rest_to_others(
    rig: CeleryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "FIRST_LOOK_S", 600.0)  # nothing goes out again by itself
    slow(rig)
    # The multiplier has the worker hold a message that it has not begun.
    first = rig.worker(n_slots=1, AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER="2")
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    reserved = rig.submit("t", map_index=1)
    wait_for(lambda: rig.queue_length() == 0, "the worker to hold it")
    first.signal(signal.SIGTERM)
    wait_for(lambda: rig.queue_length() == 1 or first.popen.poll() is not None, "it to come back")
    assert first.popen.poll() is None, "it waits for what runs"
    second = rig.worker(n_slots=1)
    rig.started(reserved)
    go(rig)
    assert rig.finished(running).state is S.SUCCESS
    assert rig.finished(reserved).state is S.SUCCESS
    assert first.wait() == 0
    assert rig.finished(rig.submit("t", map_index=2)).state is S.SUCCESS
    assert "is not started" not in second.log, "the message of what ran was not acknowledged"


def test_a_warm_shutdown_does_not_wait_for_an_api_server_that_is_away(rig: CeleryRig) -> None:
    slow(rig)
    leaving = rig.worker(n_slots=1, AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD="3")
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    rig.started(running)
    rig.api_server.kill()
    go(rig)
    rig.until(lambda: "ended" in rig.proof(), "its end")
    leaving.signal(signal.SIGTERM)
    assert leaving.wait(20) == 0
    assert rig.journals == [running]
    rig.api_server.start()
    rig.worker(n_slots=1)
    assert rig.finished(running).state is S.SUCCESS
    assert rig.proof().count("begun") == 1


def test_a_warm_shutdown_of_a_worker_that_takes_nothing_is_quick(rig: CeleryRig) -> None:
    rig.dag(QUICK)
    nowhere = f"http://127.0.0.1:{free_port()}/execution/"
    leaving = rig.worker(AIRFLOW__CORE__EXECUTION_API_SERVER_URL=nowhere)
    waiting = rig.submit("t", map_index=0)
    rig.until_logged(leaving, "takes nothing")
    leaving.signal(signal.SIGTERM)
    assert leaving.wait(10) == 0
    rig.worker()
    assert rig.finished(waiting).state is S.SUCCESS


@pytest.mark.parametrize("signals", [(signal.SIGQUIT,), (signal.SIGTERM, signal.SIGTERM)])
def test_a_cold_shutdown_ends_what_runs_within_seconds(
    rig: CeleryRig, signals: tuple[signal.Signals, ...]
) -> None:
    slow(rig)
    worker = rig.worker(n_slots=1, AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER="2")
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    reserved = rig.submit("t", map_index=1)
    wait_for(lambda: rig.queue_length() == 0, "the worker to hold it")
    worker.signal(signals[0])
    for number in signals[1:]:
        wait_for(lambda: rig.queue_length() == 1, "the warm shutdown to begin")
        worker.signal(number)
    outcome = rig.finished(running)
    assert outcome.state is S.FAILED
    assert "stopped" in (outcome.error or "")
    worker.wait(15)
    rig.worker(n_slots=1)
    go(rig)
    assert rig.finished(reserved).state is S.SUCCESS


def test_a_pool_grows_with_its_work(rig: CeleryRig) -> None:
    slow(rig)
    worker = rig.worker("--autoscale", "3,1", n_slots=1)
    rig.until_logged(worker, "1 to 3 slots")
    ids = [rig.submit("t", map_index=n) for n in range(4)]
    for attempt_id in ids[:3]:
        rig.started(attempt_id)
    assert rig.row(ids[3]).state == "queued"
    go(rig)
    for attempt_id in ids:
        rig.finished(attempt_id)


def test_workers_do_what_the_commands_tell_them(rig: CeleryRig) -> None:
    rig.dag(QUICK)
    worker = rig.worker("--queues", "light")
    rig.until_logged(worker, "is ready")
    found = json.loads(command(rig, "list-workers", "-o", "json"))
    assert found == [{"worker_name": "w0@test", "queues": ["light"]}]
    assert "no worker 'nobody'" in command(rig, "shutdown-worker", "-H", "nobody", code=1)

    command(rig, "add-queue", "-H", "w0@test", "-q", "heavy")
    rig.finished(rig.submit("t", queue="heavy"))
    command(rig, "remove-queue", "-H", "w0@test", "-q", "heavy")
    assert "heavy" not in command(rig, "list-workers")
    command(rig, "remove-all-queues", "-H", "w0@test")

    command(rig, "shutdown-worker", "-H", "w0@test")
    assert worker.wait() == 0
    second = rig.worker()
    rig.until_logged(second, "is ready")
    command(rig, "shutdown-all-workers", "--yes")
    assert second.wait() == 0


def test_a_second_worker_of_a_name_does_not_start(rig: CeleryRig) -> None:
    first = rig.worker()
    rig.until_logged(first, "is ready")
    second = WorkerProcess(
        rig.home, "w0", "--concurrency", "1", "--pid", str(rig.home / "second.pid"), env={}
    )
    assert second.wait() == 1
    assert "named 'w0@test' is at this broker already" in second.log
    assert "--celery-hostname" in second.log
    assert "Traceback" not in second.log
    assert first.popen.poll() is None


def test_a_worker_is_stopped_by_its_pid_file(rig: CeleryRig) -> None:
    worker = rig.worker()
    rig.until_logged(worker, "is ready")
    command(rig, "stop", "--pid", str(rig.home / "w0.pid"))
    assert worker.wait() == 0
    assert "No worker runs here" in command(rig, "stop", "--pid", str(rig.home / "w0.pid"), code=1)


def test_a_worker_in_the_background_is_stopped_by_its_pid_file(
    rig: CeleryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.dag(QUICK)
    url = rig.api_server.url
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", url)
    command(rig, "worker", "--daemon", "--concurrency", "1")
    pid_file = rig.home / "airflow-worker.pid"
    rig.finished(rig.submit("t", map_index=3))
    command(rig, "stop")
    wait_for(lambda: not pid_file.exists(), "it to end")
    assert rig.proof() == ["3"]


def test_flower_shows_the_workers_to_those_who_may(rig: CeleryRig) -> None:
    port = free_port()
    worker = rig.worker()
    words = ["--hostname", "127.0.0.1", "--port", str(port), "--basic-auth", "me:secret"]
    flower = subprocess.Popen(
        [*_FLOWER, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        rig.until_logged(worker, "is ready")
        page = f"http://127.0.0.1:{port}/workers"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            wait_for(lambda: _page(page, "me:wrong"), "flower to answer", 40)
        wait_for(lambda: "w0@test" in _page(page, "me:secret"), "flower to show the worker", 40)
    finally:
        flower.terminate()
        flower.wait(20)


@pytest.mark.redis
def test_flower_at_a_port_that_is_taken_says_so_in_one_line(
    home: Path,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*_FLOWER, "--hostname", "127.0.0.1", "--port", port],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"flower cannot listen at 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def _page(url: str, login: str) -> str:
    request = urllib.request.Request(url)
    request.add_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return str(reply.read(), "utf-8")
    except urllib.error.HTTPError as error:
        with error:
            raise
    except OSError:
        return ""
