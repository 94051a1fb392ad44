"""Storms over Celery and Dask: whatever dies, stands still, comes twice or goes away, all is right after it.

Each storm has its own broker and its own database server, which are restarted in its midst; every
message goes out twice and in any order; and the clocks of the two workers are two minutes apart where the
library for that is there.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.chaos.checker import check, check_limits, check_times
from tests.chaos.cluster import Cluster, MariaDb, NoServer, Postgres
from tests.chaos.far import (
    APIS,
    WORKERS,
    celery_words,
    dask_scheduler,
    dask_words,
    services,
)
from tests.chaos.stage import Service, Stage, wait_until
from tests.chaos.storm import Storm
from tests.engine.worker.rig import is_alive
from tests.executors.brokers import PrivateBroker, free_port, private_broker  # noqa: F401
from tests.faketime import Clock

from slipstream.config import conf
from slipstream.store import Store, attempt, migrate, pool, xcom
from slipstream.worker import sweeper

Private = Callable[[str], PrivateBroker]
_SLOTS = 5
_LEASE_S = 3
_VISIBLE_S = 2
_PATIENCE_S = 120.0
_AWAY_S = 1.5
STILL = """
import os, time
from datetime import timedelta
from airflow.sdk import DAG, task

HOME = os.environ["AIRFLOW_HOME"]

