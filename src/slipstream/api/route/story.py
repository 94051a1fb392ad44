"""Ours: the story of a run and of a task instance, event by event."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from slipstream.api.call import Call, Viewer
from slipstream.api.present import story as present
from slipstream.api.query import Int
from slipstream.api.replies import replies
from slipstream.api.reply import Json
from slipstream.api.route.dag_run import found_run
from slipstream.store.live import story

router = APIRouter(tags=["Slipstream"])

_RUN = "/dags/{dag_id}/dagRuns/{dag_run_id}"


class StoryQuery(BaseModel):
    limit: Annotated[int, Field(ge=0, le=1000)] = 100
    offset: Annotated[int, Field(ge=0, lt=2**31)] = 0
    order_by: Literal["id", "-id"] = "id"


@router.get(_RUN + "/taskInstances/{task_id}/story", responses=replies("StoryResponse", 404))
def get_task_instance_story(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    query: Annotated[StoryQuery, Query()],
    map_index: Int = -1,
) -> Response:
    """Return what happened to a task instance, oldest first unless ``order_by`` is ``-id``."""
    return _page(call, dag_id, dag_run_id, query, task=(task_id, map_index))


@router.get(_RUN + "/story", responses=replies("StoryResponse", 404))
def get_dag_run_story(
    call: Viewer,
    dag_id: str,
    dag_run_id: str,
    query: Annotated[StoryQuery, Query()],
    run_only: bool = False,
) -> Response:
    """Return what happened in a run; with ``run_only``, only to the run itself."""
    return _page(call, dag_id, dag_run_id, query, run_only=run_only)


def _page(
    call: Call,
    dag_id: str,
    run_id: str,
    query: StoryQuery,
    task: tuple[str, int] | None = None,
    run_only: bool = False,
) -> Response:
    with call.store.read() as conn:
        page = story.page(
            conn,
            found_run(conn, dag_id, run_id).id,
            task=task,
            run_only=run_only,
            limit=query.limit,
            offset=query.offset,
            newest_first=query.order_by == "-id",
        )
    shown = [present.present(row) for row in page.rows]
    return Json({"events": shown, "total_entries": page.total})
