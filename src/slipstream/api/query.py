"""Query parameters of lists: declared once as pydantic models, turned into filters by name.

A field ``x_gte``, ``x_gt``, ``x_lte`` or ``x_lt`` bounds the listing's field ``x``; ``x_pattern``
and ``x_prefix_pattern`` match it; any other is a list of allowed values, or one. A parameter that
was not given filters nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi.exceptions import HTTPException
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, FiniteFloat

from slipstream.config import conf
from slipstream.state import DagRunState, DagRunType, TaskInstanceState
from slipstream.store.listing import Between, Filter, Like, OneOf, Prefix, Window


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the date is out of range in UTC") from None


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A point in time that every database can hold."""


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):  # Python's, and so pydantic's, are integers
        raise ValueError("a number is needed, not true or false")
    return value


Number = Annotated[int, BeforeValidator(_no_bool)]
Int = Annotated[Number, Field(ge=-(2**31), lt=2**31)]
"""An integer that every database can hold."""
BigInt = Annotated[int, Field(ge=-(2**63), lt=2**63)]
DateTime = Instant | None
Count = Annotated[Number, Field(ge=0)]
Few = Annotated[list[str], Field(max_length=100)]
"""Each of these is a condition of its own, and SQLite takes a thousand in all."""
T = TypeVar("T")
_MAX_OFFSET = 2**31

_BOUNDS = ("gte", "gt", "lte", "lt")
_PAGING = frozenset({"limit", "offset", "order_by", "cursor"})


def page_limit() -> int:
    """Return the page size of a request that names none."""
    return conf.getint("api", "fallback_page_limit", fallback=50)


def capped(limit: int) -> int:
    """Return the limit that applies: more than ``[api] maximum_page_limit`` is cut, unsaid."""
    return min(limit, conf.getint("api", "maximum_page_limit", fallback=100))


class Paged(BaseModel):
    limit: Count = Field(default_factory=page_limit)
    offset: Count = 0

    def window(self, order_by: Iterable[str]) -> Window:
        return Window(capped(self.limit), min(self.offset, _MAX_OFFSET), tuple(order_by))

    def part_of(self, rows: list[T]) -> list[T]:
        """Return the page of what is no table but a short list in memory."""
        return rows[self.offset : self.offset + capped(self.limit)]


class Ordered(Paged):
    """A list that can be ordered; the subclass gives ``order_by`` its default."""

    order_by: list[str] = ["id"]

    def page(self) -> Window:
        cursor = getattr(self, "cursor", None)
        offset = min(self.offset, _MAX_OFFSET)
        return Window(capped(self.limit), offset, tuple(self.order_by), cursor)


class Cursored(Ordered):
    cursor: str | None = None


class RunAfter(BaseModel):
    run_after_gte: DateTime = None
    run_after_gt: DateTime = None
    run_after_lte: DateTime = None
    run_after_lt: DateTime = None


class LogicalDate(BaseModel):
    logical_date_gte: DateTime = None
    logical_date_gt: DateTime = None
    logical_date_lte: DateTime = None
    logical_date_lt: DateTime = None


class StartDate(BaseModel):
    start_date_gte: DateTime = None
    start_date_gt: DateTime = None
    start_date_lte: DateTime = None
    start_date_lt: DateTime = None


class EndDate(BaseModel):
    end_date_gte: DateTime = None
    end_date_gt: DateTime = None
    end_date_lte: DateTime = None
    end_date_lt: DateTime = None


class UpdatedAt(BaseModel):
    updated_at_gte: DateTime = None
    updated_at_gt: DateTime = None
    updated_at_lte: DateTime = None
    updated_at_lt: DateTime = None


class Duration(BaseModel):
    duration_gte: FiniteFloat | None = None
    duration_gt: FiniteFloat | None = None
    duration_lte: FiniteFloat | None = None
    duration_lt: FiniteFloat | None = None


class DagSelection(Paged):
    """What bulk changes and lists of DAGs select by."""

    tags: Few = []
    tags_match_mode: Literal["any", "all"] | None = None
    owners: Few = []
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    exclude_stale: bool = True
    paused: bool | None = None


