"""Values of the right type that cannot work are found before a service starts."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from slipstream.cli.main import main
from slipstream.cli.option_check import check
from slipstream.config import conf
from slipstream.errors import ConfigError

# The same in every process: they are in the names of tests.
KEYS = [urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2)]
IMPOSSIBLE = [
    ("API__BASE_URL", "example.org", "a URL"),
    ("CORE__AUTH_MANAGER", "a.b.OtherAuthManager", "FabAuthManager"),
    ("CORE__AUTH_MANAGER", "foo", "SimpleAuthManager"),
    ("CORE__EXECUTION_API_SERVER_URL", "example.org", "a URL such as http://localhost:8080"),
    ("CORE__EXECUTION_API_SERVER_URL", "http://a/execution/, b", "or several by commas"),
    ("CORE__EXECUTOR", "foo", "LocalExecutor"),
    ("CORE__EXECUTOR", "DaskExecutor:far", "alone or with an alias in front"),
    ("CORE__FERNET_KEY", "hunter2", "not a Fernet key"),
    ("CORE__HOSTNAME_CALLABLE", "nowhere.name", "No module named 'nowhere'"),
    ("CORE__HOSTNAME_CALLABLE", "socket.nothing", "has no attribute 'nothing'"),
    ("CORE__SIMPLE_AUTH_MANAGER_USERS", "bob:king", "'bob:king'"),
    ("DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", "[bad", "valid JSON"),
    ("DATABASE__SQL_ALCHEMY_CONN", "hunter2", "not a database URL"),
    ("DATABASE__SQL_ALCHEMY_CONNECT_ARGS", "bad", "dotted path"),
    ("DATABASE__SQL_ALCHEMY_ENGINE_ARGS", "[1]", "a JSON object"),
    ("LOGGING__BASE_LOG_FOLDER", "/dev/null/logs", "can be written"),
    ("LOGGING__LOG_FORMAT", "%(asctime", "incomplete format key"),
    ("LOGGING__REMOTE_LOGGING", "True", "remote_base_log_folder is empty"),
    ("WORKERS__EXECUTION_API_TIMEOUT", "-1", "more than 0 seconds"),
    ("WORKERS__EXECUTION_API_TIMEOUT", "0", "more than 0 seconds"),
    ("WORKERS__EXECUTION_API_TIMEOUT", "inf", "more than 0 seconds"),
    ("WORKERS__EXECUTION_API_RETRIES", "-1", "0 or more"),
    ("SECRETS__BACKEND", "nowhere.Backend", "No module named 'nowhere'"),
    ("SECRETS__BACKEND_KWARGS", "hunter2", "a JSON object"),
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in os.environ:
        if name.startswith("AIRFLOW"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("SLIPSTREAM_RENAMES_TOLD", "1")
    conf.reload()
    return tmp_path


@pytest.mark.parametrize(("name", "value", "reason"), IMPOSSIBLE)
def test_services_and_lint_name_an_impossible_value(
    name: str,
    value: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"AIRFLOW__{name}", value)
    with pytest.raises(ConfigError) as error:
        check()
    told = str(error.value)
    section, _, key = name.lower().partition("__")
    assert key in told
    assert f"[{section}]" in told
    assert reason in told
    assert "\n" not in told
    assert "hunter2" not in told
    assert main(["config", "lint"]) == 1
    assert capsys.readouterr().out == f"{told}\n"


POSSIBLE = [
    ("API__BASE_URL", "https://example.org:8443/airflow"),
    ("CORE__EXECUTION_API_SERVER_URL", "http://a:1/execution/, https://b/execution/"),
    (
        "CORE__AUTH_MANAGER",
        "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
    ),
    (
        "CORE__EXECUTOR",
        "LocalExecutor,one:airflow.executors.sequential_executor.SequentialExecutor",
    ),
    ("CORE__FERNET_KEY", ", ".join(KEYS)),
    ("CORE__FERNET_KEY", ""),
    ("CORE__HOSTNAME_CALLABLE", "socket.getfqdn"),
    ("CORE__SIMPLE_AUTH_MANAGER_USERS", "bob:admin,eve:viewer"),
    ("DATABASE__SQL_ALCHEMY_CONN", "sqlite:////nowhere/airflow.db"),
    ("LOGGING__BASE_LOG_FOLDER", "logs/not/there/yet"),
    ("LOGGING__LOG_FORMAT", "[%(asctime)s] {%(filename)s:%(lineno)d} %(ours)s 100%% %(message)s"),
    ("SECRETS__BACKEND", "own_backend.Backend"),
    ("SECRETS__BACKEND_KWARGS", '{"prefix": "airflow"}'),
]


@pytest.mark.parametrize(("name", "value"), POSSIBLE)
def test_values_that_work_pass(
    name: str, value: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "plugins").mkdir()
    (home / "plugins" / "own_backend.py").write_text("class Backend:\n    pass\n")
    monkeypatch.setenv(f"AIRFLOW__{name}", value)
    check()


def test_the_defaults_pass() -> None:
    check()
