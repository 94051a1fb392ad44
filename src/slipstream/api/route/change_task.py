"""Changes to task instances: set their state and note, and clear them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from slipstream import command
from slipstream.api import audit, body
from slipstream.api.affected import marked, states
from slipstream.api.call import Call, Editor
from slipstream.api.error import (
    bad_request,
    conflict,
    dag_not_found,
    not_found,
    run_not_found,
    task_instance_not_found,
)
from slipstream.api.query import Int
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.api.route.dag_run import found_run, shown_task_instances
from slipstream.api.route.task_instance import tasks_of_group
from slipstream.spec import DagSpec
from slipstream.state import TaskInstanceState
from slipstream.store import Connection, dag, task_instance
from slipstream.store.listing import Between, Filter, OneOf, Window
from slipstream.store.listing import run as runs
from slipstream.store.row import TaskInstanceRow

router = APIRouter(tags=["Task Instance"])

_RUN = "/dags/{dag_id}/dagRuns/{dag_run_id}"
_TI = _RUN + "/taskInstances/{task_id}"
_NO_DATE = (
    "The run has no logical date, so no other runs lie before or after it: "
    "leave include_past and include_future out."
)
MAX_RUNS_CLEARED = 1000
"""So many runs at most are cleared by one request that names no run."""


def _spec(conn: Connection, dag_id: str) -> DagSpec:
    found = dag.latest_spec(conn, dag_id)
    if found is None:
        raise dag_not_found(dag_id)
    return found[1]


@router.post(
    "/dags/{dag_id}/clearTaskInstances",
    responses=replies("TaskInstanceCollectionResponse", 404, 409),
)
def post_clear_task_instances(call: Editor, dag_id: str, given: body.Clear) -> Response:
    """Run task instances again, of one run or of those in a range of logical dates."""
    with call.store.read() as conn:
        spec = _spec(conn, dag_id)
        run_ids = _runs_to_clear(conn, dag_id, given)
    known = {task["task_id"] for task in spec["tasks"]}
    wanted = given.task_ids
    if wanted is not None:
        wanted = [t for t in wanted if (t if isinstance(t, str) else t[0]) in known]
    affected = (
        [row for run_id in run_ids for row in _clear(call, dag_id, run_id, wanted, given)]
        if wanted is None or wanted
        else []
    )
    if given.prevent_running_task and any(row.state == "running" for row in affected):
        raise conflict("A task instance is running; it cannot be cleared as things stand.")
    if not given.dry_run:
        if given.note is not None:
            call.store.write(_set_notes, affected, given.note)
        audit.record(
            call,
            "clear_task_instances",
            given,
            dag_id=dag_id,
            run_id=given.dag_run_id,
            before=states(call, affected, given.dag_run_id),
        )
    with call.store.read() as conn:
        return Json(shown_task_instances(call, conn, affected))


def _clear(
    call: Call,
    dag_id: str,
    run_id: str,
    task_ids: Collection[str | tuple[str, int]] | None,
    given: body.Clear,
) -> list[TaskInstanceRow]:
    def clear(dry_run: bool) -> list[TaskInstanceRow]:
        return command.clear(
            call.store,
            call.clock,
            dag_id=dag_id,
            run_id=run_id,
            task_ids=task_ids,
            include_upstream=given.include_upstream,
            include_downstream=given.include_downstream,
            include_past=given.include_past,
            include_future=given.include_future,
            only_failed=given.only_failed,
            only_running=given.only_running,
            reset_dag_runs=given.reset_dag_runs,
            dry_run=dry_run,
            by=call.user.name,
        )

    if given.dry_run:
        return clear(dry_run=True)
    if given.prevent_running_task:
        would = clear(dry_run=True)
        if any(row.state == "running" for row in would):
            raise conflict("A task instance is running; it is not cleared (prevent_running_task).")
    return clear(dry_run=False)


def _runs_to_clear(conn: Connection, dag_id: str, given: body.Clear) -> list[str]:
    if given.dag_run_id is not None:
        row = runs.get(conn, dag_id, given.dag_run_id)
        if row is None:
            raise run_not_found(dag_id, given.dag_run_id)
        if (given.include_past or given.include_future) and row.logical_date is None:
            raise bad_request(_NO_DATE)
        return [row.run_id]
    filters: list[Filter] = [OneOf("dag_id", (dag_id,))]
    if given.start_date is not None or given.end_date is not None:
        filters.append(Between("logical_date", gte=given.start_date, lte=given.end_date))
    page = runs.page(conn, Window(MAX_RUNS_CLEARED, order_by=("id",)), filters)
    if page.total > MAX_RUNS_CLEARED:
        raise bad_request(
            f"This would clear {page.total} runs, more than {MAX_RUNS_CLEARED} at once: "
            "give dag_run_id, or a shorter range of start_date and end_date."
        )
    return [row.run_id for row in page.rows]


def _set_notes(conn: Connection, rows: Sequence[TaskInstanceRow], note: str | None) -> None:
    for row in rows:
        task_instance.set_note(conn, row.dag_run_id, row.task_id, row.map_index, note)


def change(
    call: Call,
    dag_id: str,
    run_id: str,
    task_ids: Sequence[str],
    map_index: int | None,
    given: body.TaskInstancePatch,
    update_mask: list[str] | None,
    *,
    dry_run: bool = False,
) -> list[TaskInstanceRow]:
    """Set the state and the note of tasks' instances and return those that this affects.

    Raises the 404 or 409 that fits.
    """
    fields = given.model_fields_set & set(update_mask) if update_mask else given.model_fields_set
    with call.store.read() as conn:
        named = named_rows(conn, dag_id, run_id, task_ids, map_index)
    affected = named
    if "new_state" in fields and given.new_state is not None:
        state = TaskInstanceState(given.new_state)
        affected = []
        for task_id in task_ids:
            affected += command.mark_task(
                call.store,
                call.clock,
                dag_id=dag_id,
                run_id=run_id,
                task_id=task_id,
                map_index=map_index,
                state=state,
                include_upstream=given.include_upstream,
                include_downstream=given.include_downstream,
                include_past=given.include_past,
                include_future=given.include_future,
                dry_run=dry_run,
                by=call.user.name,
            )
        if not affected and not dry_run:
            raise conflict(f"Nothing to change: {', '.join(task_ids)} is {state.value} already.")
    if not dry_run and "note" in fields:
        call.store.write(_set_notes, named, given.note or None)
    return affected


def _patch(
    call: Call,
    dag_id: str,
    run_id: str,
    task_ids: Sequence[str],
    map_index: int | None,
    given: body.TaskInstancePatch,
    update_mask: list[str] | None,
    *,
    dry_run: bool,
) -> Response:
    affected = change(
        call, dag_id, run_id, task_ids, map_index, given, update_mask, dry_run=dry_run
    )
    if not dry_run:
        audit.record(
            call,
            "patch_task_instance",
            given,
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_ids[0] if len(task_ids) == 1 else None,
            map_index=map_index,
            **changes(call, run_id, affected, given),
        )
    with call.store.read() as conn:
        if not dry_run:  # as Airflow: what is named, whatever has changed with it
            affected = named_rows(conn, dag_id, run_id, task_ids, map_index)
        return Json(shown_task_instances(call, conn, affected))


def changes(
    call: Call, run_id: str, affected: Sequence[TaskInstanceRow], given: body.TaskInstancePatch
) -> dict[str, dict[str, str | None]]:
    """Return what the audit log keeps as ``before`` and ``after`` of a change; of notes, nothing."""
    if given.new_state is None:
        return {}
    before = states(call, affected, run_id)
    return {"before": before, "after": marked(before, given.new_state)}


def named_rows(
    conn: Connection, dag_id: str, run_id: str, task_ids: Sequence[str], map_index: int | None
) -> list[TaskInstanceRow]:
    """Return the task instances that a path names; raise the 404 that fits."""
    known = {task["task_id"] for task in _spec(conn, dag_id)["tasks"]}
    for task_id in task_ids:
        if task_id not in known:
            raise not_found(f"DAG {dag_id!r} has no task {task_id!r}.")
    pk = found_run(conn, dag_id, run_id).id
    rows = task_instance.of_tasks(conn, pk, task_ids, map_index)
    if not rows:
        raise task_instance_not_found(dag_id, run_id, ", ".join(task_ids), map_index)
    return rows


Mask = Annotated[list[str] | None, Query()]


@router.patch(_TI + "/dry_run", responses=replies("TaskInstanceCollectionResponse", 404))
def patch_task_instance_dry_run(
    call: Editor,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    given: body.TaskInstancePatch,
    map_index: Int | None = None,
    update_mask: Mask = None,
) -> Response:
    """Show which task instances a change of state would affect."""
    return _patch(call, dag_id, dag_run_id, [task_id], map_index, given, update_mask, dry_run=True)


@router.patch(
    _TI + "/{map_index}/dry_run", responses=replies("TaskInstanceCollectionResponse", 404)
)
def patch_task_instance_dry_run_by_map_index(
    call: Editor,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: Int,
    given: body.TaskInstancePatch,
    update_mask: Mask = None,
) -> Response:
    """Show which task instances a change of a mapped one's state would affect."""
    return _patch(call, dag_id, dag_run_id, [task_id], map_index, given, update_mask, dry_run=True)


