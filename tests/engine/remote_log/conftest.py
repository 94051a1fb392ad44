from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.api.running import Api
from tests.engine.remote_log.site import Site
from tests.engine.remote_log.stores import KINDS, ObjectStore
from tests.engine.worker.conftest import home, migrated  # noqa: F401
from tests.engine.worker.rig import Rig
from tests.executors.remote import ApiServer, RemoteLocalExecutor

from slipstream.config import conf
from slipstream.store import Store


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[Callable[[str], ObjectStore]]:
    """Return a function that makes an object store of a kind, started and with a bucket."""
    made: list[ObjectStore] = []

    def make(kind: str) -> ObjectStore:
        store = KINDS[kind](tmp_path / f"store-{len(made)}")
        made.append(store)
        store.start()
        store.make_bucket()
        return store

    yield make
    for store in made:
        store.stop()


@pytest.fixture(params=["s3", "azure"])
def object_store(
    request: pytest.FixtureRequest, make_store: Callable[[str], ObjectStore]
) -> ObjectStore:
    return make_store(request.param)


@pytest.fixture
def s3(make_store: Callable[[str], ObjectStore]) -> ObjectStore:
    return make_store("s3")


@pytest.fixture
def configure(
    home: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., None]:
    """Return a function that sets the [logging] options, for this process and those it starts."""

    def set_all(store: ObjectStore | None = None, **options: str) -> None:
        values = {"remote_logging": "True"}
        if store is not None:
            values |= {"remote_base_log_folder": store.url, "remote_log_conn_id": "logs"}
            monkeypatch.setenv("AIRFLOW_CONN_LOGS", store.connection())
        for key, value in (values | options).items():
            monkeypatch.setenv(f"AIRFLOW__LOGGING__{key.upper()}", value)
        conf.reload()

    return set_all


@pytest.fixture(params=["direct", "http"])
def make_site(
    request: pytest.FixtureRequest,
    home: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., Site]]:
    """Return a function that starts an API server and a host: beside the database, and far from it."""
    monkeypatch.setenv("AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC", "0.2")
    with Store.open() as store, contextlib.ExitStack() as stack:

        def start(*, shares_logs: bool = False) -> Site:
            server = ApiServer(apps="all")
            stack.callback(server.kill)
            server.start()
            executor = None
            if request.param == "http":
                executor = RemoteLocalExecutor(server.url, env=_far(home, shares_logs))
            rig = Rig(home, store, executor)
            rig.api_server = server
            stack.callback(lambda: rig.executor.stop(3.0))
            api = stack.enter_context(
                contextlib.closing(Api(f"http://127.0.0.1:{server.port}", "admin"))
            )
            rig.start()
            return Site(rig, api)

        yield start


def _far(home: Path, shares_logs: bool) -> dict[str, str]:  # noqa: F811
    """Return the environment of a host that knows nothing of the object store."""
    keys = ("REMOTE_BASE_LOG_FOLDER", "REMOTE_LOG_CONN_ID", "DELETE_LOCAL_LOGS")
    found = {f"AIRFLOW__LOGGING__{key}": "" for key in keys}
    found |= {"AIRFLOW__LOGGING__REMOTE_LOGGING": "False", "AIRFLOW_CONN_LOGS": ""}
    if not shares_logs:
        found["AIRFLOW__LOGGING__BASE_LOG_FOLDER"] = str(home / "far-logs")
    return found
