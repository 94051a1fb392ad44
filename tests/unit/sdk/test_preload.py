"""A zygote has what its DAG's tasks need, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from slipstream.sdk.dag import DAG
from slipstream.sdk.standard.python import PythonOperator

from .conftest import MemoryAPI, Runner

CODE = """
import json, sys
from airflow.sdk import DAG, task
from airflow.providers.standard.operators.bash import BashOperator
from slipstream.sdk import execute, runtime
from slipstream.sdk.preload import preload
with DAG("d") as dag:
    {body}
preload([dag])
print(json.dumps(sorted({{"jinja2", "pendulum", "yaml"}} & set(sys.modules))))
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("BashOperator(task_id='t', bash_command='true')", []),
        ("task(task_id='t')(lambda: 1)()", []),
        ("BashOperator(task_id='t', bash_command='echo {{ ds }}')", ["jinja2"]),
        (
            "BashOperator(task_id='t', bash_command='x', env={'A': '{{ logical_date }}'})",
            ["jinja2", "pendulum"],
        ),
        (
            "BashOperator(task_id='t', bash_command='{{ macros.ds_add(ds, 1) }}')",
            ["jinja2", "yaml"],
        ),
        ("task(task_id='t')(lambda logical_date=None: 1)()", ["pendulum"]),
        ("task(task_id='t')(lambda **context: 1)()", ["pendulum"]),
    ],
)
def test_what_is_loaded_before_the_first_fork(body: str, expected: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(body=body)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == expected


def test_a_function_with_kwargs_asks_the_store_nothing(run: Runner, api: MemoryAPI) -> None:
    seen: dict[str, Any] = {}
    with DAG("d") as dag:
        PythonOperator(task_id="t", python_callable=lambda **context: seen.update(context))
    run(dag, "t")
    assert [method for method, _ in api.asked] == []
    api.answers["get_previous_run"] = {"run_id": "r", "start_date": "2024-06-02T00:00:00+00:00"}
    previous = seen["prev_start_date_success"]
    assert previous.year == 2024
    assert (previous < seen["logical_date"], bool(previous), f"{previous:%d}") == (True, True, "02")
    assert (seen["logical_date"] - previous).days == 1
    assert [method for method, _ in api.asked] == ["get_previous_run"]
