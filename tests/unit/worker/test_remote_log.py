"""Remote logs without a server: where they go, with whose credentials, and what an object becomes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from slipstream.config import conf
from slipstream.errors import ConfigError, UserError
from slipstream.sdk.connection import Connection
from slipstream.worker.remote_log import credentials, merge, target
from slipstream.worker.remote_log.files import RemoteFiles, RemoteLogError
from slipstream.worker.remote_log.spool import Spool
from slipstream.worker.remote_log.target import Target
from slipstream.worker.remote_log.uploader import Uploader, remove

Set = Any


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Set:
    """Return a function that sets [logging] options and returns the target."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))

    def set_all(folder: str, **values: str) -> Target:
        found = {"remote_logging": "True", "remote_base_log_folder": folder, **values}
        for key, value in found.items():
            monkeypatch.setenv(f"AIRFLOW__LOGGING__{key.upper()}", value)
        conf.reload()
        got = target.configured()
        assert got is not None
        return got

    yield set_all
    conf.reload()


@pytest.mark.parametrize("folder", ["file://logs", "file://./logs", "file:logs", "file://host/x"])
def test_a_folder_that_is_no_whole_path_is_refused(options: Set, folder: str) -> None:
    with pytest.raises(ConfigError, match=r"remote_base_log_folder is .*file:///mnt/logs"):
        options(folder)


@pytest.mark.parametrize(
    ("folder", "protocol", "base", "account"),
    [
        ("s3://bucket/some/logs/", "s3", "bucket/some/logs", None),
        ("abfs://container/logs", "abfs", "container/logs", None),
        ("abfss://c@acc.dfs.core.windows.net/logs", "abfs", "c/logs", "acc"),
        ("wasb://c@acc.blob.core.windows.net/logs", "abfs", "c/logs", "acc"),
        ("wasb-base/logs", "abfs", "airflow-logs/wasb-base/logs", None),
        ("wasb://logs", "abfs", "airflow-logs/logs", None),
        ("file:///mnt/some%20logs/", "file", "/mnt/some logs", None),
    ],
)
def test_where_logs_go(
    options: Set, folder: str, protocol: str, base: str, account: str | None
) -> None:
    got = options(folder)
    assert (got.kind.protocol, got.base, got.account) == (protocol, base, account)
    assert got.name_of("a/b.log") == f"{base}/a/b.log"


def test_logs_stay_unless_they_are_to_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER", "nonsense")
    conf.reload()
    assert target.configured() is None


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("", "is empty"),
        ("/mnt/logs", "no store that is known"),
        ("cloudwatch://arn", "no store that is known"),
        ("s3://", "names no place"),
        ("gs://bucket", r"install slipstream-orchestrator\[google\]"),
    ],
)
def test_a_folder_that_cannot_be_used_is_told(
    options: Set, folder: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        target.importlib.util, "find_spec", lambda name: None if name == "gcsfs" else 1
    )
    with pytest.raises(ConfigError, match=reason):
        options(folder)


def _connection(**fields: Any) -> Connection:
    return Connection(conn_id="logs", **fields)


@pytest.mark.parametrize(
    ("folder", "fields", "expected"),
    [
        (
            "s3://b",
            {
                "conn_type": "aws",
                "login": "key",
                "password": "secret",
                "extra": {
                    "endpoint_url": "http://s3",
                    "region_name": "r",
                    "aws_session_token": "t",
                },
            },
            {
                "key": "key",
                "secret": "secret",
                "token": "t",
                "endpoint_url": "http://s3",
                "client_kwargs": {"region_name": "r"},
            },
        ),
        (
            "s3://b",
            {
                "conn_type": "aws",
                "extra": {
                    "aws_access_key_id": "key",
                    "aws_secret_access_key": "secret",
                    "service_config": {"s3": {"endpoint_url": "http://s3"}},
                },
            },
            {"key": "key", "secret": "secret", "endpoint_url": "http://s3"},
        ),
        (
            "abfs://c",
            {"conn_type": "wasb", "extra": {"connection_string": "text"}},
            {"anon": False, "connection_string": "text"},
        ),
        (
            "abfs://c",
            {"conn_type": "wasb", "login": "acc", "password": "key"},
            {"anon": False, "account_name": "acc", "account_key": "key"},
        ),
        (
            "abfs://c",
            {"conn_type": "wasb", "login": "acc", "extra": {"sas_token": "sas"}},
            {"anon": False, "account_name": "acc", "sas_token": "sas"},
        ),
        (
            "abfs://c",
            {
                "conn_type": "wasb",
                "host": "https://acc.blob.core.windows.net",
                "login": "id",
                "password": "secret",
                "extra": {"tenant_id": "tenant"},
            },
            {
                "anon": False,
                "account_name": "acc",
                "tenant_id": "tenant",
                "client_id": "id",
                "client_secret": "secret",
            },
        ),
        (
            "gs://b",
            {
                "conn_type": "google_cloud_platform",
                "extra": {"extra__google_cloud_platform__keyfile_dict": '{"a": 1}', "project": "p"},
            },
            {"token": {"a": 1}, "project": "p"},
        ),
        (
            "gs://b",
            {"conn_type": "google_cloud_platform", "extra": {"key_path": "/key.json"}},
            {"token": "/key.json"},
        ),
        ("s3://b", {"conn_type": "generic", "extra": {"anon": True}}, {"anon": True}),
    ],
)
def test_a_connection_becomes_storage_options(
    options: Set,
    folder: str,
    fields: dict[str, Any],
    expected: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(target.importlib.util, "find_spec", lambda _name: 1)
    got = credentials.options(options(folder), _connection(**fields))
    got.pop("config_kwargs", None)
    assert got == expected


def test_a_connection_of_another_type_is_refused(options: Set) -> None:
    with pytest.raises(UserError, match="must be aws or s3 or generic"):
        credentials.options(options("s3://b"), _connection(conn_type="postgres"))


def test_objects_are_encrypted_on_demand(options: Set) -> None:
    got = credentials.options(options("s3://b", encrypt_s3_logs="True"), None)
    assert got["s3_additional_kwargs"] == {"ServerSideEncryption": "AES256"}


def test_a_connection_in_the_environment_needs_no_database(
    options: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_LOGS", json.dumps({"conn_type": "aws", "login": "k", "password": "s"})
    )
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "sqlite:////dev/null/none.db")
    got = credentials.of(options("s3://b", remote_log_conn_id="logs"))
    assert (got["key"], got["secret"]) == ("k", "s")


