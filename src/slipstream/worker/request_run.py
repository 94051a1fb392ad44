"""Answers tasks' requests about dag runs and task instances."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from slipstream.clock import Clock
from slipstream.errors import DuplicateRun, NotFound
from slipstream.spec import DagSpec
from slipstream.state import DagRunTriggeredByType, DagRunType
from slipstream.store import Store, dag, run, task_instance
from slipstream.store.row import RunRow, TaskInstanceRow
from slipstream.worker.task_api import Caller, RequestRefused

Params = dict[str, Any]

_RUN_FIELDS = (
    "dag_id",
    "run_id",
    "run_type",
    "state",
    "logical_date",
    "data_interval_start",
    "data_interval_end",
    "run_after",
    "start_date",
    "end_date",
    "queued_at",
    "conf",
    "note",
    "triggered_by",
    "triggering_user",
    "clear_number",
)
_TI_FIELDS = (
    "task_id",
    "map_index",
    "state",
    "try_number",
    "max_tries",
    "start_date",
    "end_date",
    "hostname",
    "pool",
    "queue",
    "operator",
)


def trigger(store: Store, clock: Clock, caller: Caller, params: Params) -> dict[str, Any]:
    """Create a run for an operator, or clear the one that has its id."""
    # The rules of runs are 1.5 MB that most hosts never need.
    from slipstream.command.clearing import clear
    from slipstream.command.trigger import trigger_run

    dag_id, run_id = params["dag_id"], params["run_id"]
    try:
        row = trigger_run(
            store,
            clock,
            dag_id=dag_id,
            run_id=run_id,
            logical_date=_date(params["logical_date"]),
            run_after=_date(params["run_after"]),
            conf=params["conf"],
            note=params["note"],
            triggered_by=DagRunTriggeredByType.OPERATOR,
            user=_user(store, caller),
            run_type=DagRunType.OPERATOR_TRIGGERED,
            wait_s=0.0,
        )
    except DuplicateRun as exc:
        existing = _existing(store, params)
        if not params["reset_dag_run"] or existing is None:
            raise RequestRefused("DagRunAlreadyExists", str(exc)) from exc
        by = f"task {caller.get('dag_id')}.{caller.get('task_id')}"
        clear(store, clock, dag_id=dag_id, run_id=existing.run_id, reset_dag_runs=True, by=by)
        return _run_data(existing)
    except NotFound as exc:
        raise RequestRefused("DagNotFound", str(exc)) from exc
    return _run_data(row)


def _user(store: Store, caller: Caller) -> str | None:
    """Return who started the caller's run: of the runs that its tasks trigger that is the user."""
    if not caller.get("run_id"):
        return None
    with store.read() as conn:
        parent = run.get(conn, caller["dag_id"], caller["run_id"])
    return parent.triggering_user if parent is not None else None


def _existing(store: Store, params: Params) -> RunRow | None:
    with store.read() as conn:
        found = run.get(conn, params["dag_id"], params["run_id"]) if params["run_id"] else None
        logical_date = _date(params["logical_date"])
        if found is None and logical_date is not None:
            found = run.get_by_logical_date(conn, params["dag_id"], logical_date)
    return found


def _get_dag_run(store: Store, params: Params) -> dict[str, Any]:
    with store.read() as conn:
        return _run_data(_the_run(conn, params))


def _get_dag_run_state(store: Store, params: Params) -> str:
    with store.read() as conn:
        return _the_run(conn, params).state


def _get_dag_run_count(store: Store, params: Params) -> int:
    states = params["states"]
    with store.read() as conn:
        if params["logical_dates"] is None:
            counts = run.count_by_state(conn, params["dag_id"], params["run_ids"] or ())
            return sum(n for state, n in counts.items() if states is None or state in states)
        dates = [datetime.fromisoformat(text) for text in params["logical_dates"]]
        rows = [run.get_by_logical_date(conn, params["dag_id"], date) for date in dates]
    return sum(
        1
        for row in rows
        if row is not None
        and (states is None or row.state in states)
        and (params["run_ids"] is None or row.run_id in params["run_ids"])
    )


def _get_previous_run(store: Store, params: Params) -> dict[str, Any] | None:
    date = datetime.fromisoformat(params["logical_date"])
    with store.read() as conn:
        row = run.previous(conn, params["dag_id"], date, params["state"])
    return None if row is None else _run_data(row)


