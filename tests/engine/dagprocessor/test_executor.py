"""A task that names an executor which there is not is an error of its file, not of its runs."""

from __future__ import annotations

import pytest
from tests.engine.dagprocessor.home import HEADER, Home

from slipstream.config import conf
from slipstream.store import dag

FILE = HEADER + (
    "with DAG('d', schedule=None, default_args={default_args}):\n"
    "    EmptyOperator(task_id='first')\n"
    "    EmptyOperator(task_id='second', {arguments})\n"
)


def _configure(monkeypatch: pytest.MonkeyPatch, names: str) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", names)
    conf.reload()


def _executors(home: Home) -> list[str | None]:
    with home.store.read() as conn:
        found = dag.latest_spec(conn, "d")
    assert found is not None
    return [task.get("executor") for task in found[1]["tasks"]]


@pytest.mark.parametrize(
    ("default_args", "arguments", "task_id"),
    [("{}", "executor='Nope'", "second"), ("{'executor': 'Nope'}", "", "first")],
)
def test_the_import_error_names_task_value_and_what_is_allowed(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    default_args: str,
    arguments: str,
    task_id: str,
) -> None:
    _configure(monkeypatch, "LocalExecutor,small:SequentialExecutor")
    home.write("d.py", FILE.format(default_args=default_args, arguments=arguments))
    home.parse()
    error = home.error("d.py")
    assert f"Task {task_id!r} of DAG 'd' has executor='Nope'" in error
    assert "it names LocalExecutor, small." in error
    assert home.active() == set()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("LocalExecutor", "LocalExecutor"),
        ("small", "small"),
        ("SequentialExecutor", "small"),
        ("airflow.executors.local_executor.LocalExecutor", "LocalExecutor"),
        ("airflow.executors.sequential_executor.SequentialExecutor", "small"),
    ],
)
def test_an_executor_is_named_by_alias_class_or_path(
    home: Home, monkeypatch: pytest.MonkeyPatch, written: str, meant: str
) -> None:
    _configure(monkeypatch, "LocalExecutor,small:SequentialExecutor")
    home.write("d.py", FILE.format(default_args="{}", arguments=f"executor={written!r}"))
    home.parse()
    assert home.errors() == {}
    assert _executors(home) == [None, meant]


def test_a_file_in_error_is_parsed_again_by_the_next_process(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    _configure(monkeypatch, "LocalExecutor")
    home.write("d.py", FILE.format(default_args="{}", arguments="executor='small'"))
    home.parse()
    assert "executor='small'" in home.error("d.py")
    _configure(monkeypatch, "LocalExecutor,small:SequentialExecutor")
    home.parse()
    assert home.errors() == {}
    assert home.active() == {"d"}
