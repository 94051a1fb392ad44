"""The port through which user code reaches the metadata store.

``current()`` is what variables, connections, XComs and runs are read through. A task process sets
one that asks its worker host; the DAG processor's children, one that asks the service; the
command line, one on the store itself. Without any, ``Outside`` answers: nothing is stored there.

All parameters and results are JSON values (datetimes as ISO 8601 with an offset), so an
implementation is one function: ``request(method, params) -> result``. Errors come back by name:
``DagNotFound``, ``DagRunAlreadyExists``, ``DagRunNotFound``, ``TaskNotFound`` are raised as the
exceptions of ``slipstream.sdk.exceptions``, any other as AirflowRuntimeError.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

from slipstream.sdk import exceptions


class ConnectionData(TypedDict, total=False):
    """A connection's stored fields; ``extra`` is the JSON text."""

    conn_id: str
    conn_type: str
    description: str | None
    host: str | None
    schema: str | None
    login: str | None
    password: str | None
    port: int | None
    extra: str | None


class XComItem(TypedDict):
    """One XCom: ``value`` in the stored (tagged JSON) form."""

    task_id: str
    map_index: int
    value: Any


class DagRunData(TypedDict, total=False):
    """A dag run, as ``get_dag_run`` and its relatives give it."""

    dag_id: str
    run_id: str
    run_type: str
    state: str
    logical_date: str | None
    data_interval_start: str | None
    data_interval_end: str | None
    run_after: str
    start_date: str | None
    end_date: str | None
    queued_at: str | None
    conf: dict[str, Any]
    note: str | None
    triggered_by: str | None
    triggering_user: str | None
    clear_number: int


