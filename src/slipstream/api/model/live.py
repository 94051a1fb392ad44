"""What the endpoints of our own answer: grid, graph, Gantt, stories, overview, calendar, stream."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from typing_extensions import TypedDict

from slipstream.api.model.task_instance import ReasonResponse


class StructureNode(TypedDict):
    """A task or a task group; ``parent`` is the group that it is in."""

    id: str
    label: str
    parent: str | None
    kind: Literal["task", "group"]
    operator: str | None
    is_mapped: bool
    tooltip: str | None


class GridRun(TypedDict):
    run_id: str
    run_type: str
    state: str
    run_after: datetime
    logical_date: datetime | None
    queued_at: datetime
    start_date: datetime | None
    end_date: datetime | None
    duration: float | None
    has_note: bool
    version_number: int | None
    triggering_user_name: str | None


class GridResponse(TypedDict):
    """``cells[r][t]`` is the index in ``states`` of run r's t-th task; -1: it has none there."""

    dag_id: str
    version_number: int | None
    nodes: list[StructureNode]
    runs: list[GridRun]
    total_runs: int
    states: list[str | None]
    cells: list[list[int]]
    notes: list[list[int]]


class GraphNode(StructureNode):
    trigger_rule: str | None
    doc_md: str | None
    ui_color: str
    setup_or_teardown: Literal["setup", "teardown"] | None
    queue: str | None
    pool: str | None
    retries: int | None


class GraphEdge(TypedDict):
    source: str
    target: str
    label: str | None


class GraphResponse(TypedDict):
    dag_id: str
    version_number: int
    nodes: list[GraphNode]
    edges: list[GraphEdge]


class GanttBar(TypedDict):
    """One try of a task instance."""

    task_id: str
    map_index: int
    try_number: int
    state: str | None
    scheduled_at: datetime | None
    queued_at: datetime | None
    start_date: datetime | None
    end_date: datetime | None


class GanttResponse(TypedDict):
    run: GridRun
    bars: list[GanttBar]
    total_entries: int


class StoryEventResponse(TypedDict):
    id: str
    at: datetime
    kind: str
    from_state: str | None
    to_state: str | None
    try_number: int | None
    attempt_id: str | None
    task_id: str | None
    map_index: int | None
    words: str
    detail: ReasonResponse | None


class StoryResponse(TypedDict):
    events: list[StoryEventResponse]
    total_entries: int


class RecentRun(TypedDict):
    run_id: str
    state: str
    run_type: str
    run_after: datetime
    start_date: datetime | None
    end_date: datetime | None


class RecentRunsOfDag(TypedDict):
    dag_id: str
    runs: list[RecentRun]


class RecentRunsResponse(TypedDict):
    dags: list[RecentRunsOfDag]


class RunRef(GridRun):
    dag_id: str
    dag_display_name: str


class NextRun(TypedDict):
    dag_id: str
    dag_display_name: str
    run_after: datetime
    logical_date: datetime | None


class DagCounts(TypedDict):
    """``failed``: DAGs whose latest run failed."""

    active: int
    paused: int
    running: int
    failed: int
    queued: int


class SlotCounts(TypedDict):
    """Of all pools; ``total`` and ``open`` are -1 where a pool has no limit."""

    total: int
    running: int
    queued: int
    scheduled: int
    deferred: int
    open: int


class OverviewResponse(TypedDict):
    dags: DagCounts
    import_errors: int
    runs: dict[str, int]
    task_instances: dict[str, int]
    running: list[RunRef]
    failed: list[RunRef]
    next: list[NextRun]
    slots: SlotCounts


class CalendarEntry(TypedDict):
    date: datetime
    state: str
    count: int


class CalendarResponse(TypedDict):
    dag_runs: list[CalendarEntry]


class ChangedRun(TypedDict):
    """``tasks`` holds (task_id, map_index, state); null: too many, read anew."""

    dag_id: str
    run_id: str
    state: str | None
    tasks: list[tuple[str, int, str | None]] | None


class StreamChanges(TypedDict):
    """The data of a ``changes`` event of the stream."""

    runs: list[ChangedRun]
    dags: list[str]
    import_errors: bool
    pools: bool
    variables: bool
    connections: bool
    jobs: bool
    backfills: bool
    users: bool
