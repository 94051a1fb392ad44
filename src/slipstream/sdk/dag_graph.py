"""The tasks of a DAG, its groups and the edges between them.

``DAG`` is one of these and knows all that is not in the graph: when it runs, its limits, its
callbacks. Nothing here reads a setting or a schedule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from slipstream.sdk.exceptions import (
    DuplicateTaskIdFound,
    FailFastDagInvalidTriggerRule,
    TaskNotFound,
)
from slipstream.sdk.taskgroup import TaskGroup
from slipstream.state import TriggerRule

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.operator import BaseOperator


class TaskGraph:
    """What a DAG's author connects; ``_start_graph`` must be called before anything else."""

    dag_id: str
    fail_fast: bool
    task_dict: dict[str, BaseOperator]
    task_group: TaskGroup
    edge_info: dict[str, dict[str, dict[str, Any]]]
    _result_task_ids: set[str]

    def _start_graph(self, task_group: TaskGroup | None) -> None:
        self.task_dict = {}
        self.task_group = task_group or TaskGroup.create_root(cast("DAG", self))
        self.edge_info = {}
        self._result_task_ids = set()

    @property
    def tasks(self) -> list[BaseOperator]:
        return list(self.task_dict.values())

    @property
    def task_ids(self) -> list[str]:
        return list(self.task_dict)

    @property
    def roots(self) -> list[BaseOperator]:
        """The tasks without upstream."""
        return [t for t in self.task_dict.values() if not t.upstream_task_ids]

    @property
    def leaves(self) -> list[BaseOperator]:
        """The tasks without downstream."""
        return [t for t in self.task_dict.values() if not t.downstream_task_ids]

    @property
    def teardowns(self) -> list[BaseOperator]:
        return [t for t in self.task_dict.values() if t.is_teardown]

    @property
    def owner(self) -> str:
        """The tasks' owners, joined by commas."""
        return ", ".join(sorted({t.owner for t in self.task_dict.values()}))

    @property
    def task_group_dict(self) -> dict[str, TaskGroup]:
        return {k: v for k, v in self.task_group.get_task_group_dict().items() if k is not None}

    def add_task(self, task: BaseOperator) -> None:
        """Put a task into the DAG.

        :raises AirflowException: neither it nor the DAG has a start date that it needs
        :raises DuplicateTaskIdFound: its id is in use
        :raises FailFastDagInvalidTriggerRule: the DAG is fail_fast and the rule not the default one
        """
        task_id = task.task_id
        known = self.task_dict.get(task_id)
        if known is task:
            return
        if known is not None or task_id in self.task_group.used_group_ids:
            raise DuplicateTaskIdFound(f"DAG {self.dag_id!r} has two tasks {task_id!r}: rename one")
        if self.fail_fast and not task.is_teardown and task.trigger_rule != TriggerRule.ALL_SUCCESS:
            raise FailFastDagInvalidTriggerRule(
                f"Task {task_id!r} has the trigger rule {task.trigger_rule}: in a DAG with "
                "fail_fast=True each task must have all_success"
            )
        self.task_dict[task_id] = task
        self.task_group.used_group_ids.add(task_id)
        task.dag = cast("DAG", self)
        starts, ends = self.__dict__["_start_date"], self.__dict__["_end_date"]
        if starts is not None:
            task.start_date = max(task.__dict__["_start_date"] or starts, starts)
        if ends is not None:
            task.end_date = min(task.__dict__["_end_date"] or ends, ends)

    def add_tasks(self, tasks: Iterable[BaseOperator]) -> None:
        """Put several tasks into the DAG."""
        for task in tasks:
            self.add_task(task)

    def add_result(self, task: BaseOperator) -> None:
        """Mark a task's return value as the DAG's result."""
        self._result_task_ids.add(task.task_id)

    def has_task(self, task_id: str) -> bool:
        return task_id in self.task_dict

    def has_task_group(self, task_group_id: str) -> bool:
        return task_group_id in self.task_group_dict

    def get_task(self, task_id: str) -> BaseOperator:
        """Return the task of that id.

        :raises TaskNotFound: there is none
        """
        try:
            return self.task_dict[task_id]
        except KeyError:
            raise TaskNotFound(f"DAG {self.dag_id!r} has no task {task_id!r}") from None

    def __getitem__(self, node_id: str) -> BaseOperator | TaskGroup:
        if node_id in self.task_dict:
            return self.task_dict[node_id]
        groups = self.task_group_dict
        if node_id in groups:
            return groups[node_id]
        from slipstream.sdk.exceptions import NodeNotFound  # the error path only

        raise NodeNotFound(f"DAG {self.dag_id!r} has no task or group {node_id!r}")

    def set_dependency(self, upstream_task_id: str, downstream_task_id: str) -> None:
        """Connect two tasks by their ids."""
        self.get_task(upstream_task_id).set_downstream(self.get_task(downstream_task_id))

    def get_edge_info(self, upstream_task_id: str, downstream_task_id: str) -> dict[str, Any]:
        """Return the label of an edge as ``{"label": …}``, or an empty dict."""
        return self.edge_info.get(upstream_task_id, {}).get(downstream_task_id, {})

    def set_edge_info(
        self, upstream_task_id: str, downstream_task_id: str, info: dict[str, Any]
    ) -> None:
        self.edge_info.setdefault(upstream_task_id, {})[downstream_task_id] = info

    def topological_sort(self) -> tuple[BaseOperator, ...]:
        """Return the tasks, each after its upstreams, else as they were written; groups together.

        :raises AirflowDagCycleException: the dependencies form a cycle
        """
        return tuple(_in_order(self.task_group))


def _in_order(group: TaskGroup) -> Iterator[BaseOperator]:
    for child in group.topological_sort():
        if isinstance(child, TaskGroup):
            yield from _in_order(child)
        else:
            yield child
