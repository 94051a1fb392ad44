"""Many task instances at once: set their states and notes, delete them; and delete one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from fastapi import APIRouter
from fastapi.exceptions import HTTPException
from starlette.responses import Response

from slipstream import command
from slipstream.api import audit, body
from slipstream.api.affected import states
from slipstream.api.auth.words import DAG_RUNS, EDIT, TASK_INSTANCES
from slipstream.api.bulk import Changes, Failure, Outcome, carry_out, failure, tell
from slipstream.api.call import Call, Editor
from slipstream.api.error import task_instance_not_found
from slipstream.api.query import Int
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.api.route.change_task import change, changes
from slipstream.api.route.dag_run import ALL
from slipstream.machine.event import TIKey
from slipstream.store import task_instance
from slipstream.store.listing import run as runs
from slipstream.store.row import TaskInstanceRow

router = APIRouter(tags=["Task Instance"])

_OF_RUN = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances"


class _Named(NamedTuple):
    """What an entry of an action names; without a map index, all instances of the task."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None


@router.patch(_OF_RUN, responses=replies("BulkResponse"))
def bulk_task_instances(
    call: Editor, dag_id: str, dag_run_id: str, given: body.TaskInstanceBulk
) -> Response:
    """Set the states and notes of task instances of a run, or of any (``~``), and delete some."""
    for part in (DAG_RUNS, TASK_INSTANCES):
        call.need_bulk(part, given.actions)
    for action in given.actions:
        for of_dag in {key.dag_id for key in _by_key(dag_id, dag_run_id, action.entities)[0]}:
            call.need_dag(EDIT, of_dag)

    told: Changes = {}

    def handle(action: Any) -> Outcome:
        if action.action == "create":
            return [], [failure("Task instances cannot be created: a run makes its own.", 405)]
        named, failed = _by_key(dag_id, dag_run_id, action.entities)
        done, more = (_update if action.action == "update" else _delete)(call, action, named, told)
        return done, failed + more

    outcome = carry_out(given.actions, handle)
    audit.record(
        call,
        "bulk_task_instances",
        {**outcome, "changes": told},
        dag_id=dag_id if dag_id != ALL else None,
        run_id=dag_run_id if dag_run_id != ALL else None,
    )
    return Json(outcome)


@router.delete(_OF_RUN + "/{task_id}", responses=replies(None, 404))
def delete_task_instance(
    call: Editor, dag_id: str, dag_run_id: str, task_id: str, map_index: Int = -1
) -> Response:
    """Delete a task instance with its tries and XComs; a run that goes on begins it anew."""
    key = _Named(dag_id, dag_run_id, task_id, map_index)
    found = _instances(call, key)
    if not found:
        raise task_instance_not_found(*key)
    _delete_instances(call, key, found)
    audit.record(
        call,
        "delete_task_instance",
        dag_id=dag_id,
        run_id=dag_run_id,
        task_id=task_id,
        map_index=map_index,
        before=states(call, found, dag_run_id),
    )
    return Json(None)


def _by_key(
    dag_id: str, run_id: str, entities: Sequence[str | body.TaskInstanceNamed]
) -> tuple[dict[_Named, body.TaskInstanceNamed], list[Failure]]:
    """Return what is asked of each that is named, and a failure for each without DAG or run.

    Those with a map index come first, as in Airflow 3.
    """
    named: dict[_Named, body.TaskInstanceNamed] = {}
    failed = []
    for each in entities:
        entity = body.TaskInstanceNamed(task_id=each) if isinstance(each, str) else each
        key = _Named(
            entity.dag_id or dag_id, entity.dag_run_id or run_id, entity.task_id, entity.map_index
        )
        if ALL in (key.dag_id, key.run_id):
            form = "an object instead of a string, with" if isinstance(each, str) else "it"
            why = (
                f"Task {key.task_id!r} needs a DAG and a run of its own, for the path says ~: "
                f"give {form} dag_id, dag_run_id and task_id."
            )
            failed.append(failure(why, 400))
        else:
            named[key] = entity
    return dict(sorted(named.items(), key=lambda item: item[0].map_index is None)), failed


def _instances(call: Call, key: _Named) -> list[TaskInstanceRow]:
    """Return the instances that are named and exist."""
    with call.store.read() as conn:
        row = runs.get(conn, key.dag_id, key.run_id)
        if row is None:
            return []
        return task_instance.of_tasks(conn, row.id, [key.task_id], key.map_index)


def _known(
    call: Call, action: body.OnNonExistence, named: dict[_Named, body.TaskInstanceNamed]
) -> tuple[dict[_Named, list[TaskInstanceRow]], list[Failure]]:
    """Return the instances that exist, up to the failure, if a missing one is one."""
    found = {key: _instances(call, key) for key in named}
    if action.action_on_non_existence == "skip":
        return {key: rows for key, rows in found.items() if rows}, []
    single = [
        {"dag_id": k.dag_id, "dag_run_id": k.run_id, "task_id": k.task_id, "map_index": k.map_index}
        for k, rows in found.items()
        if not rows and k.map_index is not None
    ]
    if single:
        why = f"These task instances do not exist: {single}"
        return {}, [failure(why, 404)]
    known: dict[_Named, list[TaskInstanceRow]] = {}
    for key, rows in found.items():
        if not rows:
            why = (
                f"Run {key.run_id!r} of DAG {key.dag_id!r} has no task instance of {key.task_id!r}."
            )
            return known, [failure(why, 404)]
        known[key] = rows
    return known, []


def _update(
    call: Call,
    action: body.BulkUpdate[body.TaskInstanceNamed],
    named: dict[_Named, body.TaskInstanceNamed],
    told: Changes,
) -> Outcome:
    known, failed = _known(call, action, named)
    done: list[str] = []
    for key, rows in known.items():
        for map_index in [row.map_index for row in rows]:
            try:
                affected = change(
                    call,
                    key.dag_id,
                    key.run_id,
                    [key.task_id],
                    map_index,
                    named[key],
                    action.update_mask,
                )
            except HTTPException as error:
                # As Airflow 3: what comes after it is left as it is.
                return done, [*failed, failure(str(error.detail), error.status_code)]
            name = _name(key, map_index)
            done.append(name)
            tell(told, name, **changes(call, key.run_id, affected, named[key]))
    return done, failed


def _delete(
    call: Call,
    action: body.BulkDelete[body.TaskInstanceNamed],
    named: dict[_Named, body.TaskInstanceNamed],
    told: Changes,
) -> Outcome:
    known, failed = _known(call, action, named)
    done: list[str] = []
    for key, rows in known.items():
        _delete_instances(call, key, rows)
        for row in rows:
            name = _name(key, row.map_index)
            done.append(name)
            tell(told, name, before=states(call, [row], key.run_id))
    return list(dict.fromkeys(done)), failed


def _delete_instances(call: Call, key: _Named, rows: Sequence[TaskInstanceRow]) -> None:
    command.delete_task_instances(
        call.store,
        call.clock,
        dag_id=key.dag_id,
        run_id=key.run_id,
        keys=[TIKey(row.task_id, row.map_index) for row in rows],
        by=call.user.name,
    )


def _name(key: _Named, map_index: int) -> str:
    return f"{key.dag_id}.{key.run_id}.{key.task_id}[{map_index}]"