class DagQuery(DagSelection, Ordered):
    order_by: list[str] = ["dag_id"]
    dag_display_name_pattern: str | None = None
    dag_display_name_prefix_pattern: str | None = None
    has_import_errors: bool | None = None
    last_dag_run_state: DagRunState | None = None
    bundle_name: str | None = None
    bundle_version: str | None = None
    dag_run_start_date_gte: DateTime = None
    dag_run_start_date_gt: DateTime = None
    dag_run_start_date_lte: DateTime = None
    dag_run_start_date_lt: DateTime = None
    dag_run_end_date_gte: DateTime = None
    dag_run_end_date_gt: DateTime = None
    dag_run_end_date_lte: DateTime = None
    dag_run_end_date_lt: DateTime = None
    dag_run_state: list[str] = []
    is_favorite: bool | None = None
    has_asset_schedule: bool | None = None
    asset_dependency: str | None = None
    timetable_type: list[str] = []


_CALENDAR_DATE = "Ours: the logical date, or run_after of a run that has none."


class RunQuery(Cursored, RunAfter, LogicalDate, StartDate, EndDate, Duration, UpdatedAt):
    conf_contains: str | None = None
    run_type: list[str] = []
    state: list[str] = []
    dag_version: list[Int] = []
    bundle_version: str | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    triggering_user_name_pattern: str | None = None
    triggering_user_name_prefix_pattern: str | None = None
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    partition_key_pattern: str | None = None
    partition_key_prefix_pattern: str | None = None
    partition_date_gte: date | None = None
    partition_date_lte: date | None = None
    consuming_asset_pattern: str | None = None
    calendar_date_gte: DateTime = Field(None, description=_CALENDAR_DATE)
    calendar_date_lte: DateTime = Field(None, description=_CALENDAR_DATE)


class MappedQuery(Ordered, RunAfter, LogicalDate, StartDate, EndDate, UpdatedAt, Duration):
    """Of the instances of one mapped task."""

    order_by: list[str] = ["map_index"]
    state: list[str] = []
    pool: list[str] = []
    pool_name_pattern: str | None = None
    pool_name_prefix_pattern: str | None = None
    queue: list[str] = []
    queue_name_pattern: str | None = None
    queue_name_prefix_pattern: str | None = None
    executor: list[str] = []
    version_number: list[Int] = []
    try_number: list[Int] = []
    operator: list[str] = []
    operator_name_pattern: str | None = None
    operator_name_prefix_pattern: str | None = None
    map_index: list[Int] = []
    rendered_map_index_pattern: str | None = None
    rendered_map_index_prefix_pattern: str | None = None


class TaskInstanceQuery(MappedQuery, Cursored):
    order_by: list[str] = ["map_index"]
    task_id: str | None = None
    task_display_name_pattern: str | None = None
    task_display_name_prefix_pattern: str | None = None
    task_group_id: str | None = None
    dag_id_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None


class XComQuery(Ordered, LogicalDate, RunAfter):
    order_by: list[str] = ["dag_id", "task_id", "run_id", "map_index", "key"]
    xcom_key: str | None = None
    map_index: Annotated[int, Field(ge=-1, lt=2**31)] | None = None
    xcom_key_pattern: str | None = None
    xcom_key_prefix_pattern: str | None = None
    dag_display_name_pattern: str | None = None
    dag_display_name_prefix_pattern: str | None = None
    run_id_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    task_id_pattern: str | None = None
    task_id_prefix_pattern: str | None = None
    map_index_filter: Int | None = None


class ImportErrorQuery(Ordered):
    filename_pattern: str | None = None
    filename_prefix_pattern: str | None = None
    filename: str | None = None
    bundle_name: str | None = None


class JobQuery(Ordered, StartDate, EndDate):
    is_alive: bool | None = None
    job_state: str | None = None
    job_type: str | None = None
    hostname: str | None = None
    executor_class: str | None = None