class TaskInstanceData(TypedDict, total=False):
    """A task instance, as ``get_task_instances`` gives it."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    state: str | None
    try_number: int
    max_tries: int
    start_date: str | None
    end_date: str | None
    duration: float | None
    hostname: str | None
    pool: str
    queue: str
    operator: str | None


class TaskAPI(ABC):
    """What user code can ask of the store; implementations define ``request``."""

    @abstractmethod
    def request(self, method: str, params: dict[str, Any]) -> Any:
        """Carry out the method of that name below; raise what ``error_named`` gives."""

    # Variables

    def get_variable(self, key: str) -> str | None:
        """Return the variable's text, or None when there is none."""
        found: str | None = self.request("get_variable", {"key": key})
        return found

    def set_variable(self, key: str, value: str, description: str | None) -> None:
        """Create or replace the variable."""
        self.request("set_variable", {"key": key, "value": value, "description": description})

    def delete_variable(self, key: str) -> bool:
        """Delete the variable; return whether it was there."""
        return bool(self.request("delete_variable", {"key": key}))

    def list_variable_keys(self, prefix: str) -> list[str]:
        """Return the keys that begin with ``prefix``, sorted."""
        found: list[str] = self.request("list_variable_keys", {"prefix": prefix})
        return found

    # Connections

    def get_connection(self, conn_id: str) -> ConnectionData | None:
        """Return the connection's fields, decrypted, or None when there is none."""
        found: ConnectionData | None = self.request("get_connection", {"conn_id": conn_id})
        return found

    # XComs

    def get_xcoms(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_ids: Sequence[str] | None,
        key: str,
        map_indexes: Sequence[int] | None,
        include_prior_dates: bool = False,
    ) -> list[XComItem]:
        """Return XComs ordered by task (as in ``task_ids``) and map index.

        ``task_ids`` None: of any task; ``map_indexes`` None: of any. ``include_prior_dates`` adds
        those of all runs before; with ``map_indexes``, the newest run's are given alone.
        """
        found: list[XComItem] = self.request(
            "get_xcoms",
            {
                "dag_id": dag_id,
                "run_id": run_id,
                "task_ids": None if task_ids is None else list(task_ids),
                "key": key,
                "map_indexes": None if map_indexes is None else list(map_indexes),
                "include_prior_dates": include_prior_dates,
            },
        )
        return found

    def set_xcom(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str, value: Any
    ) -> None:
        """Write an XCom at once; ``value`` in the stored form."""
        place = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}
        self.request("set_xcom", {**place, "key": key, "value": value})

    def delete_xcom(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
    ) -> None:
        """Delete an XCom, if it is there."""
        place = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}
        self.request("delete_xcom", {**place, "key": key})

    # DAGs and runs

    def get_dag(self, dag_id: str) -> dict[str, Any]:
        """Return ``{dag_id, is_paused, is_stale, …}``; raises DagNotFound."""
        found: dict[str, Any] = self.request("get_dag", {"dag_id": dag_id})
        return found

    def trigger_dag_run(
        self,
        *,
        dag_id: str,
        run_id: str | None,
        logical_date: datetime | None,
        run_after: datetime | None,
        conf: dict[str, Any] | None,
        reset_dag_run: bool,
        note: str | None,
    ) -> DagRunData:
        """Create a run of type operator_triggered (``run_id`` None: generated).

        With ``reset_dag_run``, a run of that id is cleared instead. Raises DagNotFound,
        DagRunAlreadyExists, DagRunTypeNotAllowed, ParamValidationError.
        """
        found: DagRunData = self.request(
            "trigger_dag_run",
            {
                "dag_id": dag_id,
                "run_id": run_id,
                "logical_date": _iso(logical_date),
                "run_after": _iso(run_after),
                "conf": conf,
                "reset_dag_run": reset_dag_run,
                "note": note,
            },
        )
        return found

    def get_dag_run(self, dag_id: str, run_id: str) -> DagRunData:
        """Return the run; raises DagRunNotFound."""
        found: DagRunData = self.request("get_dag_run", {"dag_id": dag_id, "run_id": run_id})
        return found

    def get_dag_run_state(self, dag_id: str, run_id: str) -> str:
        """Return the run's state; raises DagRunNotFound."""
        found: str = self.request("get_dag_run_state", {"dag_id": dag_id, "run_id": run_id})
        return found

    def get_dag_run_count(
        self,
        *,
        dag_id: str,
        logical_dates: Sequence[datetime] | None = None,
        run_ids: Sequence[str] | None = None,
        states: Sequence[str] | None = None,
    ) -> int:
        """Return how many runs match."""
        n: int = self.request(
            "get_dag_run_count",
            {
                "dag_id": dag_id,
                "logical_dates": _isos(logical_dates),
                "run_ids": None if run_ids is None else list(run_ids),
                "states": None if states is None else [str(s) for s in states],
            },
        )
        return n

    def get_previous_run(
        self, *, dag_id: str, logical_date: datetime, state: str | None = None
    ) -> DagRunData | None:
        """Return the latest run with an earlier logical date (in ``state``), or None."""
        found: DagRunData | None = self.request(
            "get_previous_run",
            {"dag_id": dag_id, "logical_date": _iso(logical_date), "state": state},
        )
        return found

    def get_latest_run_after(self, dag_id: str) -> str | None:
        """Return ``run_after`` of the newest automated run, or None."""
        found: str | None = self.request("get_latest_run_after", {"dag_id": dag_id})
        return found

    # Task instances

    def get_task_instances(
        self, *, dag_id: str, run_id: str, states: Sequence[str] | None = None
    ) -> list[TaskInstanceData]:
        """Return the run's task instances (in ``states``; None: all)."""
        found: list[TaskInstanceData] = self.request(
            "get_task_instances",
            {
                "dag_id": dag_id,
                "run_id": run_id,
                "states": None if states is None else [str(s) for s in states],
            },
        )
        return found

    def get_ti_count(
        self,
        *,
        dag_id: str,
        map_index: int | None = None,
        task_ids: Sequence[str] | None = None,
        task_group_id: str | None = None,
        logical_dates: Sequence[datetime] | None = None,
        run_ids: Sequence[str] | None = None,
        states: Sequence[str] | None = None,
    ) -> int:
        """Return how many task instances match."""
        n: int = self.request(
            "get_ti_count",
            {
                **_ti_filter(dag_id, map_index, task_ids, task_group_id, logical_dates, run_ids),
                "states": None if states is None else [str(s) for s in states],
            },
        )
        return n

    def get_task_states(
        self,
        *,
        dag_id: str,
        map_index: int | None = None,
        task_ids: Sequence[str] | None = None,
        task_group_id: str | None = None,
        logical_dates: Sequence[datetime] | None = None,
        run_ids: Sequence[str] | None = None,
    ) -> dict[str, dict[str, str | None]]:
        """Return states by run_id and task id (``task_id_3`` for map index 3)."""
        found: dict[str, dict[str, str | None]] = self.request(
            "get_task_states",
            _ti_filter(dag_id, map_index, task_ids, task_group_id, logical_dates, run_ids),
        )
        return found

    def get_previous_ti(
        self,
        *,
        dag_id: str,
        task_id: str,
        logical_date: datetime | None,
        map_index: int = -1,
        state: str | None = None,
    ) -> TaskInstanceData | None:
        """Return the task's instance in the latest earlier run (in ``state``), or None."""
        found: TaskInstanceData | None = self.request(
            "get_previous_ti",
            {
                "dag_id": dag_id,
                "task_id": task_id,
                "logical_date": _iso(logical_date),
                "map_index": map_index,
                "state": state,
            },
        )
        return found


