"""``ti``: what user code sees of the attempt that it runs in.

All questions to the store go through ``taskapi.current()``.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from slipstream.config import conf
from slipstream.config.host import hostname
from slipstream.sdk import taskapi, xcom_codec
from slipstream.sdk.dagrun import DagRun, TaskInstance
from slipstream.sdk.exceptions import AirflowRuntimeError
from slipstream.sdk.types import NOTSET, ArgNotSet, TaskInstanceKey
from slipstream.sdk.xcom_arg import XCOM_RETURN_KEY
from slipstream.state import TERMINAL_STATES, DagRunState, TaskInstanceState

if TYPE_CHECKING:
    from slipstream.attempt import Workload
    from slipstream.sdk.context import Context
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.operator import BaseOperator

_BREADCRUMB = ("task_id", "map_index", "state", "operator", "duration")


class RuntimeTaskInstance:
    """The task instance that is running (``ti`` in the context).

    XComs that it pushes are kept in ``pushed`` until the attempt ends, and are written together
    with its outcome; the attempt itself reads them from there. What the author's code pushes is
    written at once as well: others may wait for it while the task runs.
    """

    def __init__(self, workload: Workload, task: BaseOperator, start_date: dt.datetime) -> None:
        self._workload = workload
        self.task = task
        self.id = workload.attempt_id
        self.dag_id = workload.dag_id
        self.task_id = workload.task_id
        self.run_id = workload.run_id
        self.map_index = workload.map_index
        self.try_number = workload.try_number
        self.max_tries = workload.max_tries
        self.start_date = start_date
        self.end_date: dt.datetime | None = None
        self.state: TaskInstanceState | None = TaskInstanceState.RUNNING
        self.queue = workload.queue
        self.pool = workload.pool
        self.pool_slots = workload.pool_slots
        self.priority_weight = workload.priority_weight
        self.executor = workload.executor
        self.dag_version_id = workload.dag_version_id
        self.reschedule_count = workload.reschedule_count
        self.rendered_map_index: str | None = None
        self.next_method = workload.next_method
        self.next_kwargs = workload.next_kwargs
        self.pushed: dict[str, Any] = {}
        """XCom key -> encoded value."""
        self._values: dict[str, Any] = {}
        self._context: Context | None = None

    @cached_property
    def dag_run(self) -> DagRun:
        return DagRun.of_workload(self._workload)

    @cached_property
    def hostname(self) -> str:
        return hostname()

    @property
    def log(self) -> logging.Logger:
        return logging.getLogger("airflow.task")

    @property
    def is_mapped(self) -> bool:
        return self.map_index >= 0

    @property
    def dag(self) -> DAG:
        return self.task.dag

    @property
    def operator(self) -> str:
        return self.task.task_type

    @property
    def operator_name(self) -> str:
        return self.task.operator_name

    @property
    def task_display_name(self) -> str:
        return self.task.task_display_name

    @property
    def logical_date(self) -> Any:
        return self.dag_run.logical_date

    execution_date = logical_date

    @property
    def key(self) -> TaskInstanceKey:
        return TaskInstanceKey(
            self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index
        )

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None while it runs."""
        if self.end_date is None:
            return None
        return (self.end_date - self.start_date).total_seconds()

    @property
    def log_url(self) -> str:
        """The page of this try."""
        base = conf.get("api", "base_url", fallback="").rstrip("/") or "http://localhost:8080"
        mapped = f"/mapped/{self.map_index}" if self.map_index >= 0 else ""
        run = quote(self.run_id, safe="")
        return (
            f"{base}/dags/{self.dag_id}/runs/{run}/tasks/{self.task_id}{mapped}"
            f"?try_number={self.try_number}"
        )

    mark_success_url = log_url

    def get_template_context(self) -> Context:
        """Return the task's context."""
        if self._context is None:
            from slipstream.sdk.context import build  # imports this module's types

            self._context = build(self._workload, self.task, self)
        return self._context

    def render_templates(
        self, context: Context | None = None, jinja_env: Any = None
    ) -> BaseOperator:
        """Render the task's template fields in place and return the task."""
        self.task.render_template_fields(context or self.get_template_context(), jinja_env)
        return self.task

    def get_dagrun(self) -> DagRun:
        return self.dag_run

    def get_dag(self) -> DAG:
        return self.task.dag

    def current_state(self) -> TaskInstanceState | None:
        return self.state

    # XComs

    def xcom_push(self, key: str, value: Any, **_: Any) -> None:
        """Push a value under ``key``, for other tasks to pull from now on.

        :raises TypeError: the value has no JSON form
        """
        self.keep_xcom(key, value)
        try:
            taskapi.current().set_xcom(
                dag_id=self.dag_id,
                run_id=self.run_id,
                task_id=self.task_id,
                map_index=self.map_index,
                key=key,
                value=self.pushed[key],
            )
        except AirflowRuntimeError as e:
            self.log.warning("XCom %r cannot be written before the task ends: %s", key, e)

    def keep_xcom(self, key: str, value: Any) -> None:
        """Push a value that is written when the attempt ends, together with its outcome.

        :raises TypeError: the value has no JSON form
        """
        if not isinstance(key, str) or not key:
            raise ValueError(f"An XCom is named by a string that is not empty, not by {key!r}")
        self.pushed[key] = xcom_codec.encode(value, f"XCom {key!r} of task {self.task_id!r}")
        self._values[key] = value

    def xcom_pull(
        self,
        task_ids: str | Iterable[str] | None = None,
        dag_id: str | None = None,
        key: str = XCOM_RETURN_KEY,
        include_prior_dates: bool = False,
        session: Any = None,
        *,
        map_indexes: int | Iterable[int] | ArgNotSet | None = NOTSET,
        default: Any = None,
        run_id: str | None = None,
    ) -> Any:
        """Return what tasks pushed.

        :param task_ids: one id gives one value, several a list in their order; None: this task
        :param map_indexes: of mapped tasks; without it, a mapped task gives a list of all
        :param include_prior_dates: also look at earlier runs: with ``map_indexes``, the newest that
            has it counts, and without, a list of all, the oldest first (as Airflow 3)
        :param default: instead of values that are not there
        """
        single = task_ids is None or isinstance(task_ids, str)
        ids = (
            [self.task_id]
            if task_ids is None
            else [task_ids]
            if isinstance(task_ids, str)
            else list(task_ids)
        )
        dag_id, run_id = dag_id or self.dag_id, run_id or self.run_id
        indexes: list[int] | None = None
        if isinstance(map_indexes, int):
            indexes = [map_indexes]
        elif map_indexes is not None and not isinstance(map_indexes, ArgNotSet):
            indexes = list(map_indexes)
        own = self._own(ids, dag_id, run_id, key, indexes)
        all_runs = include_prior_dates and indexes is None
        if own is not None and single and not all_runs:
            return own[0]
        items = taskapi.current().get_xcoms(
            dag_id=dag_id,
            run_id=run_id,
            task_ids=ids,
            key=key,
            map_indexes=indexes,
            include_prior_dates=include_prior_dates,
        )
        by_task: dict[str, list[tuple[int, Any]]] = {}
        for item in items:
            value = xcom_codec.decode(item["value"])
            by_task.setdefault(item["task_id"], []).append((item["map_index"], value))
        if own is not None:
            earlier = by_task.get(self.task_id, []) if all_runs else []
            by_task[self.task_id] = [*earlier, (self.map_index, own[0])]
        values: list[Any] = []
        for i in ids:
            values.extend(_of_task(by_task.get(i, []), map_indexes, default))
        if not single:
            return values
        if isinstance(map_indexes, Iterable) or len(values) > 1:
            return values
        return values[0]

    async def axcom_push(self, key: str, value: Any) -> None:
        """Push a value from a coroutine."""
        import asyncio  # only coroutines call this

        await asyncio.to_thread(self.xcom_push, key, value)

    async def axcom_pull(self, *args: Any, **kwargs: Any) -> Any:
        """Return what tasks pushed; with the arguments of ``xcom_pull``, from a coroutine."""
        import asyncio  # only coroutines call this

        return await asyncio.to_thread(self.xcom_pull, *args, **kwargs)

    def _own(
        self, ids: list[str], dag_id: str, run_id: str, key: str, indexes: list[int] | None
    ) -> tuple[Any] | None:
        """Return what this attempt itself pushed, if the pull is about it."""
        if (
            self.task_id in ids
            and key in self._values
            and (dag_id, run_id) == (self.dag_id, self.run_id)
            and (indexes is None or self.map_index in indexes)
        ):
            return (self._values[key],)
        return None

    # Other runs and task instances

    def previous_success(self, name: str) -> Any:
        """Return a date of the latest earlier run that succeeded, or None."""
        previous = self.get_previous_dagrun(state=DagRunState.SUCCESS)
        return getattr(previous, name) if previous is not None else None

    def get_previous_dagrun(self, state: str | None = None) -> DagRun | None:
        """Return the run with the latest earlier logical date (in ``state``), or None."""
        at = self._workload.logical_date
        if at is None:
            return None
        key = f"_previous_{state}"
        if key not in self.__dict__:
            name = None if state is None else DagRunState(state).value
            data = taskapi.current().get_previous_run(
                dag_id=self.dag_id, logical_date=at, state=name
            )
            self.__dict__[key] = None if data is None else DagRun(data)
        found: DagRun | None = self.__dict__[key]
        return found

    def get_previous_ti(
        self,
        state: TaskInstanceState | None = None,
        logical_date: dt.datetime | None = None,
        map_index: int = -1,
    ) -> TaskInstance | None:
        """Return this task's instance in the latest earlier run (in ``state``), or None."""
        data = taskapi.current().get_previous_ti(
            dag_id=self.dag_id,
            task_id=self.task_id,
            logical_date=logical_date or self._workload.logical_date,
            map_index=map_index,
            state=None if state is None else TaskInstanceState(state).value,
        )
        return None if data is None else TaskInstance(data)

    def get_first_reschedule_date(self, context: Any = None) -> dt.datetime | None:
        """Return when this try's first execution began, if it was rescheduled since."""
        return self._workload.first_started_at if self.reschedule_count else None

    @staticmethod
    def get_ti_count(dag_id: str, **filters: Any) -> int:
        """Return how many task instances match (see ``TaskAPI.get_ti_count``)."""
        return taskapi.current().get_ti_count(dag_id=dag_id, **filters)

    @staticmethod
    def get_task_states(dag_id: str, **filters: Any) -> dict[str, Any]:
        """Return task instances' states (see ``TaskAPI.get_task_states``)."""
        return taskapi.current().get_task_states(dag_id=dag_id, **filters)

    @staticmethod
    def get_task_breadcrumbs(dag_id: str, run_id: str) -> Iterable[dict[str, Any]]:
        """Yield task_id, map_index, state, operator and duration of a run's ended instances."""
        ended = [state.value for state in TERMINAL_STATES]
        found = taskapi.current().get_task_instances(dag_id=dag_id, run_id=run_id, states=ended)
        for data in sorted(found, key=lambda ti: (ti["task_id"], ti["map_index"])):
            yield {name: data.get(name) for name in _BREADCRUMB}

    @staticmethod
    def get_dr_count(
        dag_id: str,
        logical_dates: Sequence[dt.datetime] | None = None,
        run_ids: Sequence[str] | None = None,
        states: Sequence[str] | None = None,
    ) -> int:
        """Return how many dag runs match."""
        return taskapi.current().get_dag_run_count(
            dag_id=dag_id, logical_dates=logical_dates, run_ids=run_ids, states=states
        )

    @staticmethod
    def get_dagrun_state(dag_id: str, run_id: str) -> str:
        """Return a dag run's state."""
        return taskapi.current().get_dag_run_state(dag_id, run_id)

    def get_relevant_upstream_map_indexes(self, *_: Any, **__: Any) -> None:
        """Return which mapped instances of an upstream belong to this one (None: all)."""

    def __repr__(self) -> str:
        mapped = f" map_index={self.map_index}" if self.map_index >= 0 else ""
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id}{mapped} [{self.state}]>"


def _of_task(
    found: list[tuple[int, Any]], map_indexes: int | Iterable[int] | ArgNotSet | None, default: Any
) -> list[Any]:
    """Return one task's part of a pull."""
    if isinstance(map_indexes, Iterable):
        by_index = dict(found)
        return [by_index.get(i, default) for i in map_indexes]
    return [value for _, value in found] or [default]
