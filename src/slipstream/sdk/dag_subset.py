"""A copy of a DAG with only some of its tasks, for ``dag.partial_subset`` and the views of it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import Any

from slipstream.sdk.dag import DAG
from slipstream.sdk.taskgroup import TaskGroup


def partial_subset(
    dag: DAG,
    task_ids: str | Iterable[str],
    *,
    include_downstream: bool,
    include_upstream: bool,
    include_direct_upstream: bool,
) -> DAG:
    """Return a copy with the tasks named (a string is a regex) and the relatives asked for."""
    if isinstance(task_ids, str):
        pattern = re.compile(task_ids)
        chosen = {i for i in dag.task_dict if pattern.search(i)}
    else:
        chosen = set(task_ids)
    keep = set(chosen)
    for i in chosen:
        task = dag.get_task(i)
        if include_downstream:
            keep |= task.get_flat_relative_ids(upstream=False)
        if include_upstream:
            keep |= task.get_flat_relative_ids(upstream=True)
        elif include_direct_upstream:
            keep |= task.upstream_task_ids
    return _copy_of(dag, keep)


def _copy_of(dag: DAG, keep: set[str]) -> DAG:
    clone = copy.copy(dag)
    copies: dict[str, Any] = {}
    clone.task_group = _copy_group(dag.task_group, None, clone, keep, copies)
    clone.task_dict = {i: copies[i] for i in dag.task_dict if i in keep}
    for task in clone.task_dict.values():
        task.upstream_task_ids = task.upstream_task_ids & keep
        task.downstream_task_ids = task.downstream_task_ids & keep
    return clone


def _copy_group(
    group: TaskGroup, parent: TaskGroup | None, dag: DAG, keep: set[str], copies: dict[str, Any]
) -> TaskGroup:
    clone = copy.copy(group)
    clone.parent_group, clone.dag, clone.children = parent, dag, {}
    clone.used_group_ids = set(group.used_group_ids)
    for child_id, child in group.children.items():
        if isinstance(child, TaskGroup):
            inner = _copy_group(child, clone, dag, keep, copies)
            if inner.children:
                clone.children[child_id] = inner
        elif child_id in keep:
            task = copy.copy(child)
            task.__dict__.update(_dag=dag, task_group=clone)
            copies[child_id] = clone.children[child_id] = task
    return clone
