"""Task groups: names, nesting and edges of tasks that belong together."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

from slipstream.sdk.dagcontext import DagContext, TaskGroupContext
from slipstream.sdk.exceptions import (
    AirflowDagCycleException,
    AirflowException,
    DuplicateTaskIdFound,
    TaskAlreadyInTaskGroup,
)
from slipstream.sdk.key import validate_group_key
from slipstream.sdk.node import DAGNode, DependencyMixin
from slipstream.sdk.types import NOTSET, ArgNotSet

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.edge import EdgeModifier
    from slipstream.sdk.operator import BaseOperator


class TaskGroup(DAGNode):
    """A named group of tasks and groups; ``with TaskGroup("id"):`` puts tasks into it.

    :param group_id: prefix of its tasks' ids, unless ``prefix_group_id`` is false
    :param default_args: arguments for the tasks in it, over the DAG's
    :param add_suffix_on_collision: take ``id__1`` when the id is in use
    :raises DuplicateTaskIdFound: the id is in use
    """

    def __init__(
        self,
        group_id: str | None,
        group_display_name: str = "",
        prefix_group_id: bool = True,
        parent_group: TaskGroup | ArgNotSet | None = NOTSET,
        dag: DAG | ArgNotSet | None = NOTSET,
        default_args: dict[str, Any] | None = None,
        tooltip: str = "",
        doc_md: str | None = None,
        ui_color: str = "CornflowerBlue",
        ui_fgcolor: str = "#000",
        add_suffix_on_collision: bool = False,
    ) -> None:
        self._group_id = group_id
        self.group_display_name = group_display_name
        self.prefix_group_id = prefix_group_id
        self.default_args = copy.deepcopy(default_args) if default_args else {}
        self.tooltip = tooltip
        self.doc_md = doc_md
        self.ui_color = ui_color
        self.ui_fgcolor = ui_fgcolor
        self.add_suffix_on_collision = add_suffix_on_collision
        self.children: dict[str, BaseOperator | TaskGroup] = {}
        self.upstream_group_ids: set[str | None] = set()
        self.downstream_group_ids: set[str | None] = set()
        self.upstream_task_ids: set[str] = set()
        self.downstream_task_ids: set[str] = set()

        given_dag = None if isinstance(dag, ArgNotSet) else dag
        if isinstance(parent_group, ArgNotSet):
            parent_group = TaskGroupContext.get_current(given_dag) if group_id else None
        self.parent_group: TaskGroup | None = parent_group
        if given_dag is None:
            given_dag = parent_group.dag if parent_group is not None else DagContext.get_current()
        self.dag = given_dag

        if parent_group is not None:
            self.used_group_ids: set[str | None] = parent_group.used_group_ids
            if parent_group.default_args:
                self.default_args = {**parent_group.default_args, **self.default_args}
        else:
            self.used_group_ids = set()
        if group_id is not None:
            validate_group_key(group_id)
            self._claim_id()
            self.used_group_ids.add(self.group_id)
            if parent_group is not None:
                parent_group.add(self)
                self.used_group_ids.add(self.upstream_join_id)
                self.used_group_ids.add(self.downstream_join_id)

    @classmethod
    def create_root(cls, dag: DAG) -> TaskGroup:
        """Return the nameless group that holds everything of a DAG."""
        return cls(group_id=None, dag=dag, parent_group=None)

    def _claim_id(self) -> None:
        if self.group_id not in self.used_group_ids:
            return
        if not self.add_suffix_on_collision:
            raise DuplicateTaskIdFound(
                f"The DAG has a task or group {self.group_id!r} already: choose another group_id"
            )
        base = re.split(r"__\d+$", self._group_id or "")[0]
        n = 1
        while self.group_id in self.used_group_ids:
            self._group_id = f"{base}__{n}"
            n += 1

    @property
    def is_root(self) -> bool:
        return self._group_id is None

    @property
    def task_group(self) -> TaskGroup | None:  # type: ignore[override]
        return self.parent_group

    @property
    def group_id(self) -> str | None:
        """The full id, with the prefixes of the groups around it."""
        parent = self.parent_group
        if parent is not None and parent.prefix_group_id and parent._group_id is not None:
            return parent.child_id(self._group_id or "")
        return self._group_id

    @property
    def node_id(self) -> str:
        return self.group_id or ""

    @property
    def label(self) -> str | None:
        """The id as given, without prefixes."""
        return self._group_id

    @property
    def upstream_join_id(self) -> str:
        return f"{self.group_id}.upstream_join_id"

    @property
    def downstream_join_id(self) -> str:
        return f"{self.group_id}.downstream_join_id"

    def child_id(self, label: str) -> str:
        """Return the id that a task or group labelled so has in this group."""
        group_id = self.group_id
        return f"{group_id}.{label}" if self.prefix_group_id and group_id else label

    def add(self, task: BaseOperator | TaskGroup) -> BaseOperator | TaskGroup:
        """Put a task or group into this group.

        :raises TaskAlreadyInTaskGroup: it is in another one
        :raises DuplicateTaskIdFound: the id is in use
        """
        node_id = task.node_id
        if not isinstance(task, TaskGroup):
            current = task.task_group
            if current is not None and current is not self:
                raise TaskAlreadyInTaskGroup(node_id, current.node_id or None, self.node_id)
            task.task_group = self
        elif task.children and task.dag is not self.dag:
            raise AirflowException(
                f"Task group {node_id!r} has tasks of another DAG: add it before its tasks"
            )
        if node_id in self.children:
            kind = "Task" if not isinstance(task, TaskGroup) else "TaskGroup"
            raise DuplicateTaskIdFound(f"The DAG has two of {kind} {node_id!r}: rename one")
        if self.dag is not None and isinstance(task, TaskGroup) and node_id in self.dag.task_dict:
            raise DuplicateTaskIdFound(f"The DAG has a task {node_id!r} already: rename the group")
        self.children[node_id] = task
        return task

    def __enter__(self) -> Self:
        TaskGroupContext.push(self)
        return self

    def __exit__(self, *_: object) -> None:
        TaskGroupContext.pop()

    def __iter__(self) -> Iterator[BaseOperator]:
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield from child
            else:
                yield child

    def iter_tasks(self) -> Iterator[BaseOperator]:
        """Yield all tasks in it, nested ones too."""
        return iter(self)

    def has_task(self, task: BaseOperator) -> bool:
        """Return whether the task is in it, at any depth."""
        group = task.task_group
        while group is not None:
            if group is self:
                return True
            group = group.parent_group
        return False

    def get_roots(self) -> Iterator[BaseOperator]:
        """Yield its tasks that nothing else in it runs before."""
        tasks = list(self)
        ids = {t.task_id for t in tasks}
        return (t for t in tasks if not t.upstream_task_ids & ids)

    def get_leaves(self) -> Iterator[BaseOperator]:
        """Yield its tasks that nothing else in it runs after; teardowns are looked through."""
        tasks = {t.task_id: t for t in self}
        seen: set[str] = set()

        def before(teardown: BaseOperator) -> Iterator[BaseOperator]:
            for i in teardown.upstream_task_ids & tasks.keys():
                up = tasks[i]
                if up.is_teardown:
                    yield from before(up)
                elif not up.is_setup:
                    yield up

        for task in tasks.values():
            if task.downstream_task_ids & tasks.keys():
                continue
            for leaf in before(task) if task.is_teardown else (task,):
                if leaf.task_id not in seen:
                    seen.add(leaf.task_id)
                    yield leaf

    @property
    def roots(self) -> list[DependencyMixin]:
        """Its first tasks; those after it when it has none, so that an empty group is no gap."""
        return list(self._ends(upstream=False, seen=set()))

    @property
    def leaves(self) -> list[DependencyMixin]:
        """Its last tasks; those before it when it has none."""
        return list(self._ends(upstream=True, seen=set()))

    def _ends(self, *, upstream: bool, seen: set[str | None]) -> Iterator[BaseOperator]:
        if next(iter(self), None) is not None:
            yield from self.get_leaves() if upstream else self.get_roots()
            return
        if self.dag is None or self.group_id in seen:
            return
        seen.add(self.group_id)
        for task_id in self.upstream_task_ids if upstream else self.downstream_task_ids:
            yield self.dag.get_task(task_id)
        groups = self.dag.task_group.get_task_group_dict()
        for group_id in self.upstream_group_ids if upstream else self.downstream_group_ids:
            yield from groups[group_id]._ends(upstream=upstream, seen=seen)

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        if edge_modifier is not None:
            self._label_edge(other, upstream, edge_modifier)
        if isinstance(other, TaskGroup):
            mine = self.upstream_group_ids if upstream else self.downstream_group_ids
            theirs = other.downstream_group_ids if upstream else other.upstream_group_ids
            mine.add(other.group_id)
            theirs.add(self.group_id)
        else:
            ids = self.upstream_task_ids if upstream else self.downstream_task_ids
            for end in other.leaves if upstream else other.roots:
                if isinstance(end, DAGNode) and not isinstance(end, TaskGroup):
                    ids.add(end.node_id)

    def _label_edge(self, other: Any, upstream: bool, label: EdgeModifier) -> None:
        """Label the edge of the closed group, which graphs draw at its join nodes."""
        if self.dag is None or self.is_root or not isinstance(other, DAGNode):
            return
        group = other if isinstance(other, TaskGroup) else None
        if upstream:
            before = group.downstream_join_id if group is not None else other.node_id
            label.add_edge_info(self.dag, before, self.upstream_join_id)
        else:
            after = group.upstream_join_id if group is not None else other.node_id
            label.add_edge_info(self.dag, self.downstream_join_id, after)

    def get_task_group_dict(self) -> dict[str | None, TaskGroup]:
        """Return this group and all groups in it by id."""
        found: dict[str | None, TaskGroup] = {self.group_id: self}
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                found.update(child.get_task_group_dict())
        return found

    def get_child_by_label(self, label: str) -> BaseOperator | TaskGroup:
        """Return the direct child with this label."""
        return self.children[self.child_id(label)]

    def iter_groups(self) -> Iterator[TaskGroup]:
        """Yield the groups in it, parents before children."""
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield child
                yield from child.iter_groups()

    def topological_sort(self) -> list[BaseOperator | TaskGroup]:
        """Return the direct children, each after those that it depends on, else as written."""
        owner: dict[str, str] = {}
        for child_id, child in self.children.items():
            for task in child if isinstance(child, TaskGroup) else (child,):
                owner[task.task_id] = child_id
        waits: dict[str, set[str]] = {c: set() for c in self.children}
        for task in self:
            mine = owner[task.task_id]
            waits[mine] |= {owner[u] for u in task.upstream_task_ids if u in owner} - {mine}
        ordered: list[BaseOperator | TaskGroup] = []
        while waits:
            n_left = len(waits)
            for child_id in list(waits):
                if not waits[child_id] & waits.keys():
                    ordered.append(self.children[child_id])
                    del waits[child_id]
            if len(waits) == n_left:
                dag_id = self.dag.dag_id if self.dag is not None else None
                raise AirflowDagCycleException(
                    f"DAG {dag_id!r} has a circle of tasks that wait for each other"
                )
        return ordered

    def hierarchical_alphabetical_sort(self) -> list[BaseOperator | TaskGroup]:
        """Return the direct children: groups first, then tasks, each by label."""
        return sorted(
            self.children.values(), key=lambda c: (not isinstance(c, TaskGroup), c.node_id)
        )

    def as_setup(self) -> DependencyMixin:
        raise AirflowException("A task group is no setup: call as_setup() on its tasks.")

    def as_teardown(
        self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None
    ) -> DependencyMixin:
        raise AirflowException("A task group is no teardown: call as_teardown() on its tasks.")

    def __repr__(self) -> str:
        return f"<TaskGroup: {self.group_id}>"


def outer_groups(group: TaskGroup | None) -> Iterable[TaskGroup]:
    """Yield ``group`` and the groups around it, inside out, without the root."""
    while group is not None and not group.is_root:
        yield group
        group = group.parent_group