def test_what_is_not_used_is_not_imported() -> None:
    code = (
        "import sys\n"
        "import slipstream.worker.__main__, slipstream.worker.log_upload, slipstream.api.app\n"
        "import slipstream.worker.remote_log.helper\n"
        "print([m for m in sys.modules if m.startswith(('fsspec', 's3fs', 'adlfs', 'aiohttp'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# What an object becomes


@pytest.fixture
def files(options: Set, tmp_path: Path) -> RemoteFiles:
    return RemoteFiles(options(f"file://{tmp_path}/store"), lambda: {"auto_mkdir": True})


def _add(files: RemoteFiles, tmp_path: Path, text: str, start: int) -> str:
    path = tmp_path / "log"
    path.write_text(text)
    for _ in range(2):  # twice is once
        assert merge.add(files, path, "a/log", start, tmp_path) == len(text)
    size = files.size("a/log") or 0
    return files.read("a/log", 0, size).decode()


def test_a_store_that_is_away_is_soon_given_up(
    options: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure's library would try again and again for more than a minute, and a reader would wait for it."""
    monkeypatch.setattr("slipstream.worker.remote_log.files._PATIENCE_S", 1.0)
    parts = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;"
    string = f"{parts}BlobEndpoint=http://127.0.0.1:1/a;"
    away = RemoteFiles(options("abfs://logs/base"), lambda: {"connection_string": string})
    began = time.monotonic()
    with pytest.raises(RemoteLogError, match="abfs://logs/base: no answer within 1 s"):
        away.size("a/log")
    assert time.monotonic() - began < 15.0


def test_a_file_that_has_all_of_a_log_replaces_the_object(
    files: RemoteFiles, tmp_path: Path
) -> None:
    assert files.size("a/log") is None
    assert _add(files, tmp_path, "one\n", 0) == "one\n"
    assert _add(files, tmp_path, "one\ntwo\n", 4) == "one\ntwo\n"


def test_a_part_from_elsewhere_comes_after_what_the_object_has(
    files: RemoteFiles, tmp_path: Path
) -> None:
    _add(files, tmp_path, "one\n", 0)
    assert _add(files, tmp_path, "two\n", 0) == "one\ntwo\n"
    assert _add(files, tmp_path, "one\nthree\n", 4) == "one\ntwo\nthree\n"
    assert _add(files, tmp_path, "two\nfour\n", 4) == "one\ntwo\nthree\nfour\n"


def test_a_request_that_comes_late_changes_nothing(files: RemoteFiles, tmp_path: Path) -> None:
    _add(files, tmp_path, "one\ntwo\n", 0)
    assert _add(files, tmp_path, "one\n", 0) == "one\ntwo\n"


def test_a_log_that_is_being_written_is_not_removed(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "run" / "task" / "log"
    path.parent.mkdir(parents=True)
    path.write_text("one\n")
    with path.open() as writer:
        fcntl.flock(writer, fcntl.LOCK_SH)
        remove(path, "run/task/log", 4)
        assert path.exists()
    remove(path, "run/task/log", 3)
    assert path.exists(), "it has grown since it was uploaded"
    remove(path, "run/task/log", 4)
    assert not (tmp_path / "run").exists()
    assert tmp_path.exists()


def test_one_bad_log_does_not_keep_the_others_waiting(
    files: RemoteFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path / "spool")
    folder = tmp_path / "a-folder"
    folder.mkdir()
    spool.add(str(folder), "bad", 0)
    for n in range(5):
        path = tmp_path / f"log-{n}"
        path.write_text(f"{n}\n")
        spool.add(str(path), f"log-{n}", 0)
    uploader = Uploader(spool, files)
    assert uploader.round(spool.pending()) == 0.0
    assert [request.name for request in spool.pending()] == ["bad"]
    assert [files.size(f"log-{n}") for n in range(5)] == [2] * 5
    assert "the log bad is not uploaded yet" in caplog.text


def test_a_file_that_is_gone_is_not_waited_for(files: RemoteFiles, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.add(str(tmp_path / "nothing"), "nothing", 0)
    Uploader(spool, files).round(spool.pending())
    assert spool.is_empty()


def test_a_request_that_cannot_be_read_is_dropped(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "x.json").write_text("{")
    assert spool.pending() == []
    assert spool.is_empty()