with DAG("still", schedule=None):
    @task(retries=3, retry_delay=timedelta(seconds=0.05))
    def t(ti=None):
        fd = os.open(os.path.join(HOME, "proof"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(fd, (ti.id + "\\n").encode())
        os.close(fd)
        while not os.path.exists(os.path.join(HOME, "go")):
            time.sleep(0.02)
        return ti.id

    t()
"""
_APART_S = {"worker_1": 60, "worker_2": -60}


@pytest.fixture
def servers() -> Iterator[Callable[[type[Cluster]], Cluster]]:
    """Return a function that starts a database server; it ends with the test."""
    with ExitStack() as stack:

        def start(kind: type[Cluster]) -> Cluster:
            try:
                cluster = kind()
            except NoServer as error:
                if os.environ.get("CI"):
                    raise
                pytest.skip(str(error))
            stack.callback(cluster.close)
            cluster.start()
            return cluster

        yield start


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets what every service of the storm is to know."""

    def apply(**more: str) -> None:
        common = {
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": str(_LEASE_S),
            "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "0.5",
        }
        for name, value in (common | more).items():
            monkeypatch.setenv(name, value)
        conf.reload()

    return apply


def _lapsing() -> dict[str, int]:
    """Return Redis transport options by which a message soon comes again."""
    often = dict.fromkeys(("unacked_restore_interval", "unacked_restore_throttle"), 1)
    return {"visibility_timeout": _VISIBLE_S, **often}


def _clocks(tmp_path: Path) -> dict[str, dict[str, str]]:
    """Return the environments of workers whose clocks are a minute fast and a minute slow."""
    found = {}
    for name, seconds in _APART_S.items():
        (tmp_path / name).mkdir()
        clock = Clock(tmp_path / name)
        clock.check()
        clock.jump(seconds)
        found[name] = clock.env
    return found


@contextmanager
def _installation(home: Path, cluster: Cluster, programs: Mapping[str, Service]) -> Iterator[Stage]:
    """Yield a stage of these programs, which have been started."""
    with Store.open(cluster.url) as store:
        migrate.upgrade(store)
        store.write(pool.upsert, "default_pool", _SLOTS)
        stage = Stage(home, store, programs)
        try:
            stage.prepare()
            stage.start(*programs)
            yield stage
        finally:
            stage.close()


def _weather(
    stage: Stage,
    cluster: Cluster,
    chance: random.Random,
    seconds: float,
    restart_broker: Callable[[], None],
) -> None:
    """Let a storm pass over the installation, and look at what it has left."""
    began = datetime.now(UTC)

    def restart_database() -> None:
        cluster.stop()
        time.sleep(_AWAY_S)
        cluster.start()

    def silence() -> None:
        for process in [stage.services[name] for name in APIS]:
            process.kill()
            process.wait()
        time.sleep(_LEASE_S + _AWAY_S)  # the storm starts them again

    outages = {
        "database restarted": restart_database,
        "broker restarted": restart_broker,
        "all API servers away": silence,
    }
    storm = Storm(stage, chance, still_s=_LEASE_S + _VISIBLE_S, outages=outages)
    wait_until(lambda: _is_at_work(stage, storm), _PATIENCE_S, stage.tail)
    storm.rage(seconds)
    stage.settle(storm.rows, _PATIENCE_S)
    print(f"{len(storm.rows)} runs, {len(stage.proof())} executions, {dict(storm.done)}")
    check(stage, storm.rows)
    check_limits(stage, storm.rows, _SLOTS)
    check_times(stage, storm.rows, began, datetime.now(UTC))
    for apart_s in _APART_S.values():
        assert any(abs(found - apart_s) < 10 for found in stage.clocks()), "clocks were not apart"


def _is_at_work(stage: Stage, storm: Storm) -> bool:
    """Say whether something runs, which proves that all parts are up."""
    if not storm.rows:
        storm.rows.append(stage.trigger("chaos_chain"))
    return bool(stage.proof())


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("kind", "database"),
    [
        pytest.param("redis", Postgres, marks=[pytest.mark.redis, pytest.mark.postgres]),
        pytest.param("rabbitmq", MariaDb, marks=[pytest.mark.rabbitmq, pytest.mark.mysql]),
    ],
)
def test_a_storm_over_celery(
    kind: str,
    database: type[Cluster],
    home: Path,
    tmp_path: Path,
    settings: Callable[..., None],
    servers: Callable[[type[Cluster]], Cluster],
    private_broker: Private,  # noqa: F811
    chance: random.Random,
    seconds: float,
) -> None:
    broker, cluster = private_broker(kind), servers(database)
    corner = broker.corner
    if kind == "redis":
        corner.options |= _lapsing()
    settings(
        AIRFLOW__CORE__EXECUTOR="CeleryExecutor",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=cluster.url,
        **corner.environment(),
    )
    words = {name: celery_words(home, name) for name in WORKERS}
    programs = services(words, worker_env=_clocks(tmp_path), n_copies=2)

    def restart() -> None:
        chance.choice([broker.stop, broker.kill])()
        broker.start()

    with _installation(home, cluster, programs) as stage:
        _weather(stage, cluster, chance, seconds, restart)


@pytest.mark.timeout(900)
@pytest.mark.mysql
def test_a_storm_over_dask(
    home: Path,
    tmp_path: Path,
    settings: Callable[..., None],
    servers: Callable[[type[Cluster]], Cluster],
    chance: random.Random,
    seconds: float,
) -> None:
    cluster, port = servers(MariaDb), free_port()
    address = f"tcp://127.0.0.1:{port}"
    settings(
        AIRFLOW__CORE__EXECUTOR="DaskExecutor",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=cluster.url,
        AIRFLOW__DASK__CLUSTER_ADDRESS=address,
    )
    words = {name: dask_words(home, name, address) for name in WORKERS}
    far = services(words, worker_env=_clocks(tmp_path), n_copies=2)
    programs = {"dask_scheduler": dask_scheduler(port), **far}

    def restart() -> None:
        process = stage.services["dask_scheduler"]
        process.send_signal(signal.SIGKILL)
        process.wait()  # the storm starts it again

    with _installation(home, cluster, programs) as stage:
        _weather(stage, cluster, chance, seconds, restart)


@pytest.mark.redis
@pytest.mark.postgres
def test_what_a_worker_ran_that_stood_still_longer_than_all_leases_counts_for_nothing(
    home: Path,
    settings: Callable[..., None],
    servers: Callable[[type[Cluster]], Cluster],
    private_broker: Private,  # noqa: F811
) -> None:
    cluster, corner = servers(Postgres), private_broker("redis").corner
    corner.options |= _lapsing()
    settings(
        AIRFLOW__CORE__EXECUTOR="CeleryExecutor",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=cluster.url,
        **corner.environment(),
    )
    words = {name: celery_words(home, name) for name in WORKERS}
    (home / "dags" / "still.py").write_text(STILL)
    with _installation(home, cluster, services(words, worker_env={}, n_copies=2)) as stage:
        row = stage.trigger("still")
        wait_until(lambda: len(stage.proof()) == 1, _PATIENCE_S, stage.tail)
        [first] = stage.proof()
        first_pid, tree = _machine_of(stage, first)
        for pid in tree:
            os.kill(pid, signal.SIGSTOP)
        # The lease lapses, and the other worker has the next try.
        wait_until(lambda: len(stage.proof()) == 2, _PATIENCE_S, stage.tail)
        (home / "go").touch()
        stage.settle([row], _PATIENCE_S)
        for pid in tree:
            os.kill(pid, signal.SIGCONT)
        wait_until(lambda: not is_alive(first_pid), _PATIENCE_S, stage.tail)
        later = stage.trigger("still")
        stage.settle([later], _PATIENCE_S)
        second = stage.proof()[1]
        assert stage.proof()[:2] == [first, second]
        assert len(stage.proof()) == 3
        with stage.store.read() as conn:
            tries = attempt.list_tries(conn, row.id, "t")
            value = xcom.get(conn, row.id, "t")
        assert [(each.id, each.ti_state) for each in tries][-1] == (second, "success")
        assert [each.ti_state for each in tries].count("success") == 1
        assert value is not None
        assert value.value == second


def _machine_of(stage: Stage, attempt_id: str) -> tuple[int, list[int]]:
    """Return the process that executes an attempt, and all processes of its worker."""
    with stage.store.read() as conn:
        row = attempt.get(conn, attempt_id)
    assert row is not None
    assert row.pid is not None
    for name in WORKERS:
        pid = stage.services[name].pid
        tree = [pid, *sweeper.descendants(pid)]
        if row.pid in tree:
            return row.pid, tree
    raise AssertionError(f"no worker has process {row.pid}\n{stage.tail()}")
