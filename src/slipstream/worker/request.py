"""Answers tasks' requests from the store: variables, connections, XComs and DAGs.

The methods, parameters and results are those of ``slipstream.sdk.taskapi``; runs and task
instances are in ``request_run``. What is refused is raised as RequestRefused, by the name that
the SDK turns back into an exception.

Whoever asks may read variables, connections, XComs and runs, as in Airflow; XComs are written only
by the task instance whose they are. The same rules hold beside the database and far from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slipstream.clock import Clock
from slipstream.errors import NotFound, UserError
from slipstream.store import Store, attempt, connection, dag, run, variable, xcom
from slipstream.store.row import RunRow, XComRow
from slipstream.worker import request_run
from slipstream.worker.task_api import Caller, RequestRefused

Params = dict[str, Any]
Handler = Callable[[Store, Params], Any]

_CONNECTION_FIELDS = (
    "conn_id",
    "conn_type",
    "description",
    "host",
    "schema",
    "login",
    "password",
    "port",
    "extra",
)


def answer(store: Store, clock: Clock, caller: Caller, method: str, params: Params) -> Any:
    """Carry out one request and return its JSON result.

    ``caller`` is the workload that asks; empty for the top of a DAG file. Raises RequestRefused.
    """
    try:
        if method in _OWN_ONLY:
            _check_own(caller, method, params)
            params = {**params, "attempt_id": None if caller.get("callback") else _id_of(caller)}
        if method == "trigger_dag_run":
            return request_run.trigger(store, clock, caller, params)
        handler = _HANDLERS.get(method)
        if handler is None:
            raise RequestRefused("NotImplementedError", f"there is no request named {method!r}")
        return handler(store, params)
    except NotFound as exc:
        raise RequestRefused("AirflowNotFoundException", str(exc)) from exc
    except UserError as exc:
        raise RequestRefused("AirflowException", str(exc)) from exc


def _check_own(caller: Caller, method: str, params: Params) -> None:
    """Refuse to change XComs of another task instance; a run's own callbacks may in their run."""
    names = ("dag_id", "run_id", "task_id", "map_index") if caller.get("task_id") else _RUN
    if all(caller.get(name, -1) == params.get(name, -1) for name in names):
        return
    raise RequestRefused(
        "PermissionDenied",
        f"{method} of task {params.get('task_id')!r} in run {params.get('run_id')!r} of DAG "
        f"{params.get('dag_id')!r}: a task may change only XComs of its own",
    )


def _id_of(caller: Caller) -> str | None:
    id: str | None = caller.get("attempt_id")
    return id


def _check_current(conn: Any, params: Params) -> None:
    """Refuse an attempt that is over: the XComs are those of the next one by now."""
    id = params["attempt_id"]
    if id is not None and attempt.is_over(conn, id):
        raise RequestRefused("Cancelled", "this attempt is no longer the current one")


# Variables and connections


def _get_variable(store: Store, params: Params) -> str | None:
    with store.read() as conn:
        row = variable.get(conn, params["key"])
    return None if row is None else row.value


def _set_variable(store: Store, params: Params) -> None:
    store.write(
        lambda conn: variable.set(conn, params["key"], params["value"], params["description"])
    )


def _delete_variable(store: Store, params: Params) -> bool:
    return store.write(lambda conn: variable.delete(conn, params["key"]))


def _list_variable_keys(store: Store, params: Params) -> list[str]:
    with store.read() as conn:
        keys = [row.key for row in variable.list_all(conn)]
    return sorted(key for key in keys if key.startswith(params["prefix"]))


def _get_connection(store: Store, params: Params) -> dict[str, Any] | None:
    with store.read() as conn:
        row = connection.get(conn, params["conn_id"])
    return None if row is None else {name: getattr(row, name) for name in _CONNECTION_FIELDS}


# XComs


def _run_of(conn: Any, params: Params) -> RunRow:
    row = run.get(conn, params["dag_id"], params["run_id"])
    if row is None:
        raise RequestRefused(
            "DagRunNotFound", f"DAG {params['dag_id']!r} has no run {params['run_id']!r}"
        )
    return row


def _get_xcoms(store: Store, params: Params) -> list[dict[str, Any]]:
    task_ids: list[str] | None = params["task_ids"]
    map_indexes: list[int] | None = params["map_indexes"]
    with store.read() as conn:
        of = run.get(conn, params["dag_id"], params["run_id"])
        if of is None:
            return []  # as Airflow: another DAG need not have a run of this name
        pk = of.id
        if params["include_prior_dates"] and task_ids is not None:
            rows = _prior_xcoms(conn, pk, task_ids, params["key"], map_indexes)
        else:
            rows = list(xcom.list(conn, pk, task_ids, params["key"]))
            if map_indexes is not None:
                rows = [row for row in rows if row.map_index in map_indexes]
    order = {task_id: n for n, task_id in enumerate(task_ids or [])}

    def place(row: XComRow) -> tuple[int, str, int]:
        return order.get(row.task_id, 0), row.task_id, row.map_index

    return [
        {"task_id": row.task_id, "map_index": row.map_index, "value": row.value}
        for row in sorted(rows, key=place)
    ]


def _prior_xcoms(
    conn: Any, pk: int, task_ids: list[str], key: str, map_indexes: list[int] | None
) -> list[XComRow]:
    """As Airflow 3: of a named map index the newest run's, without one those of all runs."""
    rows: list[XComRow] = []
    for task_id in task_ids:
        if map_indexes is None:
            rows += xcom.list_prior(conn, pk, task_id, key)
            continue
        found = (xcom.get_prior(conn, pk, task_id, key, index) for index in map_indexes)
        rows += [row for row in found if row is not None]
    return rows


def _set_xcom(store: Store, params: Params) -> None:
    def write(conn: Any) -> None:
        _check_current(conn, params)
        xcom.set(
            conn,
            _run_of(conn, params).id,
            params["task_id"],
            params["key"],
            params["value"],
            params["map_index"],
        )

    store.write(write)


def _delete_xcom(store: Store, params: Params) -> None:
    def write(conn: Any) -> None:
        _check_current(conn, params)
        pk = _run_of(conn, params).id
        xcom.delete(conn, pk, params["task_id"], params["key"], params["map_index"])

    store.write(write)


def _get_dag(store: Store, params: Params) -> dict[str, Any]:
    with store.read() as conn:
        row = dag.get(conn, params["dag_id"])
    if row is None:
        raise RequestRefused("DagNotFound", f"DAG {params['dag_id']!r} does not exist")
    return {
        "dag_id": row.dag_id,
        "is_paused": row.is_paused,
        "is_stale": row.is_stale,
        "bundle_name": row.bundle_name,
        "bundle_version": row.bundle_version,
        "relative_fileloc": row.relative_fileloc,
        "owners": row.owners,
    }


_OWN_ONLY = frozenset({"set_xcom", "delete_xcom"})
_RUN = ("dag_id", "run_id")
_HANDLERS: dict[str, Handler] = {
    "get_variable": _get_variable,
    "set_variable": _set_variable,
    "delete_variable": _delete_variable,
    "list_variable_keys": _list_variable_keys,
    "get_connection": _get_connection,
    "get_xcoms": _get_xcoms,
    "set_xcom": _set_xcom,
    "delete_xcom": _delete_xcom,
    "get_dag": _get_dag,
    **request_run.HANDLERS,
}
