from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.worker.conftest import home, migrated  # noqa: F401
from tests.engine.worker.rig import Rig
from tests.executors.brokers import corner, corner_on, private_broker, rabbitmq_vhost  # noqa: F401
from tests.executors.celery_rig import celery_rig
from tests.executors.dask_rig import DaskScheduler, dask_rig, dask_scheduler  # noqa: F401
from tests.executors.remote import ApiServer, RemoteLocalExecutor

from slipstream import executors
from slipstream.executors.local import LocalExecutor
from slipstream.store import Store

HOSTS_ARE_OURS = ("SequentialExecutor", "LocalExecutor", "RemoteLocalExecutor")
BROKERS_CARRY = (
    pytest.param("Celery/redis", marks=pytest.mark.redis),
    pytest.param("Celery/rabbitmq", marks=pytest.mark.rabbitmq),
)
WORKERS_ARE_THEIRS = (*BROKERS_CARRY, "Dask")


@pytest.fixture(params=HOSTS_ARE_OURS + WORKERS_ARE_THEIRS)
def rig(
    request: pytest.FixtureRequest,
    home: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Rig]:
    """A rig around each executor, started."""
    name, _, broker = request.param.partition("/")
    if broker:
        with (
            contextlib.contextmanager(corner_on)(broker, request) as found,
            celery_rig(home, found, monkeypatch) as rig,
        ):
            rig.worker()
            yield rig
        return
    if name == "Dask":
        scheduler: DaskScheduler = request.getfixturevalue("dask_scheduler")
        with dask_rig(home, scheduler.address, monkeypatch) as dask:
            dask.worker()
            yield dask
        return
    with Store.open() as store, contextlib.ExitStack() as stack:
        rig = Rig(home, store, _create(name, stack))
        rig.start()
        yield rig
        rig.executor.stop(3.0)


def _create(name: str, stack: contextlib.ExitStack) -> LocalExecutor:
    if name != "RemoteLocalExecutor":
        return executors.create(name)[name]
    server = ApiServer()
    stack.callback(server.kill)
    server.start()
    return RemoteLocalExecutor(server.url)
