"""Ours: why a task instance is where it is."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from slipstream import command
from slipstream.api.call import Call, Viewer
from slipstream.api.error import task_instance_not_found
from slipstream.api.query import Int
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.errors import NotFound
from slipstream.machine.explain import Explanation
from slipstream.state import TaskInstanceState

router = APIRouter()

_TI = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}"
_NOT_STARTED = (
    None,
    TaskInstanceState.SCHEDULED,
    TaskInstanceState.UP_FOR_RETRY,
    TaskInstanceState.UP_FOR_RESCHEDULE,
)


def _explained(call: Call, dag_id: str, run_id: str, task_id: str, map_index: Int) -> Explanation:
    try:
        return command.explain(
            call.store,
            call.clock,
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
        )
    except NotFound:
        raise task_instance_not_found(dag_id, run_id, task_id, map_index) from None


def _dependencies(answer: Explanation) -> Response:
    """Return what an instance that has not started waits for, as Airflow lists dependencies."""
    waits = answer.state in _NOT_STARTED
    reasons = answer.reasons if waits else []
    return Json({"dependencies": [{"name": answer.code, "reason": r} for r in reasons]})


@router.get(
    _TI + "/dependencies",
    tags=["Task Instance"],
    responses=replies("TaskDependencyCollectionResponse", 404),
)
def get_task_instance_dependencies(
    call: Viewer, dag_id: str, dag_run_id: str, task_id: str, map_index: Int = -1
) -> Response:
    """Say what keeps a task instance from starting."""
    return _dependencies(_explained(call, dag_id, dag_run_id, task_id, map_index))


@router.get(
    _TI + "/{map_index}/dependencies",
    tags=["Task Instance"],
    responses=replies("TaskDependencyCollectionResponse", 404),
)
def get_task_instance_dependencies_by_map_index(
    call: Viewer, dag_id: str, dag_run_id: str, task_id: str, map_index: Int
) -> Response:
    """Say what keeps a mapped task instance from starting."""
    return _dependencies(_explained(call, dag_id, dag_run_id, task_id, map_index))


@router.get(
    _TI + "/explain", tags=["Slipstream"], responses=replies("TaskInstanceExplanation", 404)
)
def explain_task_instance(
    call: Viewer, dag_id: str, dag_run_id: str, task_id: str, map_index: Int = -1
) -> Response:
    """Say in words, by codes and as data, what a task instance waits for, or how it ended."""
    answer = _explained(call, dag_id, dag_run_id, task_id, map_index)
    reasons = [
        {"code": each.code, "params": each.params, "text": str(each)} for each in answer.because
    ]
    return Json(
        {
            "state": answer.state,
            "code": answer.code,
            "summary": answer.summary,
            "reasons": reasons,
            "data": answer.data,
        }
    )
