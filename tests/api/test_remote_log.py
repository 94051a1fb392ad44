"""The log endpoint with a remote log folder: a file here, an object there, or the one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.api.build import fill
from tests.api.running import Api, running
from tests.api.test_log import JSON, LINES, LOGS, NDJSON, events, path_of, set_state

from slipstream.api.remote_log import RemoteLogs
from slipstream.config import conf
from slipstream.store import Store

NAME = "dag_id=sales/run_id=done/task_id=extract/attempt=2.log"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """The log's object."""
    path = tmp_path / "store" / NAME
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture(params=["False", "True"])
def deletes_local(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def api(
    store: Store, home: Path, there: Path, tmp_path: Path, deletes_local: str, monkeypatch: Any
) -> Iterator[Api]:
    monkeypatch.setenv("AIRFLOW__LOGGING__REMOTE_LOGGING", "True")
    monkeypatch.setenv("AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER", f"file://{tmp_path}/store")
    monkeypatch.setenv("AIRFLOW__LOGGING__DELETE_LOCAL_LOGS", deletes_local)
    conf.reload()
    fill(store)
    with running(store) as client:
        yield client
    conf.reload()


def test_a_file_here_comes_first(api: Api, there: Path) -> None:
    assert events(api.ok("GET", f"{LOGS}/2", headers=JSON))[1:] == [
        str(path_of()),
        "::endgroup::",
        *LINES,
    ]
    there.write_bytes(path_of().read_bytes())
    assert events(api.ok("GET", f"{LOGS}/2", headers=JSON))[1:] == [
        str(path_of()),
        "::endgroup::",
        *LINES,
    ]


def test_an_object_is_read_where_there_is_no_file(api: Api, there: Path, tmp_path: Path) -> None:
    path_of().rename(there)
    reply = api.get(f"{LOGS}/2", headers=NDJSON)
    found = [json.loads(line)["event"] for line in reply.text.splitlines()]
    assert found[1:] == [f"file://{tmp_path}/store/{NAME}", "::endgroup::", *LINES]
    token = reply.headers["airflow-continuation-token"]
    assert api.get(f"{LOGS}/2", headers=NDJSON, params={"token": token}).text == ""


def test_a_large_object_is_read_to_its_end(api: Api, there: Path) -> None:
    path_of().unlink()
    there.write_text("".join(f'{{"event": "line {n} {"x" * 100}"}}\n' for n in range(40_000)))
    found = events(api.ok("GET", f"{LOGS}/2", headers=JSON))
    assert [event.split()[1] for event in found[3:]] == [str(n) for n in range(40_000)]


@pytest.mark.parametrize("deletes_local", ["True"], indirect=True)
def test_what_an_attempt_has_written_so_far_comes_after_what_earlier_ones_have(
    api: Api, store: Store, there: Path
) -> None:
    set_state(store, "running")
    there.write_text('{"event": "earlier"}\n')
    path_of().write_text('{"event": "now"}\n{"event": "half')
    first = api.ok("GET", f"{LOGS}/2", headers=JSON)
    assert events(first)[1:] == [str(_address(there)), str(path_of()), "::endgroup::", *_words(2)]
    with path_of().open("a") as file:
        file.write('"}\n')
    token = first["continuation_token"]
    second = api.ok("GET", f"{LOGS}/2", headers=JSON, params={"token": token})
    assert events(second) == ["half"]
    # It is uploaded: what comes then is read from the object, at the same place.
    set_state(store, "success")
    with there.open("ab") as file:
        file.write(path_of().read_bytes())
    whole = events(api.ok("GET", f"{LOGS}/2", headers=JSON))
    assert whole[3:] == ["earlier", "now", "half"]
    path_of().unlink()
    token = second["continuation_token"]
    third = api.ok("GET", f"{LOGS}/2", headers=JSON, params={"token": token})
    assert events(third) == []


def _words(n: int) -> list[str]:
    return ["earlier", "now", "half"][:n]


def _address(there: Path) -> str:
    return f"file://{there}"


def test_an_object_that_is_not_there_or_cannot_be_read_is_told(api: Api, there: Path) -> None:
    path_of().unlink()
    found = events(api.ok("GET", f"{LOGS}/2", headers=JSON))
    assert found[-2:] == [
        "No log of this attempt is here.",
        f"There is no log {_address(there)} either.",
    ]
    there.mkdir()
    found = events(api.ok("GET", f"{LOGS}/2", headers=JSON))
    assert "IsADirectoryError" in found[-1]


def test_a_connection_that_is_not_there_is_named_at_the_start(
    store: Store, tmp_path: Path, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW__LOGGING__REMOTE_LOGGING", "True")
    monkeypatch.setenv("AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER", f"file://{tmp_path}/store")
    monkeypatch.setenv("AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID", "nobody")
    conf.reload()
    assert RemoteLogs.configured(store) is not None
    assert "remote_log_conn_id is 'nobody'" in caplog.text
    assert "connections add" in caplog.text
    monkeypatch.setenv("AIRFLOW_CONN_NOBODY", "generic://")
    caplog.clear()
    RemoteLogs.configured(store)
    assert not caplog.text
