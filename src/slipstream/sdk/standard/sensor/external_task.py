"""``ExternalTaskSensor``: waits for another DAG, or for tasks of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from slipstream.config import conf
from slipstream.sdk import taskapi
from slipstream.sdk.exceptions import AirflowException, AirflowSkipException, DagNotFound
from slipstream.sdk.kwargs import determine_kwargs
from slipstream.sdk.operatorlink import BaseOperatorLink
from slipstream.sdk.sensor import BaseSensorOperator
from slipstream.sdk.standard.empty import EmptyOperator
from slipstream.state import DagRunState, TaskInstanceState

if TYPE_CHECKING:
    from slipstream.sdk.context import Context


class ExternalDagLink(BaseOperatorLink):
    """Leads to the DAG that is waited for."""

    name = "External DAG"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        base = conf.get("api", "base_url", fallback="").rstrip("/")
        return f"{base}/dags/{quote(operator.external_dag_id)}"


class ExternalTaskSensor(BaseSensorOperator):
    """Waits for a DAG's run, its tasks, or a task group, of the same logical date.

    :param execution_delta: the run that is this much earlier
    :param execution_date_fn: computes the logical date, or several
    :param allowed_states: end the wait; ``failed_states`` fail, ``skipped_states`` skip it
    :param check_existence: fail at once when the DAG is not there
    """

    template_fields: Collection[str] = (
        "external_dag_id",
        "external_task_id",
        "external_task_ids",
        "external_task_group_id",
    )
    ui_color = "#4db7db"
    operator_extra_links = [ExternalDagLink()]

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str | None = None,
        external_task_ids: Collection[str] | None = None,
        external_task_group_id: str | None = None,
        allowed_states: Iterable[str] | None = None,
        skipped_states: Iterable[str] | None = None,
        failed_states: Iterable[str] | None = None,
        execution_delta: dt.timedelta | None = None,
        execution_date_fn: Callable[..., Any] | None = None,
        check_existence: bool = False,
        poll_interval: float | None = None,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        self.deferrable = deferrable
        super().__init__(**kwargs)
        if external_task_id is not None and external_task_ids is not None:
            raise ValueError(
                "external_task_id and external_task_ids exclude each other: put all tasks into "
                "external_task_ids."
            )
        if external_task_group_id is not None and (external_task_id or external_task_ids):
            raise ValueError(
                "A sensor waits for tasks or for a task group: leave out external_task_group_id, "
                "or "
                "external_task_id and external_task_ids."
            )
        if execution_delta is not None and execution_date_fn is not None:
            raise ValueError(
                "execution_delta and execution_date_fn both say which run is meant: leave one out."
            )
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        self.external_task_ids = [external_task_id] if external_task_id else external_task_ids
        self.external_task_group_id = external_task_group_id
        self.allowed_states = _states(allowed_states, [TaskInstanceState.SUCCESS])
        self.skipped_states = _states(skipped_states, [])
        self.failed_states = _states(failed_states, [])
        self._check_states()
        self.execution_delta = execution_delta
        self.execution_date_fn = execution_date_fn
        self.check_existence = check_existence

    def _check_states(self) -> None:
        everything = [*self.allowed_states, *self.skipped_states, *self.failed_states]
        if len(everything) != len(set(everything)):
            raise AirflowException(
                "A state is in more than one of allowed_states, skipped_states and failed_states, "
                "or "
                f"twice in one: {sorted(map(str, everything))}"
            )
        of_tasks = self.external_task_ids or self.external_task_group_id
        valid: Any = TaskInstanceState if of_tasks else DagRunState
        wrong = [s for s in everything if s not in {m.value for m in valid}]
        if wrong:
            raise ValueError(
                f"{wrong} are no states of what is waited for: allowed_states, skipped_states and "
                f"failed_states take {', '.join(m.value for m in valid)}"
            )

    def poke(self, context: Context) -> bool:
        if self.check_existence:
            self._check_existence()
        dates = self._dates(context)
        if self.failed_states and self._count(dates, self.failed_states) > 0:
            raise AirflowException(f"The external {self._what()} failed.")
        if self.skipped_states and self._count(dates, self.skipped_states) > 0:
            raise AirflowSkipException(
                f"The external {self._what()} has reached a skipped state; skipping."
            )
        return self._count(dates, self.allowed_states) >= len(dates)

    def _what(self) -> str:
        if self.external_task_ids:
            return f"tasks {list(self.external_task_ids)} in DAG {self.external_dag_id}"
        if self.external_task_group_id:
            return f"task group {self.external_task_group_id!r} in DAG {self.external_dag_id}"
        return f"DAG {self.external_dag_id}"

    def _check_existence(self) -> None:
        try:
            taskapi.current().get_dag(self.external_dag_id)
        except DagNotFound:
            raise AirflowException(
                f"There is no DAG {self.external_dag_id!r} to wait for"
            ) from None

    def _dates(self, context: Context) -> list[dt.datetime]:
        at = context["logical_date"]
        if self.execution_delta is not None:
            return [at - self.execution_delta]
        if self.execution_date_fn is None:
            return [at]
        kwargs = {**determine_kwargs(self.execution_date_fn, [at], context)}
        found = self.execution_date_fn(at, **kwargs)
        return list(found) if isinstance(found, list | tuple) else [found]

    def _count(self, dates: list[dt.datetime], states: list[str]) -> float:
        """Return how many of the dates' runs (or all of their tasks) are in these states."""
        api, dag_id = taskapi.current(), self.external_dag_id
        if self.external_task_ids:
            ids = list(self.external_task_ids)
            n = api.get_ti_count(dag_id=dag_id, task_ids=ids, logical_dates=dates, states=states)
            return n / len(ids)
        if self.external_task_group_id:
            by_run = api.get_task_states(
                dag_id=dag_id, task_group_id=self.external_task_group_id, logical_dates=dates
            )
            return sum(
                all(state in states for state in tasks.values())
                for tasks in by_run.values()
                if tasks
            )
        return api.get_dag_run_count(dag_id=dag_id, logical_dates=dates, states=states)


class ExternalTaskMarker(EmptyOperator):
    """Says that a task of another DAG depends on this one."""

    template_fields: Collection[str] = ("external_dag_id", "external_task_id", "logical_date")
    ui_color = "#4db7db"
    operator_extra_links = [ExternalDagLink()]

    def __init__(
        self,
        *,
        external_dag_id: str,
        external_task_id: str,
        logical_date: str | dt.datetime | None = "{{ logical_date.isoformat() }}",
        recursion_depth: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if recursion_depth <= 0:
            raise ValueError(f"recursion_depth is {recursion_depth}: it must be 1 or more")
        self.external_dag_id = external_dag_id
        self.external_task_id = external_task_id
        if isinstance(logical_date, dt.datetime):
            logical_date = logical_date.isoformat()
        self.logical_date = logical_date
        self.recursion_depth = recursion_depth


def _states(given: Iterable[str] | None, default: list[Any]) -> list[str]:
    return [str(getattr(s, "value", s)) for s in (default if given is None else given)]
