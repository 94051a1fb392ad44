"""A DAG version as people see it: its groups and tasks as a tree, in the order of Airflow's grid.

Pure, but for the cache: versions never change, so each is laid out once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any

from slipstream.spec import DagSpec, GroupSpec, TaskSpec
from slipstream.store import Connection
from slipstream.store.listing import version

CACHED_VERSIONS = 64
_GROUP_COLOR = "CornflowerBlue"

Node = dict[str, Any]


class Structure:
    """The nodes of a version, in order, and which of them are its tasks."""

    def __init__(self, spec: DagSpec) -> None:
        self.nodes = nodes_of(spec)
        self.tasks = {n["id"]: i for i, n in enumerate(n for n in self.nodes if _is_task(n))}
        """Task id to its place among the tasks: the column of ``cells``."""
        self.groups = {n["id"] for n in self.nodes if not _is_task(n)}
        self.by_id = {n["id"]: n for n in self.nodes}


def _is_task(node: Node) -> bool:
    return bool(node["kind"] == "task")


class Structures:
    """A bounded cache of structures by DAG version id; safe to share between threads."""

    def __init__(self, limit: int = CACHED_VERSIONS) -> None:
        self._limit = limit
        self._known: OrderedDict[str, Structure] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, conn: Connection, version_ids: Iterable[str]) -> dict[str, Structure]:
        """Return the structures of these versions; those that are gone are absent."""
        wanted = set(version_ids)
        with self._lock:
            found = {v: self._known[v] for v in wanted if v in self._known}
            for v in found:
                self._known.move_to_end(v)
        missing = wanted - found.keys()
        if missing:
            read = {v: Structure(spec) for v, spec in version.specs(conn, missing).items()}
            found |= read
            with self._lock:
                self._known.update(read)
                while len(self._known) > self._limit:
                    self._known.popitem(last=False)
        return found


def nodes_of(spec: DagSpec) -> list[Node]:
    """Return groups and tasks, each group followed by what is in it.

    As Airflow 3's grid: siblings by id, each after the siblings that it depends on, found by
    passing over them again and again. Edges into a group and out of it count from whichever of its
    tasks, so that a group never stands before what it waits for.
    """
    groups = {g["group_id"]: g for g in spec.get("groups", ())}
    tasks = {t["task_id"]: t for t in spec["tasks"]}
    parent: dict[str, str | None] = {g: spec_.get("parent") for g, spec_ in groups.items()}
    parent |= {t: spec_.get("group") for t, spec_ in tasks.items()}
    children: dict[str | None, list[str]] = defaultdict(list)
    for each in sorted(parent):
        children[parent[each]].append(each)
    waits = _sibling_edges(tasks, parent)
    nodes: list[Node] = []
    stack = list(reversed(_ordered(children[None], waits)))
    while stack:
        each = stack.pop()
        if each in tasks:
            nodes.append(_task_node(tasks[each]))
        else:
            nodes.append(_group_node(groups[each]))
            stack += reversed(_ordered(children[each], waits))
    return nodes


def _sibling_edges(
    tasks: dict[str, TaskSpec], parent: dict[str, str | None]
) -> dict[str, set[str]]:
    """Return for each node the siblings that it, or a task in it, waits for."""
    paths: dict[str | None, tuple[str, ...]] = {None: ()}

    def path(node: str | None) -> tuple[str, ...]:
        if node not in paths:
            paths[node] = (*path(parent[node or ""]), node or "")
        return paths[node]

    waits: dict[str, set[str]] = defaultdict(set)
    for task_id, task in tasks.items():
        above = path(task_id)
        for other in task.get("downstream", ()):
            # Where the ways from the root part, the two sides are siblings.
            for mine, theirs in zip(above, path(other), strict=False):
                if mine != theirs:
                    waits[theirs].add(mine)
                    break
    return waits


def _ordered(siblings: list[str], waits: dict[str, set[str]]) -> list[str]:
    ordered: list[str] = []
    left = dict.fromkeys(siblings)
    while left:
        n_left = len(left)
        for each in list(left):
            if not any(other in left for other in waits.get(each, ())):
                ordered.append(each)
                del left[each]
        if len(left) == n_left:  # groups can wait for each other; one has to come first
            first = next(iter(left))
            ordered.append(first)
            del left[first]
    return ordered


def _task_node(task: TaskSpec) -> Node:
    return {
        "id": task["task_id"],
        "label": task.get("display_name") or _own_name(task["task_id"], task.get("group")),
        "parent": task.get("group"),
        "kind": "task",
        "operator": task.get("operator_name", task["type"]),
        "is_mapped": "mapped" in task,
        "tooltip": None,
    }


def _group_node(group: GroupSpec) -> Node:
    return {
        "id": group["group_id"],
        "label": group.get("display_name") or group.get("label") or group["group_id"],
        "parent": group.get("parent"),
        "kind": "group",
        "operator": None,
        "is_mapped": "mapped" in group,
        "tooltip": group.get("tooltip") or None,
    }


def _own_name(task_id: str, group: str | None) -> str:
    """Return a task's name without its group's prefix."""
    return task_id.removeprefix(f"{group}.") if group else task_id


def unknown_task(task_id: str) -> Node:
    """Return the node of a task whose version is gone."""
    return {
        "id": task_id,
        "label": task_id,
        "parent": None,
        "kind": "task",
        "operator": None,
        "is_mapped": False,
        "tooltip": None,
    }


def graph_of(spec: DagSpec) -> dict[str, Any]:
    """Return nodes with what a graph shows of them, and edges between tasks with their labels."""
    tasks: dict[str, Any] = {t["task_id"]: t for t in spec["tasks"]}
    groups: dict[str, Any] = {g["group_id"]: g for g in spec.get("groups", ())}
    labels = spec.get("edge_labels", {})
    nodes = [
        node | (_of_task(tasks[node["id"]]) if _is_task(node) else _of_group(groups[node["id"]]))
        for node in nodes_of(spec)
    ]
    edges = [
        {
            "source": task["task_id"],
            "target": target,
            "label": labels.get(task["task_id"], {}).get(target),
        }
        for task in spec["tasks"]
        for target in task.get("downstream", ())
    ]
    return {"nodes": nodes, "edges": edges}


def _of_task(task: TaskSpec) -> Node:
    role = "setup" if task.get("is_setup") else "teardown" if task.get("is_teardown") else None
    return {
        "trigger_rule": task.get("trigger_rule", "all_success"),
        "doc_md": task.get("doc_md"),
        "ui_color": task.get("ui_color", "#fff"),
        "setup_or_teardown": role,
        "queue": task.get("queue", "default"),
        "pool": task.get("pool", "default_pool"),
        "retries": task.get("retries", 0),
    }


def _of_group(group: GroupSpec) -> Node:
    return {
        "trigger_rule": None,
        "doc_md": group.get("doc_md"),
        "ui_color": group.get("ui_color", _GROUP_COLOR),
        "setup_or_teardown": None,
        "queue": None,
        "pool": None,
        "retries": None,
    }
