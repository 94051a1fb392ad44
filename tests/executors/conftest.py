from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.worker.conftest import home, migrated  # noqa: F401
from tests.engine.worker.rig import Rig
from tests.executors.remote import ApiServer, RemoteLocalExecutor

from slipstream import executors
from slipstream.executors.local import LocalExecutor
from slipstream.store import Store

NAMES = ("SequentialExecutor", "LocalExecutor", "RemoteLocalExecutor")


@pytest.fixture(params=NAMES)
def rig(request: pytest.FixtureRequest, home: Path) -> Iterator[Rig]:  # noqa: F811
    """A rig around each executor, started."""
    with Store.open() as store, contextlib.ExitStack() as stack:
        rig = Rig(home, store, _create(request.param, stack))
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
