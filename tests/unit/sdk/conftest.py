"""A store in memory behind the task API, and a way to run one task of a DAG."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from slipstream.attempt import Workload
from slipstream.sdk import execute, mask, operator_defaults, taskapi
from slipstream.sdk.dag import DAG
from slipstream.sdk.runtime import RuntimeTaskInstance

NOW = dt.datetime(2024, 6, 3, 12, 30, tzinfo=dt.UTC)


class MemoryAPI(taskapi.TaskAPI):
    """Answers from dicts, and keeps what it was asked."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.connections: dict[str, Any] = {}
        self.xcoms: dict[tuple[str, int, str], Any] = {}
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def request(self, method: str, params: dict[str, Any]) -> Any:
        self.asked.append((method, params))
        if method in self.answers:
            answer = self.answers[method]
            return answer(params) if callable(answer) else answer
        own: Callable[[dict[str, Any]], Any] | None = getattr(self, f"_{method}", None)
        return own(params) if own is not None else None

    def _get_variable(self, params: dict[str, Any]) -> Any:
        return self.variables.get(params["key"])

    def _set_variable(self, params: dict[str, Any]) -> None:
        self.variables[params["key"]] = params["value"]

    def _delete_variable(self, params: dict[str, Any]) -> bool:
        return self.variables.pop(params["key"], None) is not None

    def _get_connection(self, params: dict[str, Any]) -> Any:
        return self.connections.get(params["conn_id"])

    def _get_xcoms(self, params: dict[str, Any]) -> Any:
        indexes = params["map_indexes"]
        return [
            {"task_id": task_id, "map_index": index, "value": value}
            for wanted in params["task_ids"]
            for (task_id, index, key), value in sorted(self.xcoms.items())
            if task_id == wanted and key == params["key"] and (indexes is None or index in indexes)
        ]


@pytest.fixture
def api() -> Iterator[MemoryAPI]:
    """Give the store in memory, current for the test."""
    memory = MemoryAPI()
    before = taskapi.use(memory)
    yield memory
    taskapi.use(before)
    mask.reset()


@pytest.fixture(autouse=True)
def _defaults_of_this_test() -> Iterator[None]:
    """Let a test set options that a process asks for once."""
    operator_defaults.forget()
    yield
    operator_defaults.forget()


class Runner:
    """Runs tasks of one DAG in order, XComs kept between them."""

    def __init__(self, api: MemoryAPI) -> None:
        self.api = api

    def workload(self, dag: DAG, task_id: str, **fields: Any) -> Workload:
        """Return the workload of an attempt at the task."""
        given: dict[str, Any] = {
            "attempt_id": "a1",
            "dag_id": dag.dag_id,
            "run_id": "manual__2024-06-03T12:30:00+00:00",
            "dag_run_pk": 1,
            "task_id": task_id,
            "relative_fileloc": "f.py",
            "logical_date": NOW,
            "data_interval_start": NOW,
            "data_interval_end": NOW,
            "run_after": NOW,
            "run_start_date": NOW,
        }
        return Workload(**{**given, **fields})

    def instance(self, dag: DAG, task_id: str, **fields: Any) -> RuntimeTaskInstance:
        """Return the running task instance."""
        return RuntimeTaskInstance(
            self.workload(dag, task_id, **fields), dag.get_task(task_id), NOW
        )

    def __call__(self, dag: DAG, task_id: str, **fields: Any) -> execute.Ended:
        """Run the task and keep its XComs."""
        ti = self.instance(dag, task_id, **fields)
        ended = execute.run_task(ti.task, ti.get_template_context())
        for item in ended.xcoms:
            self.api.xcoms[task_id, ti.map_index, item["key"]] = item["value"]
        return ended

    def result(self, dag: DAG, task_id: str, **fields: Any) -> Any:
        """Run the task, which must succeed, and return its stored return value."""
        ended = self(dag, task_id, **fields)
        if ended.exception is not None:
            raise ended.exception
        return self.api.xcoms.get((task_id, -1, "return_value"))


@pytest.fixture
def run(api: MemoryAPI) -> Runner:
    """Give the runner."""
    return Runner(api)
