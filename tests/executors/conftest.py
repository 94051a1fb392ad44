from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.worker.conftest import home  # noqa: F401
from tests.engine.worker.rig import Rig

from slipstream import executors
from slipstream.store import Store, migrate

NAMES = ("SequentialExecutor", "LocalExecutor")


@pytest.fixture(params=NAMES)
def rig(request: pytest.FixtureRequest, home: Path) -> Iterator[Rig]:  # noqa: F811
    """A rig around each executor, started."""
    store = Store.open()
    migrate.upgrade(store)
    rig = Rig(home, store, executors.create(request.param)[request.param])
    rig.start()
    yield rig
    rig.executor.stop(3.0)
    store.close()
