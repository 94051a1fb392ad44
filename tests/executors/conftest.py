from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.worker.conftest import home, migrated  # noqa: F401
from tests.engine.worker.rig import Rig

from slipstream import executors
from slipstream.store import Store

NAMES = ("SequentialExecutor", "LocalExecutor")


@pytest.fixture(params=NAMES)
def rig(request: pytest.FixtureRequest, home: Path) -> Iterator[Rig]:  # noqa: F811
    """A rig around each executor, started."""
    with Store.open() as store:
        rig = Rig(home, store, executors.create(request.param)[request.param])
        rig.start()
        yield rig
        rig.executor.stop(3.0)