@router.patch(_TI + "/{map_index}", responses=replies("TaskInstanceCollectionResponse", 404, 409))
def patch_task_instance_by_map_index(
    call: Editor,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: Int,
    given: body.TaskInstancePatch,
    update_mask: Mask = None,
) -> Response:
    """Set the state or the note of one instance of a mapped task."""
    return _patch(call, dag_id, dag_run_id, [task_id], map_index, given, update_mask, dry_run=False)


@router.patch(_TI, responses=replies("TaskInstanceCollectionResponse", 404, 409))
def patch_task_instance(
    call: Editor,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    given: body.TaskInstancePatch,
    map_index: Int | None = None,
    update_mask: Mask = None,
) -> Response:
    """Set the state or the note of a task's instances in a run."""
    return _patch(call, dag_id, dag_run_id, [task_id], map_index, given, update_mask, dry_run=False)


def _members(call: Call, dag_id: str, group_id: str) -> list[str]:
    with call.store.read() as conn:
        return list(tasks_of_group(_spec(conn, dag_id), group_id))


@router.patch(
    _RUN + "/taskGroupInstances/{group_id}",
    responses=replies("TaskInstanceCollectionResponse", 404, 409),
)
def patch_task_group_instances(
    call: Editor,
    dag_id: str,
    dag_run_id: str,
    group_id: str,
    given: body.TaskInstancePatch,
    update_mask: Mask = None,
) -> Response:
    """Set the state or the note of all task instances of a task group in a run."""
    members = _members(call, dag_id, group_id)
    return _patch(call, dag_id, dag_run_id, members, None, given, update_mask, dry_run=False)


@router.patch(
    _RUN + "/taskGroupInstances/{group_id}/dry_run",
    responses=replies("TaskInstanceCollectionResponse", 404),
)
def patch_task_group_instances_dry_run(
    call: Editor, dag_id: str, dag_run_id: str, group_id: str, given: body.TaskInstancePatch
) -> Response:
    """Show which task instances a change of a task group's state would affect."""
    members = _members(call, dag_id, group_id)
    return _patch(call, dag_id, dag_run_id, members, None, given, None, dry_run=True)
