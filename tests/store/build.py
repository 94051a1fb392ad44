"""Builders of rows and decisions with short defaults."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from slipstream.attempt import Outcome, new_id
from slipstream.machine.decision import Decision, StoryEvent, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.state import TaskInstanceState
from slipstream.store import Connection, Store, attempt, dag, decision, run
from slipstream.store.row import RunRow

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
AFTER = 10.0
"""Seconds after which a wait has failed."""


class Spawn(Protocol):
    def __call__(self, function: str, *args: str) -> subprocess.Popen[str]: ...


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def new_run(dag_id: str = "d", run_id: str = "r", **kwargs: Any) -> run.NewRun:
    defaults: dict[str, Any] = {"run_type": "manual", "run_after": NOW}
    return run.NewRun(dag_id=dag_id, run_id=run_id, **(defaults | kwargs))


def create_run(store: Store, dag_id: str = "d", run_id: str = "r", **kwargs: Any) -> RunRow:
    return store.write(run.create, new_run(dag_id, run_id, **kwargs), NOW)


def changing(
    keys: Iterable[str | TIKey], *, is_new: bool = False, story: bool = False, **values: Any
) -> Decision:
    """A decision that gives all of the task instances the same values."""
    decided = Decision()
    for each in keys:
        key = TIKey(each) if isinstance(each, str) else each
        decided.changes[key] = TaskInstanceChange(key, dict(values), is_new)
        if story:
            decided.story.append(StoryEvent(key, "changed", None, values.get("state")))
    return decided


def queue(
    store: Store, row: RunRow, task_ids: Iterable[str], *, is_new: bool = True
) -> dict[str, str]:
    """Queue an attempt of each task; return task id to attempt id."""
    ids = {task_id: new_id() for task_id in task_ids}
    decided = Decision()
    for task_id, id in ids.items():
        key = TIKey(task_id)
        values = {"state": "queued", "attempt_id": id, "try_number": 1, "queued_at": NOW}
        decided.changes[key] = TaskInstanceChange(key, values, is_new)
    attempts = [
        decision.NewAttempt(id=id, dag_run_id=row.id, task_id=task_id, try_number=1)
        for task_id, id in ids.items()
    ]
    store.write(decision.save, [(row.id, decided)], attempts, NOW)
    return ids


def starting(ids: Iterable[str], host: str = "host-1", pid: int = 7) -> list[attempt.AttemptStart]:
    return [attempt.AttemptStart(id, host, "worker", pid, later(1)) for id in ids]


def outcome(id: str, **kwargs: Any) -> Outcome:
    defaults: dict[str, Any] = {"state": TaskInstanceState.SUCCESS, "ended_at": later(2)}
    return Outcome(attempt_id=id, **(defaults | kwargs))


def parsed_dag(dag_id: str, spec_hash: str = "h1", **kwargs: Any) -> dag.ParsedDag:
    """A DAG as the processor hands it over; ``spec`` holds more keys of the spec."""
    spec: Any = {
        "spec": 1,
        "dag_id": dag_id,
        "relative_fileloc": f"{dag_id}.py",
        "timetable": {"type": "none"},
        "max_active_tasks": 16,
        "max_active_runs": 16,
        "tasks": [],
        **kwargs.pop("spec", {}),
    }
    defaults: dict[str, Any] = {"is_paused_upon_creation": False}
    return dag.ParsedDag(spec=spec, spec_hash=spec_hash, **(defaults | kwargs))


def parsed_file(path: str, *dags: dag.ParsedDag, **kwargs: Any) -> dag.ParsedFile:
    for each in dags:
        each.spec["relative_fileloc"] = path
    defaults: dict[str, Any] = {
        "bundle_name": "dags-folder",
        "fileloc": f"/dags/{path}",
        "mtime": 1772366000.25,
        "size": 100,
        "duration_s": 0.01,
        "parsed_at": NOW,
        "parsed_by": "1",
        "source": "# source\n",
    }
    return dag.ParsedFile(relative_fileloc=path, dags=dags, **(defaults | kwargs))


def count(conn: Connection, table: Any) -> int:
    from sqlalchemy import func, select

    return int(conn.execute(select(func.count()).select_from(table)).scalar_one())