class Outside(TaskAPI):
    """Used where no store is at hand: reads find nothing, writes are refused."""

    _EMPTY = frozenset({"get_variable", "get_connection", "get_previous_run", "get_previous_ti"})

    def request(self, method: str, params: dict[str, Any]) -> Any:
        if method in self._EMPTY:
            return None
        if method in ("get_xcoms", "list_variable_keys", "get_task_instances"):
            return []
        raise exceptions.AirflowException(
            f"{method} needs a running task or the metadata database; this process has neither."
        )


_current: TaskAPI = Outside()


def current() -> TaskAPI:
    """Return the API of this process."""
    return _current


def use(api: TaskAPI) -> TaskAPI:
    """Make ``api`` the current one; return the one before."""
    global _current
    before, _current = _current, api
    return before


_BY_NAME = {
    cls.__name__: cls
    for cls in (
        exceptions.AirflowException,
        exceptions.AirflowNotFoundException,
        exceptions.DagNotFound,
        exceptions.DagRunNotFound,
        exceptions.DagRunTypeNotAllowed,
        exceptions.ParamValidationError,
        exceptions.TaskNotFound,
        exceptions.TaskInstanceNotFound,
        exceptions.DagRunAlreadyExists,
    )
}


def error_named(kind: str, message: str) -> Exception:
    """Return the exception for an error that the other side reported by name."""
    if kind == "DagRunAlreadyExists":
        error = exceptions.DagRunAlreadyExists(message)
        error.args = (message,)
        return error
    cls = _BY_NAME.get(kind)
    return cls(message) if cls is not None else exceptions.AirflowRuntimeError(f"{kind}: {message}")


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _isos(values: Sequence[datetime] | None) -> list[str] | None:
    return None if values is None else [v.isoformat() for v in values]


def _ti_filter(
    dag_id: str,
    map_index: int | None,
    task_ids: Sequence[str] | None,
    task_group_id: str | None,
    logical_dates: Sequence[datetime] | None,
    run_ids: Sequence[str] | None,
) -> dict[str, Any]:
    return {
        "dag_id": dag_id,
        "map_index": map_index,
        "task_ids": None if task_ids is None else list(task_ids),
        "task_group_id": task_group_id,
        "logical_dates": _isos(logical_dates),
        "run_ids": None if run_ids is None else list(run_ids),
    }