class EventLogQuery(Ordered):
    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    map_index: Int | None = None
    try_number: Int | None = None
    owner: str | None = None
    event: str | None = None
    excluded_events: list[str] | None = None
    included_events: list[str] | None = None
    before: DateTime = None
    after: DateTime = None
    dag_id_pattern: str | None = None
    task_id_pattern: str | None = None
    run_id_pattern: str | None = None
    owner_pattern: str | None = None
    event_pattern: str | None = None
    dag_id_prefix_pattern: str | None = None
    task_id_prefix_pattern: str | None = None
    run_id_prefix_pattern: str | None = None
    owner_prefix_pattern: str | None = None
    event_prefix_pattern: str | None = None


class VersionQuery(Ordered):
    version_number: Int | None = None
    bundle_name: str | None = None
    bundle_version: str | None = None


class WarningQuery(Ordered):
    order_by: list[str] = ["dag_id"]
    dag_id: str | None = None
    warning_type: Literal["asset conflict", "non-existent pool", "runtime varying value"] | None = (
        None
    )


class TagQuery(Ordered):
    order_by: list[str] = ["name"]
    tag_name_pattern: str | None = None
    tag_name_prefix_pattern: str | None = None


class PoolQuery(Ordered):
    pool_name_pattern: str | None = None
    pool_name_prefix_pattern: str | None = None


class VariableQuery(Ordered):
    variable_key_pattern: str | None = None
    variable_key_prefix_pattern: str | None = None


class ConnectionQuery(Ordered):
    connection_id_pattern: str | None = None
    connection_id_prefix_pattern: str | None = None


class BackfillQuery(Ordered):
    dag_id: str


def filters_of(
    query: BaseModel, *, skip: Iterable[str] = (), rename: dict[str, str] | None = None
) -> list[Filter]:
    """Return the filters that the given parameters ask for.

    ``skip`` names parameters that the endpoint sees to itself; ``rename`` maps a parameter's
    field name to the listing's.
    """
    renamed, left_out = rename or {}, _PAGING.union(skip)
    bounds: dict[str, dict[str, Any]] = {}
    found: list[Filter] = []
    for name in query.model_fields_set:
        value = getattr(query, name)
        if name in left_out or value is None or value == []:
            continue
        stem, _, suffix = name.rpartition("_")
        if suffix in _BOUNDS:
            bounds.setdefault(renamed.get(stem, stem), {})[suffix] = value
        elif name.endswith("_prefix_pattern"):
            stem = name.removesuffix("_prefix_pattern")
            found.append(Prefix(renamed.get(stem, stem), value))
        elif suffix == "pattern":
            found.append(Like(renamed.get(stem, stem), value))
        else:
            values = tuple(value) if isinstance(value, list) else (value,)
            found.append(OneOf(renamed.get(name, name), values))
    return found + [Between(name, **given) for name, given in bounds.items()]


def masked(given: BaseModel, update_mask: str | None) -> set[str]:
    """Return the fields that a body gives, and FAB's mask of names with commas, if any, takes.

    Raises the 400 for a name that is no field.
    """
    fields = set(given.model_fields_set)
    wanted = {name.strip() for name in (update_mask or "").split(",") if name.strip()}
    unknown = wanted - set(type(given).model_fields)
    if unknown:
        named = ", ".join(sorted(unknown))
        raise HTTPException(400, f"There is no {named} to change: take it out of update_mask.")
    return fields & wanted if wanted else fields


def run_states(given: Iterable[str]) -> tuple[str, ...]:
    """Return the run states, checked; raise a 422 as Airflow words it."""
    return tuple(_known("state", s, DagRunState) for s in given)


def run_types(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(_known("run type", s, DagRunType) for s in given)


def task_states(given: Iterable[str]) -> tuple[str | None, ...]:
    """Return the task instance states, checked; ``none`` and ``no_status`` stand for no state."""
    return tuple(
        None if s in ("none", "no_status") else _known("state", s, TaskInstanceState) for s in given
    )


def _known(
    what: str, value: str, kind: type[DagRunState] | type[DagRunType] | type[TaskInstanceState]
) -> str:
    values = [member.value for member in kind]
    if value not in values:
        raise HTTPException(422, f"{value!r} is no {what}: it is one of {', '.join(values)}.")
    return value
