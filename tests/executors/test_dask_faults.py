"""What clusters and machines do at their worst: every attempt runs once, and its result arrives."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.worker.rig import Rig, is_alive, name_of
from tests.executors.celery_rig import wait_for
from tests.executors.certificate import Certificates
from tests.executors.dags import PATIENCE_S, QUICK, SLOW, all_ran_once, go
from tests.executors.dask_rig import DaskRig, DaskScheduler, dask_rig
from tests.executors.remote import ApiServer

from slipstream.executors.base import AttemptHandedBack
from slipstream.executors.dask import carry
from slipstream.executors.dask.executor import DaskExecutor
from slipstream.state import TaskInstanceState as S
from slipstream.store import Store
from slipstream.worker import sweeper


@pytest.fixture
def rig(
    home: Path, dask_scheduler: DaskScheduler, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DaskRig]:
    with dask_rig(home, dask_scheduler.address, monkeypatch) as rig:
        yield rig


@pytest.fixture
def own_scheduler(tmp_path: Path) -> Iterator[DaskScheduler]:
    """A Dask scheduler that the test may end."""
    scheduler = DaskScheduler(tmp_path)
    yield scheduler
    scheduler.stop()


# The cluster


def test_an_executor_that_is_there_first_waits_for_the_cluster_and_then_for_workers(
    home: Path,
    own_scheduler: DaskScheduler,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    own_scheduler.stop()
    with dask_rig(home, own_scheduler.address, monkeypatch) as rig:
        rig.dag(QUICK)
        ids = [rig.submit("t", map_index=n) for n in range(3)]
        rig.until(lambda: "is away" in caplog.text, "word of it", PATIENCE_S)
        with caplog.at_level(logging.INFO):
            own_scheduler.start()
            rig.until(lambda: "is there" in caplog.text, "word of its coming", PATIENCE_S)
        rig.worker()
        all_ran_once(rig, ids)
        assert caplog.text.count("is away") == 1, "one line, not one per try"


def test_a_dask_scheduler_restarted_in_mid_task_loses_neither_results_nor_what_waits(
    home: Path, own_scheduler: DaskScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dask_rig(home, own_scheduler.address, monkeypatch) as rig:
        rig.dag(SLOW)
        rig.worker(n_slots=1)
        ids = [rig.submit("t", map_index=0)]
        rig.proven("begun")
        ids += [rig.submit("t", map_index=n) for n in range(1, 4)]
        own_scheduler.kill_all()
        rig.workers[0].wait(PATIENCE_S)  # a Dask worker ends without its scheduler
        go(rig)
        assert rig.finished(ids[0], PATIENCE_S).state is S.SUCCESS, "Dask is not needed"
        ids.append(rig.submit("t", map_index=4))
        own_scheduler.start()
        rig.worker(n_slots=2)
        for attempt_id in ids:
            assert rig.finished(attempt_id, PATIENCE_S).state is S.SUCCESS
        assert rig.proof().count("begun") == len(ids)


def test_workers_that_come_and_go_do_not_matter(rig: DaskRig) -> None:
    rig.dag(QUICK)
    first = [rig.submit("t", map_index=n) for n in range(3)]
    worker = rig.worker(nanny=True)
    all_ran_once(rig, first)
    worker.stop()
    second = [rig.submit("t", map_index=n) for n in range(3, 6)]
    rig.worker(nanny=True)
    all_ran_once(rig, first + second)


ADAPTIVE = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    cluster = LocalCluster(
        n_workers=0, threads_per_worker=2, host="127.0.0.1", scheduler_port=int(sys.argv[1]),
        dashboard_address=None,
    )
    cluster.adapt(minimum=0, maximum=1, interval="200ms", wait_count=2)
    sys.stdin.read()
"""


