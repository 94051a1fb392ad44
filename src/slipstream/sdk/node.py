"""What can stand on either side of ``>>``: the algebra of dependencies.

Operators, task groups, XComArgs and edge labels share ``DependencyMixin``; ``DAGNode`` is what
ends up as a node of the graph. Edges are kept as sets of ids on both ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Union

from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.public_name import public_path

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.edge import EdgeModifier
    from slipstream.sdk.operator import BaseOperator
    from slipstream.sdk.taskgroup import TaskGroup

T = TypeVar("T")
Dependency = Union["DependencyMixin", Sequence["DependencyMixin"]]


class DependencyMixin:
    """Gives ``>>``, ``<<``, ``set_upstream`` and ``set_downstream``."""

    @property
    def roots(self) -> Iterable[DependencyMixin]:
        """The nodes that an upstream is attached to."""
        raise NotImplementedError

    @property
    def leaves(self) -> Iterable[DependencyMixin]:
        """The nodes that a downstream is attached to."""
        raise NotImplementedError

    def set_upstream(self, other: Dependency, edge_modifier: EdgeModifier | None = None) -> None:
        """Make ``other`` (one or a list) run before this."""
        raise NotImplementedError

    def set_downstream(self, other: Dependency, edge_modifier: EdgeModifier | None = None) -> None:
        """Make ``other`` (one or a list) run after this."""
        raise NotImplementedError

    def as_setup(self) -> DependencyMixin:
        """Mark as a setup task."""
        raise NotImplementedError

    def as_teardown(
        self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None
    ) -> DependencyMixin:
        """Mark as a teardown task."""
        raise NotImplementedError

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Take note that ``other`` was connected to this; labels and groups override it."""

    def __rshift__(self, other: T) -> T:
        self.set_downstream(other)  # type: ignore[arg-type]
        return other

    def __lshift__(self, other: T) -> T:
        self.set_upstream(other)  # type: ignore[arg-type]
        return other

    def __rrshift__(self, other: Dependency) -> DependencyMixin:
        self.set_upstream(other)
        return self

    def __rlshift__(self, other: Dependency) -> DependencyMixin:
        self.set_downstream(other)
        return self


def flatten(item: Dependency) -> Iterator[DependencyMixin]:
    """Yield the members of a possibly nested list of dependencies.

    :raises TypeError: a member can have no dependencies
    """
    if isinstance(item, DependencyMixin):
        yield item
    elif isinstance(item, list | tuple | set | frozenset):
        for member in item:
            yield from flatten(member)
    else:
        raise TypeError(
            f"A {type(item).__name__} cannot be before or after a task: {item!r} is no task, "
            "task group or result of one"
        )


class DAGNode(DependencyMixin):
    """A node of the DAG's graph: an operator, or a task group."""

    dag: DAG | None
    task_group: TaskGroup | None
    upstream_task_ids: set[str]
    downstream_task_ids: set[str]

    @property
    def node_id(self) -> str:
        raise NotImplementedError

    @property
    def label(self) -> str | None:
        """The id without the prefix of its group, as a graph shows it."""
        group = self.task_group
        if group is not None and group.node_id and group.prefix_group_id:
            return self.node_id.removeprefix(f"{group.node_id}.")
        return self.node_id

    @property
    def log(self) -> Any:
        """A logger named after the class."""
        import logging  # only nodes that log pay for it

        return logging.getLogger(f"airflow.task.operators.{public_path(type(self))}")

    @property
    def upstream_list(self) -> list[BaseOperator]:
        """The tasks directly upstream."""
        return self._tasks(self.upstream_task_ids)

    @property
    def downstream_list(self) -> list[BaseOperator]:
        """The tasks directly downstream."""
        return self._tasks(self.downstream_task_ids)

    def _tasks(self, ids: Iterable[str]) -> list[BaseOperator]:
        if self.dag is None:
            raise AirflowException(
                f"Task {self.node_id!r} is in no DAG yet: create it within one, or with dag="
            )
        return [self.dag.get_task(i) for i in ids]

    def get_direct_relative_ids(self, upstream: bool = False) -> set[str]:
        return self.upstream_task_ids if upstream else self.downstream_task_ids

    def get_direct_relatives(self, upstream: bool = False) -> list[BaseOperator]:
        return self.upstream_list if upstream else self.downstream_list

    def get_flat_relative_ids(self, *, upstream: bool = False) -> set[str]:
        """Return the ids of everything upstream, or downstream, at any distance."""
        if self.dag is None:
            return set()
        found: set[str] = set()
        edge = [self.node_id] if self.node_id in self.dag.task_dict else []
        edge = edge or list(self.get_direct_relative_ids(upstream))
        if self.node_id not in self.dag.task_dict:
            found.update(edge)
        while edge:
            task = self.dag.task_dict[edge.pop()]
            for i in task.get_direct_relative_ids(upstream):
                if i not in found:
                    found.add(i)
                    edge.append(i)
        return found

    def get_flat_relatives(self, upstream: bool = False) -> list[BaseOperator]:
        """Return everything upstream, or downstream, at any distance."""
        return self._tasks(self.get_flat_relative_ids(upstream=upstream))

    def set_upstream(self, other: Dependency, edge_modifier: EdgeModifier | None = None) -> None:
        connect(self, other, upstream=True, edge_modifier=edge_modifier)

    def set_downstream(self, other: Dependency, edge_modifier: EdgeModifier | None = None) -> None:
        connect(self, other, upstream=False, edge_modifier=edge_modifier)


def connect(
    node: DAGNode, others: Dependency, *, upstream: bool, edge_modifier: EdgeModifier | None
) -> None:
    """Add the edges between ``node``'s ends and those of ``others``, in one direction.

    :raises RuntimeError: they belong to different DAGs
    :raises ValueError: none of them has a DAG yet
    """
    own = [n for n in (node.roots if upstream else node.leaves) if isinstance(n, DAGNode)]
    relatives: list[DAGNode] = []
    for item in flatten(others):
        item.update_relative(node, not upstream, edge_modifier=edge_modifier)
        node.update_relative(item, upstream, edge_modifier=edge_modifier)
        for end in item.leaves if upstream else item.roots:
            if not isinstance(end, DAGNode):
                raise AirflowException(
                    f"A {type(end).__name__} cannot be before or after a task: {end!r} is no task"
                )
            relatives.append(end)
    if not own or not relatives:
        return  # an empty list, or an empty group that nothing is on the other side of

    dags = {id(n.dag): n.dag for n in (*own, *relatives) if n.dag is not None}
    if len(dags) > 1:
        names = sorted(repr(d.dag_id) for d in dags.values() if d is not None)
        raise RuntimeError(
            f"Tasks of different DAGs cannot depend on each other: these are of {', '.join(names)}"
        )
    if not dags:
        ids = ", ".join(n.node_id for n in (*own, *relatives))
        raise ValueError(
            f"None of these tasks is in a DAG, so they cannot depend on each other: {ids}. "
            "Create one of them within a DAG, or with dag=."
        )
    dag = next(iter(dags.values()))
    assert dag is not None
    for n in own:
        for r in relatives:
            before, after = (r, n) if upstream else (n, r)
            for end in (before, after):
                if end.dag is None:
                    end.dag = dag
            before.downstream_task_ids.add(after.node_id)
            after.upstream_task_ids.add(before.node_id)
            if edge_modifier is not None:
                edge_modifier.add_edge_info(dag, before.node_id, after.node_id)