def _get_latest_run_after(store: Store, params: Params) -> str | None:
    with store.read() as conn:
        row = run.latest_automated(conn, params["dag_id"])
    return None if row is None else row.run_after.isoformat()


# Task instances


def _get_task_instances(store: Store, params: Params) -> list[dict[str, Any]]:
    states = params["states"]
    with store.read() as conn:
        found = _the_run(conn, params)
        rows = task_instance.load_run(conn, found.id)
    return [_ti_data(row, found) for row in rows if states is None or row.state in states]


def _get_ti_count(store: Store, params: Params) -> int:
    states = params["states"]
    if states is not None:
        states = [None if state == "None" else state for state in states]
    with store.read() as conn:
        return task_instance.count(
            conn, params["dag_id"], **_ti_filter(conn, params), states=states
        )


def _get_task_states(store: Store, params: Params) -> dict[str, dict[str, str | None]]:
    with store.read() as conn:
        found = task_instance.states_of_dag(conn, params["dag_id"], **_ti_filter(conn, params))
    return {
        run_id: {_indexed(*key): state for key, state in states.items()}
        for run_id, states in found.items()
    }


def _indexed(task_id: str, map_index: int) -> str:
    return f"{task_id}_{map_index}" if map_index >= 0 else task_id


def _get_previous_ti(store: Store, params: Params) -> dict[str, Any] | None:
    date = _date(params["logical_date"])
    with store.read() as conn:
        while date is not None:
            found = run.previous(conn, params["dag_id"], date)
            if found is None:
                return None
            row = task_instance.get(conn, found.id, params["task_id"], params["map_index"])
            if row is not None and params["state"] in (None, row.state):
                return _ti_data(row, found)
            date = found.logical_date
    return None


def _ti_filter(conn: Any, params: Params) -> dict[str, Any]:
    dates = params["logical_dates"]
    return {
        "task_ids": _wanted_tasks(conn, params),
        "map_index": params["map_index"],
        "run_ids": params["run_ids"],
        "logical_dates": None if dates is None else [datetime.fromisoformat(d) for d in dates],
    }


def _wanted_tasks(conn: Any, params: Params) -> set[str] | None:
    task_ids, group_id = params["task_ids"], params["task_group_id"]
    if group_id is None:
        return None if task_ids is None else set(task_ids)
    found = dag.latest_spec(conn, params["dag_id"])
    inside = set() if found is None else _tasks_in_group(found[1], group_id)
    return inside if task_ids is None else inside & set(task_ids)


def _tasks_in_group(spec: DagSpec, group_id: str) -> set[str]:
    groups = {group_id}
    for group in spec.get("groups", []):  # parents come before children
        if group.get("parent") in groups:
            groups.add(group["group_id"])
    return {task["task_id"] for task in spec["tasks"] if task.get("group") in groups}


# JSON forms


def _the_run(conn: Any, params: Params) -> RunRow:
    row = run.get(conn, params["dag_id"], params["run_id"])
    if row is None:
        raise RequestRefused(
            "DagRunNotFound", f"DAG {params['dag_id']!r} has no run {params['run_id']!r}"
        )
    return row


def _run_data(row: RunRow) -> dict[str, Any]:
    return {name: _json(getattr(row, name)) for name in _RUN_FIELDS}


def _ti_data(row: TaskInstanceRow, found: RunRow) -> dict[str, Any]:
    data = {name: _json(getattr(row, name)) for name in _TI_FIELDS}
    data |= {"dag_id": found.dag_id, "run_id": found.run_id, "duration": None}
    if row.start_date is not None and row.end_date is not None:
        data["duration"] = (row.end_date - row.start_date).total_seconds()
    return data


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _date(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


HANDLERS: dict[str, Callable[[Store, Params], Any]] = {
    "get_dag_run": _get_dag_run,
    "get_dag_run_state": _get_dag_run_state,
    "get_dag_run_count": _get_dag_run_count,
    "get_previous_run": _get_previous_run,
    "get_latest_run_after": _get_latest_run_after,
    "get_task_instances": _get_task_instances,
    "get_ti_count": _get_ti_count,
    "get_task_states": _get_task_states,
    "get_previous_ti": _get_previous_ti,
}