def test_an_adaptive_cluster_grows_for_attempts_and_shrinks_after_them(
    home: Path, own_scheduler: DaskScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_scheduler.stop()  # this one is another kind
    with dask_rig(home, own_scheduler.address, monkeypatch) as rig:
        script = home / "adaptive.py"
        script.write_text(ADAPTIVE)
        env = {**os.environ, "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": rig.api_server.url}
        with subprocess.Popen(
            [sys.executable, str(script), str(own_scheduler.port)],
            env=env,
            stdin=subprocess.PIPE,
            start_new_session=True,
        ) as cluster:
            ids: list[str] = []
            rig.dag(QUICK)
            for n in range(2):
                ids.append(rig.submit("t", map_index=n))
                all_ran_once(rig, ids)
                wait_for(lambda: not _hosts_below(cluster.pid), "the cluster to shrink", PATIENCE_S)
            assert cluster.stdin is not None
            cluster.stdin.close()
            cluster.terminate()


def _hosts_below(pid: int) -> list[int]:
    return [p for p in sweeper.descendants(pid) if name_of(p) == "worker-host"]


def test_a_dask_scheduler_needs_nothing_of_ours(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = DaskScheduler(tmp_path, env={"PYTHONPATH": _without_our_package(tmp_path)})
    try:
        with dask_rig(home, scheduler.address, monkeypatch) as rig:
            rig.dag(QUICK)
            rig.worker()
            all_ran_once(rig, [rig.submit("t", map_index=n) for n in range(3)])
    finally:
        scheduler.stop()


def _without_our_package(folder: Path) -> str:
    """Return a path in which something else has our package's name."""
    (folder / "bare" / "slipstream").mkdir(parents=True)
    (folder / "bare" / "slipstream" / "__init__.py").touch()
    return str(folder / "bare")


# Schedulers


def test_what_a_scheduler_leaves_in_dask_is_the_next_one_s_to_submit(rig: DaskRig) -> None:
    rig.dag(QUICK)
    workloads = [rig.workload("t", map_index=n) for n in range(3)]
    rig.executor.submit(workloads)
    rig.executor.stop(3.0)
    rig.executor = DaskExecutor()  # type: ignore[assignment]
    rig.start()
    ids = [workload.attempt_id for workload in workloads]
    assert rig.executor.adopt(ids) == set()
    rig.executor.submit(workloads)
    rig.worker()
    all_ran_once(rig, ids)


def test_what_two_schedulers_submit_runs_once(rig: DaskRig) -> None:
    rig.dag(QUICK)
    other = DaskExecutor()
    other.start("")
    try:
        workloads = [rig.workload("t", map_index=n) for n in range(6)]
        rig.executor.submit(workloads)
        other.submit(workloads[::-1])
        rig.worker(n_slots=2)
        rig.worker(n_slots=2)
        all_ran_once(rig, [workload.attempt_id for workload in workloads])
    finally:
        other.stop(3.0)


# Machines


@pytest.mark.parametrize("nanny", [False, True])
def test_a_worker_told_to_end_does_so_at_once_and_what_ran_is_delivered(
    rig: DaskRig, nanny: bool
) -> None:
    rig.dag(SLOW)
    leaving = rig.worker(n_slots=2, nanny=nanny)
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    rig.started(running)
    leaving.signal(signal.SIGTERM)
    leaving.wait(10)
    go(rig)
    assert rig.finished(running).state is S.SUCCESS
    rig.worker(n_slots=1)
    assert rig.finished(rig.submit("t", map_index=1), PATIENCE_S).state is S.SUCCESS
    assert rig.proof().count("begun") == 2


def test_a_worker_s_process_that_its_nanny_starts_again_goes_on(rig: DaskRig) -> None:
    rig.dag(SLOW)
    worker = rig.worker(n_slots=1, nanny=True)
    running = rig.submit("t", map_index=0)
    rig.proven("begun")
    rig.started(running)
    waiting = rig.submit("t", map_index=1)
    [host] = worker.host_pids
    os.kill(_parent(host), signal.SIGKILL)
    go(rig)
    for attempt_id in (running, waiting):
        assert rig.finished(attempt_id, PATIENCE_S).state is S.SUCCESS
    assert rig.proof().count("begun") == 2


def test_workers_killed_again_and_again_under_load_run_everything_once(rig: DaskRig) -> None:
    rig.dag(QUICK)
    workers = [rig.worker(n_slots=2, nanny=True) for _ in range(2)]
    ids: list[str] = []
    for n in range(4):
        ids += [rig.submit("t", map_index=10 * n + m) for m in range(10)]
        wanted = len(ids) - 5
        rig.until(lambda wanted=wanted: len(rig.proof()) >= wanted, "half of them", PATIENCE_S)
        for host in workers[n % 2].host_pids[:1]:
            os.kill(_parent(host), signal.SIGKILL)
    all_ran_once(rig, ids)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


# Queues, and what is unwanted


def test_a_queue_is_a_resource_and_one_that_nobody_offers_holds_up_nobody(rig: DaskRig) -> None:
    rig.dag(QUICK)
    plain = rig.worker()
    heavy = rig.submit("t", map_index=0, queue="heavy")
    others = [rig.submit("t", map_index=n) for n in range(1, 4)]
    for attempt_id in others:
        assert rig.finished(attempt_id).state is S.SUCCESS
    assert rig.row(heavy).state == "queued"
    assert rig.executor.adopt([heavy]) == {heavy}
    strong = rig.worker("--resources", "heavy=1 light=2")
    assert rig.finished(heavy, PATIENCE_S).state is S.SUCCESS
    assert strong.host_pids
    assert plain.host_pids


def test_the_most_urgent_that_waits_goes_first(rig: DaskRig) -> None:
    rig.dag(QUICK)
    ids = [
        rig.submit("t", map_index=n, priority_weight=weight)
        for n, weight in enumerate((1, 7, -3, 10**30, 7))
    ]
    rig.worker(n_slots=1)
    all_ran_once(rig, ids)
    assert rig.proof() == ["3", "1", "4", "0", "2"]


def test_what_is_cancelled_before_a_worker_comes_never_runs(rig: DaskRig) -> None:
    rig.dag(QUICK)
    unwanted = rig.submit("t", map_index=0)
    rig.executor.cancel({unwanted: "cleared"})
    rig.until(lambda: rig.of(AttemptHandedBack, unwanted), "it to come back")
    wanted = rig.submit("t", map_index=1)
    rig.worker(n_slots=1)
    assert rig.finished(wanted, PATIENCE_S).state is S.SUCCESS
    assert rig.proof() == ["1"]
    assert rig.row(unwanted).state == "queued"


# Workers that cannot


def test_a_worker_without_our_package_fails_its_attempt_with_the_reason(rig: DaskRig) -> None:
    rig.dag(QUICK)
    rig.worker(PYTHONPATH=_without_our_package(rig.home))
    outcome = rig.finished(rig.submit("t"), PATIENCE_S)
    assert outcome.state is S.FAILED
    assert "No module named 'slipstream.executors'" in (outcome.error or "")


def test_another_version_fails_its_attempt_with_the_reason(
    rig: DaskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.dag(QUICK)
    rig.worker()
    monkeypatch.setattr(carry, "VERSION", 99)
    outcome = rig.finished(rig.submit("t"), PATIENCE_S)
    assert outcome.state is S.FAILED
    assert "has version 99" in (outcome.error or "")
    assert "the same release" in (outcome.error or "")


def test_a_worker_whose_host_cannot_start_fails_its_attempt_with_the_reason(rig: DaskRig) -> None:
    rig.dag(QUICK)
    rig.worker(AIRFLOW__LOGGING__LOGGING_LEVEL="loud")
    outcome = rig.finished(rig.submit("t"), PATIENCE_S)
    assert outcome.state is S.FAILED
    assert "its worker host ends at once (exit code 1)" in (outcome.error or "")


def test_a_callback_that_no_worker_can_run_is_told_as_failed(
    rig: DaskRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipstream.executors.base import CallbackDone

    rig.dag(QUICK)
    rig.worker()
    monkeypatch.setattr(carry, "VERSION", 99)
    callback_id = rig.submit("", kind="dag_callback", callback="failure", log_path="c.log")
    [done] = rig.until(lambda: rig.of(CallbackDone, callback_id), "its end", PATIENCE_S)
    assert not done.ok
    assert "has version 99" in (done.error or "")


# TLS


def test_a_cluster_behind_certificates(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Certificates(tmp_path)
    words = ["--tls-ca-file", files.ca, "--tls-cert", files.cert, "--tls-key", files.key]
    scheduler = DaskScheduler(tmp_path, *words, protocol="tls")
    ours = {
        "AIRFLOW__DASK__TLS_CA": files.ca,
        "AIRFLOW__DASK__TLS_CERT": files.cert,
        "AIRFLOW__DASK__TLS_KEY": files.key,
    }
    try:
        with dask_rig(home, scheduler.address, monkeypatch, **ours) as rig:
            rig.dag(QUICK)
            rig.worker(*words)
            all_ran_once(rig, [rig.submit("t", map_index=n) for n in range(3)])
    finally:
        scheduler.stop()


def test_a_cluster_that_does_not_trust_us_is_away_and_says_why(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    theirs, stranger = Certificates(tmp_path), Certificates(tmp_path / "stranger")
    words = ["--tls-ca-file", theirs.ca, "--tls-cert", theirs.cert, "--tls-key", theirs.key]
    scheduler = DaskScheduler(tmp_path, *words, protocol="tls")
    ours = {
        "AIRFLOW__DASK__TLS_CA": stranger.ca,
        "AIRFLOW__DASK__TLS_CERT": stranger.cert,
        "AIRFLOW__DASK__TLS_KEY": stranger.key,
    }
    try:
        with dask_rig(home, scheduler.address, monkeypatch, **ours) as rig:
            rig.until(lambda: "is away" in caplog.text, "word of it", PATIENCE_S)
            assert "TLS certificate does not match" in caplog.text
    finally:
        scheduler.stop()


def test_an_encrypted_cluster_without_certificates_is_away_and_says_what_to_set(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with dask_rig(home, "tls://127.0.0.1:1", monkeypatch) as rig:
        rig.until(lambda: "is away" in caplog.text, "word of it", PATIENCE_S)
        assert "set [dask] tls_ca, tls_cert" in caplog.text


def test_an_address_at_which_something_else_answers_is_away_and_says_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = ApiServer()
    server.start()
    try:
        with dask_rig(home, f"tcp://127.0.0.1:{server.port}", monkeypatch) as rig:
            rig.until(lambda: "is away" in caplog.text, "word of it", PATIENCE_S)
            assert "no Dask scheduler" in caplog.text
            assert "Traceback" not in caplog.text
    finally:
        server.kill()


# Without a cluster


@pytest.fixture
def embedded(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """A rig whose executor has no address."""
    from slipstream.config import conf

    server = ApiServer()
    server.start()
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", server.url)
    conf.reload()
    with Store.open() as store:
        rig = Rig(home, store, DaskExecutor())  # type: ignore[arg-type]
        rig.start()
        yield rig
        rig.executor.stop(3.0)
    server.kill()


def test_without_an_address_a_cluster_starts_with_the_first_attempt_and_ends_with_us(
    embedded: Rig,
) -> None:
    embedded.dag(SLOW)
    before = set(sweeper.descendants(os.getpid()))
    ids = [embedded.submit("t", map_index=n, queue=("default", "heavy")[n]) for n in range(2)]
    for attempt_id in ids:
        embedded.started(attempt_id)
    below = set(sweeper.descendants(os.getpid())) - before
    assert {"dask-cluster", "worker-host"} <= {name_of(pid) for pid in below}
    embedded.executor.stop(4.0)
    wait_for(lambda: not any(map(is_alive, below)), "all of it to end", PATIENCE_S)
    for attempt_id in ids:
        assert embedded.finished(attempt_id).state is S.FAILED


def test_a_cluster_of_ours_that_is_killed_is_started_again(embedded: Rig) -> None:
    embedded.dag(SLOW)
    running = embedded.submit("t", map_index=0)
    embedded.started(running)
    for pid in sweeper.descendants(os.getpid()):
        if name_of(pid) == "dask-cluster":
            os.kill(pid, signal.SIGKILL)
    waiting = embedded.submit("t", map_index=1)
    go(embedded)
    for attempt_id in (running, waiting):
        assert embedded.finished(attempt_id, PATIENCE_S).state is S.SUCCESS
    embedded.until(lambda: embedded.proof().count("ended") == 2, "both")
    assert embedded.proof().count("begun") == 2


OWNER = """
import sys
from slipstream.attempt import Workload
from slipstream.executors.dask.executor import DaskExecutor
executor = DaskExecutor()
executor.start("")
executor.submit([Workload.from_json({workload!r})])
sys.stdin.read()
"""


def test_a_scheduler_killed_leaves_nothing_of_its_cluster_but_what_runs_to_its_end(
    embedded: Rig,
) -> None:
    embedded.dag(SLOW)
    workload = embedded.workload("t")
    code = OWNER.format(workload=workload.to_json())
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, start_new_session=True
    ) as owner:
        embedded.proven("begun")
        below = sweeper.descendants(owner.pid)
        owner.kill()
    cluster = [pid for pid in below if name_of(pid) == "dask-cluster"]
    assert cluster
    wait_for(lambda: not any(map(is_alive, cluster)), "the cluster to end", PATIENCE_S)
    go(embedded)
    assert embedded.finished(workload.attempt_id).state is S.SUCCESS, "its host delivers it"
    wait_for(lambda: not any(map(is_alive, below)), "all of it to end", PATIENCE_S)
