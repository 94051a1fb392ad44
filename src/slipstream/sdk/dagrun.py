"""Dag runs and other task instances, as user code sees what the store knows of them.

All questions to the store go through ``taskapi.current()``.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from slipstream.sdk import taskapi
from slipstream.sdk.timezone import coerce_datetime
from slipstream.state import DagRunState, DagRunType, TaskInstanceState

if TYPE_CHECKING:
    from slipstream.attempt import Workload
    from slipstream.sdk.taskapi import DagRunData, TaskInstanceData

_DATES = frozenset(
    {
        "logical_date",
        "data_interval_start",
        "data_interval_end",
        "run_after",
        "start_date",
        "end_date",
        "queued_at",
    }
)
_RUNNING = DagRunState.RUNNING.value


class DagRun:
    """A dag run; its dates are pendulum's."""

    def __init__(self, data: DagRunData | dict[str, Any]) -> None:
        self._data: dict[str, Any] = dict(data)

    @classmethod
    def of_workload(cls, workload: Workload) -> DagRun:
        """Return the run of an attempt, without asking the store."""
        return cls(
            {
                "dag_id": workload.dag_id,
                "run_id": workload.run_id,
                "run_type": workload.run_type,
                "state": _RUNNING,
                "logical_date": workload.logical_date,
                "data_interval_start": workload.data_interval_start,
                "data_interval_end": workload.data_interval_end,
                "run_after": workload.run_after,
                "start_date": workload.run_start_date,
                "conf": workload.conf,
                "triggered_by": workload.triggered_by,
                "triggering_user": workload.triggering_user,
                "partition_key": workload.partition_key,
            }
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in _DATES:
            value = self._data.get(name)
            if isinstance(value, str):
                value = dt.datetime.fromisoformat(value)
            found = coerce_datetime(value)
            self.__dict__[name] = found
            return found
        try:
            return self._data[name]
        except KeyError:
            if name in _OPTIONAL:
                return _OPTIONAL[name]
            raise AttributeError(f"a dag run has no attribute {name!r}") from None

    @property
    def raw_logical_date(self) -> dt.datetime | None:
        """The logical date as a plain datetime."""
        value = self._data.get("logical_date")
        return dt.datetime.fromisoformat(value) if isinstance(value, str) else value

    @property
    def conf(self) -> dict[str, Any]:
        return self._data.get("conf") or {}

    @property
    def run_type(self) -> DagRunType:
        return DagRunType(self._data["run_type"])

    @property
    def triggering_user_name(self) -> str | None:
        return self._data.get("triggering_user")

    @property
    def consumed_asset_events(self) -> list[Any]:
        """The asset events that made the run; none without assets."""
        return self._data.get("consumed_asset_events") or []

    @property
    def is_backfill(self) -> bool:
        return self.run_type is DagRunType.BACKFILL

    @property
    def external_trigger(self) -> bool:
        """Airflow 2's: whether the run was not scheduled."""
        return self.run_type is not DagRunType.SCHEDULED

    @property
    def execution_date(self) -> Any:
        """Airflow 2's name of ``logical_date``."""
        return self.logical_date

    def get_state(self) -> str:
        return str(self._data["state"])

    def as_stored(self) -> DagRun:
        """Return the run as it is now in the store: with its state, its end and the like."""
        return DagRun({**self._data, **taskapi.current().get_dag_run(self.dag_id, self.run_id)})

    def get_task_instances(self, state: Any = None) -> list[TaskInstance]:
        """Return the run's task instances, in given states or all."""
        states = None
        if state is not None:
            states = [state] if isinstance(state, str) else list(state)
        api = taskapi.current()
        found = api.get_task_instances(dag_id=self.dag_id, run_id=self.run_id, states=states)
        return [TaskInstance(d) for d in found]

    def get_task_instance(self, task_id: str, *, map_index: int = -1) -> TaskInstance | None:
        """Return one task instance, or None."""
        for ti in self.get_task_instances():
            if ti.task_id == task_id and ti.map_index == map_index:
                return ti
        return None

    def __repr__(self) -> str:
        return f"<DagRun {self.dag_id} {self.run_id}: {self._data.get('state')}>"


_OPTIONAL: dict[str, Any] = {
    "note": None,
    "clear_number": 0,
    "partition_key": None,
    "partition_date": None,
    "bundle_version": None,
    "team_name": None,
}
"""What every dag run has in Airflow and not all of our sources say."""


class TaskInstance:
    """Another task instance, as the store knows it."""

    def __init__(self, data: TaskInstanceData | dict[str, Any]) -> None:
        self._data: dict[str, Any] = dict(data)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            value = self._data[name]
        except KeyError:
            raise AttributeError(f"a task instance has no attribute {name!r}") from None
        if name in _DATES and isinstance(value, str):
            return coerce_datetime(dt.datetime.fromisoformat(value))
        if name == "state" and value is not None:
            return TaskInstanceState(value)
        return value

    def current_state(self) -> Any:
        return self.state

    def __repr__(self) -> str:
        d = self._data
        return f"<TaskInstance: {d['dag_id']}.{d['task_id']} {d['run_id']} [{d.get('state')}]>"
