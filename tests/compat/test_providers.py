"""Airflow's provider packages run on these names: they import, and a SQL operator runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PROVIDERS = (
    "apache-airflow-providers-common-compat==1.23.0",
    "apache-airflow-providers-common-sql==2.4.0",
    "apache-airflow-providers-http==6.3.0",
    "apache-airflow-providers-sqlite==4.3.4",
)
LIBRARIES = (
    "aiohttp",
    "asgiref",
    "deprecated",
    "methodtools",
    "more-itertools",
    "requests",
    "requests-toolbelt",
    "sqlparse",
    "tenacity",
)
_SITE = Path(tempfile.gettempdir()) / "slipstream-compat-providers"
_TIMEOUT_S = 300

MODULES = (
    "airflow.providers.common.compat.assets",
    "airflow.providers.common.compat.lineage.hook",
    "airflow.providers.common.compat.notifier",
    "airflow.providers.common.compat.standard.operators",
    "airflow.providers.common.compat.standard.utils",
    "airflow.providers.common.sql.hooks.sql",
    "airflow.providers.common.sql.operators.sql",
    "airflow.providers.common.sql.sensors.sql",
    "airflow.providers.common.sql.triggers.sql",
    "airflow.providers.http.hooks.http",
    "airflow.providers.http.operators.http",
    "airflow.providers.http.sensors.http",
    "airflow.providers.http.triggers.http",
    "airflow.providers.sqlite.hooks.sqlite",
)

CHECK = """
import importlib, json, sys
modules = json.loads(sys.argv[1])
for name in modules:
    importlib.import_module(name)
from airflow.providers.common.compat import sdk
for name in sdk.__all__:
    getattr(sdk, name)

from airflow.sdk import DAG, BaseHook, task
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
with DAG("d"):
    query = SQLExecuteQueryOperator(
        task_id="q", conn_id="lite", sql="select 1 + {{ params.n }}", params={"n": 4}
    )
    assert callable(task.sql)
hook = BaseHook.get_hook("lite")
assert type(hook).__name__ == "SqliteHook", hook

import datetime as dt
from slipstream.attempt import Workload
from slipstream.sdk import execute, runtime
now = dt.datetime.now(dt.UTC)
workload = Workload(
    attempt_id="a", dag_id="d", run_id="r", dag_run_pk=1, task_id="q", relative_fileloc="f",
    logical_date=now, data_interval_start=now, data_interval_end=now,
)
ti = runtime.RuntimeTaskInstance(workload, query, now)
ended = execute.run_task(query, ti.get_template_context())
if ended.exception is not None:
    raise ended.exception
print("RESULT", json.dumps(ended.xcoms))
"""


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    command += ["--upgrade", "--target", str(_SITE), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode == 0:
        return
    message = f"pip cannot fetch the providers: {done.stderr.strip()[-500:]}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def site() -> Path:
    """Give a folder with the providers, without the Airflow that they ask for."""
    marker = _SITE / ".complete"
    if not marker.exists():
        _pip("--no-deps", *PROVIDERS)
        _pip(*LIBRARIES)
        marker.touch()
    return _SITE


def test_providers_import_and_run(site: Path, tmp_path: Path) -> None:
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW_CONN_LITE": json.dumps({"conn_type": "sqlite", "host": str(tmp_path / "db")}),
        "PYTHONPATH": str(site),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-c", CHECK, json.dumps(MODULES)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.partition("RESULT ")[2])
    row = {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [5]}
    assert result == [{"key": "return_value", "value": [row]}]
