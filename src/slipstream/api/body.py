"""Request bodies: pydantic models with Airflow's fields, defaults and bounds; extras refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from slipstream.api.query import (
    Duration,
    EndDate,
    Instant,
    Int,
    LogicalDate,
    Number,
    RunAfter,
    StartDate,
)
from slipstream.state import DagRunState, TaskInstanceState

NO_NUL = r"^[^\x00]*$"
Name = Annotated[str, StringConstraints(pattern=NO_NUL)]
"""Text to look things up by: PostgreSQL takes no NUL, not even in a comparison."""
Note = Annotated[str, StringConstraints(max_length=1000)]
Id = Annotated[str, StringConstraints(max_length=250, pattern=NO_NUL)]
MAX_DEPTH = 100
_MAX_NAMED = 10_000
_SETTABLE = ("success", "failed", "skipped")


def _not_deep(value: Any) -> Any:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for each in level for item in _within(each)]
    if any(isinstance(item, dict | list) for item in level):
        raise ValueError(f"the value is nested more than {MAX_DEPTH} levels deep")
    return value


def _within(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _no_team(value: str | None) -> str | None:
    if value is not None:
        raise ValueError("there are no teams here: leave team_name out")
    return value


Data = Annotated[Any, AfterValidator(_not_deep)]
"""Any JSON, but not so deep that it could not be shown again."""
Object = Annotated[dict[str, Any], AfterValidator(_not_deep)]
NoTeam = Annotated[
    Annotated[str, StringConstraints(max_length=50)] | None, AfterValidator(_no_team)
]
"""The team that something belongs to, as in Airflow without ``[core] multi_team``: none."""


Names = Annotated[list[Name], Field(max_length=_MAX_NAMED)]
"""More values than this not every database takes in a query."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Login(Body):
    username: Name
    password: str


class NewPassword(Body):
    current: str
    new: Annotated[str, Field(min_length=1, max_length=1024)]


class Named(Body):
    name: Name


class Permission(Body):
    action: Named
    resource: Named


class Role(Body):
    name: Name
    actions: list[Permission] | None = None


Text = Annotated[str, StringConstraints(min_length=1, pattern=NO_NUL)]


class User(Body):
    username: Text
    email: Text
    first_name: Name
    last_name: Name
    roles: list[Named] | None = None
    password: Text


class UserPatch(Body):
    username: Text | None = None
    email: Text | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    roles: list[Named] | None = None
    password: Text | None = None
    active: bool | None = None


class DagPatch(Body):
    is_paused: bool


class Trigger(Body):
    dag_run_id: Id | None = None
    data_interval_start: Instant | None = None
    data_interval_end: Instant | None = None
    logical_date: Instant | None
    run_after: Instant | None = None
    conf: Object | None = None
    note: Note | None = None
    partition_key: Id | None = None

    @model_validator(mode="after")
    def _both_ends(self) -> Self:
        if (self.data_interval_start is None) != (self.data_interval_end is None):
            raise ValueError(
                "data_interval_start and data_interval_end belong together: give both, or neither"
            )
        return self


RunState = Literal["queued", "success", "failed"]


class RunPatch(Body):
    state: RunState | None = None
    note: Note | None = None


class RunClear(Body):
    dry_run: bool = True
    only_failed: bool = False
    only_new: bool = False
    run_on_latest_version: bool | None = None
    note: Note | None = None


class RunNamed(Body):
    dag_run_id: Name
    dag_id: Name | None = None
    state: RunState | None = None
    note: Note | None = None


class RunsClear(RunClear):
    dag_runs: Annotated[list[RunNamed], Field(min_length=1)]


class Backfill(Body):
    dag_id: Name
    from_date: Instant
    to_date: Instant
    run_backwards: bool = False
    dag_run_conf: Object | None = None
    reprocess_behavior: Literal["failed", "completed", "none"] = "none"
    max_active_runs: Annotated[Number, Field(gt=0, lt=2**31)] = 10
    run_on_latest_version: bool | None = None


class _Batch(Body):
    page_offset: Annotated[Number, Field(ge=0, lt=2**31)] = 0
    page_limit: Annotated[Number, Field(ge=0)] = 100
    order_by: str | None = None


class RunsBatch(_Batch, RunAfter, LogicalDate, StartDate, EndDate, Duration):
    dag_ids: Names | None = None
    states: Annotated[list[DagRunState | None], Field(max_length=_MAX_NAMED)] | None = None
    conf_contains: Name | None = None


class TaskInstancesBatch(_Batch, RunAfter, LogicalDate, StartDate, EndDate, Duration):
    dag_ids: Names | None = None
    dag_run_ids: Names | None = None
    task_ids: Names | None = None
    state: Annotated[list[TaskInstanceState | None], Field(max_length=_MAX_NAMED)] | None = None
    pool: Names | None = None
    queue: Names | None = None
    executor: Names | None = None


class Clear(Body):
    dry_run: bool = True
    start_date: Instant | None = None
    end_date: Instant | None = None
    only_failed: bool = True
    only_running: bool = False
    reset_dag_runs: bool = True
    task_ids: Annotated[list[Name | tuple[Name, Int]], Field(min_length=1)] | None = None
    dag_run_id: Name | None = None
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False
    run_on_latest_version: bool | None = None
    prevent_running_task: bool = False
    note: Note | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.only_failed and self.only_running:
            raise ValueError("only_failed and only_running exclude each other: set one of them")
        if self.start_date and self.end_date and self.start_date > self.end_date:
            raise ValueError("end_date lies before start_date: exchange them")
        return self


class TaskInstancePatch(Body):
    new_state: TaskInstanceState | None = None
    note: Note | None = None
    include_upstream: bool = False
    include_downstream: bool = False
    include_future: bool = False
    include_past: bool = False

    @field_validator("new_state", mode="before")
    @classmethod
    def _settable(cls, value: Any) -> Any:
        if value not in _SETTABLE:  # that null is none of them shows only where it is written out
            raise ValueError(f"{value!r} is not one of {list(_SETTABLE)}")
        return value


class XComCreate(Body):
    key: Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=NO_NUL)]
    value: Data
    map_index: Annotated[Number, Field(ge=-1, lt=2**31)] = -1


class XComUpdate(Body):
    value: Data
    map_index: Annotated[Number, Field(ge=-1, lt=2**31)] = -1


class Variable(Body):
    key: Annotated[str, StringConstraints(min_length=1, max_length=250, pattern=NO_NUL)]
    value: Data
    description: str | None = None
    team_name: NoTeam = None


class Connection(Body):
    connection_id: Annotated[
        str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\w.-]+$")
    ]
    conn_type: Annotated[str, StringConstraints(max_length=500)]
    description: str | None = None
    host: Annotated[str, StringConstraints(max_length=500)] | None = None
    login: str | None = None
    schema_: Annotated[str, StringConstraints(max_length=500)] | None = Field(None, alias="schema")
    port: Annotated[Number, Field(ge=-(2**31), lt=2**31)] | None = None
    password: str | None = None
    extra: str | None = None
    team_name: NoTeam = None

    @field_validator("extra")
    @classmethod
    def _json_object(cls, value: str | None) -> str | None:
        if not value:
            return value
        try:
            is_object = isinstance(json.loads(value), dict)
        except (ValueError, RecursionError):
            is_object = False
        if not is_object:
            raise ValueError('`extra` must be a JSON object, such as {"key": "value"}')
        return value


_Slots = Annotated[Number, Field(ge=-1, lt=2**31)]


class Pool(Body):
    name: Annotated[str, StringConstraints(min_length=1, max_length=250, pattern=NO_NUL)]
    slots: _Slots
    description: str | None = None
    include_deferred: bool = False
    team_name: NoTeam = None


class PoolPatch(Body):
    pool: Id | None = None
    slots: _Slots | None = None
    description: str | None = None
    include_deferred: bool | None = None
    team_name: NoTeam = None


class TaskInstanceNamed(TaskInstancePatch):
    task_id: Name
    map_index: Int | None = None
    dag_id: Name | None = None
    dag_run_id: Name | None = None


E = TypeVar("E", bound=Body)


class BulkCreate(Body, Generic[E]):
    action: Literal["create"]
    entities: list[E]
    action_on_existence: Literal["fail", "skip", "overwrite"] = "fail"


class OnNonExistence(Body):
    action_on_non_existence: Literal["fail", "skip"] = "fail"


class BulkUpdate(OnNonExistence, Generic[E]):
    action: Literal["update"]
    entities: list[E]
    update_mask: list[str] | None = None


class BulkDelete(OnNonExistence, Generic[E]):
    action: Literal["delete"]
    entities: list[Name | E]


class Bulk(Body, Generic[E]):
    """Changes of many things at once; those to delete are named by their keys or as entities."""

    actions: list[
        Annotated[BulkCreate[E] | BulkUpdate[E] | BulkDelete[E], Field(discriminator="action")]
    ]


VariableBulk = Bulk[Variable]
ConnectionBulk = Bulk[Connection]
PoolBulk = Bulk[Pool]
RunBulk = Bulk[RunNamed]
TaskInstanceBulk = Bulk[TaskInstanceNamed]
