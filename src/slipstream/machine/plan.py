"""``DagPlan``: a DAG spec compiled once per DAG version for every run of that version.

Owns the static structure that the machine walks: index arrays, weights, groups, mapping, setup
and teardown relations. Immutable after ``compile_plan`` and shared by runs; holds no run's state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from slipstream.errors import SlipstreamError
from slipstream.machine.mapping_plan import Mapping, compile_mapping
from slipstream.machine.scope import Scopes, find_scopes
from slipstream.machine.weight import reach, total_weights
from slipstream.spec import SPEC_VERSION, DagSpec, GroupSpec, TaskSpec, TimetableSpec
from slipstream.state import TriggerRule, WeightRule
from slipstream.timetable.base import Window
from slipstream.timetable.window import of_dag


class SpecError(SlipstreamError):
    """A DAG spec that cannot be compiled: unknown task, cycle, or a newer format."""


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """What the machine and the scheduler need to know of one task, defaults filled in."""

    index: int
    """Position in ``DagPlan.tasks``: topological, so upstreams have smaller ones."""
    task_id: str
    type: str
    trigger_rule: TriggerRule
    retries: int
    retry_delay_s: float
    retry_multiplier: float
    """0 or 1: the delay is constant."""
    max_retry_delay_s: float | None
    execution_timeout_s: float | None
    depends_on_past: bool
    ignore_first_depends_on_past: bool
    wait_for_past_before_skipping: bool
    wait_for_downstream: bool
    priority_weight: int
    """Total, by the task's weight rule."""
    pool: str
    pool_slots: int
    queue: str
    executor: str | None
    max_active_tis_per_dag: int | None
    max_active_tis_per_dagrun: int | None
    start_date: datetime | None
    end_date: datetime | None
    no_op: bool
    is_setup: bool
    is_teardown: bool
    on_failure_fail_dagrun: bool
    mapping: Mapping | None
    group: str | None
    mapped_groups: tuple[str, ...]
    """Enclosing mapped task groups, outermost first."""
    callbacks: frozenset[str]

    @property
    def is_expanded(self) -> bool:
        """Whether it runs as mapped instances, by its own mapping or its groups'."""
        return self.mapping is not None or bool(self.mapped_groups)


@dataclass(frozen=True, slots=True)
class GroupPlan:
    group_id: str
    parent: str | None
    mapping: Mapping | None


@dataclass(frozen=True)
class DagPlan:
    """One DAG version, compiled. Indices are into ``tasks``."""

    dag_id: str
    tasks: tuple[TaskPlan, ...]
    index: dict[str, int]
    upstream: tuple[tuple[int, ...], ...]
    downstream: tuple[tuple[int, ...], ...]
    groups: dict[str, GroupPlan]
    scopes: Scopes
    timetable: TimetableSpec
    timezone: str
    catchup: bool
    start_date: datetime | None
    end_date: datetime | None
    window: Window
    """From when until when scheduled runs go, by the dates of the DAG and its tasks."""
    max_active_tasks: int
    max_active_runs: int
    max_consecutive_failed_dag_runs: int
    dagrun_timeout_s: float | None
    fail_fast: bool
    callbacks: frozenset[str]
    params: dict[str, Any]

    def task(self, task_id: str) -> TaskPlan:
        """Return a task by id; raises KeyError."""
        return self.tasks[self.index[task_id]]

    @cached_property
    def dependents(self) -> tuple[tuple[int, ...], ...]:
        """Per task: those to look at again when one of its instances changes state."""
        if not self.scopes.dependents:
            return self.downstream
        extra = self.scopes.dependents
        return tuple(
            tuple(sorted({*direct, *extra.get(i, ())})) for i, direct in enumerate(self.downstream)
        )

    @cached_property
    def mapping_sources(self) -> frozenset[int]:
        """Tasks whose results decide how long some mapping is."""
        mappings = [t.mapping for t in self.tasks] + [g.mapping for g in self.groups.values()]
        return frozenset(self.index[t] for m in mappings if m for t in m.dependencies)

    @cached_property
    def above(self) -> list[int]:
        """Per task the bit set of all its upstream tasks, near and far."""
        return reach(range(len(self.tasks)), self.upstream)

    @cached_property
    def below(self) -> list[int]:
        """Per task the bit set of all its downstream tasks, near and far."""
        return reach(range(len(self.tasks) - 1, -1, -1), self.downstream)

    @cached_property
    def deciding(self) -> tuple[int, ...]:
        """Tasks whose states are the run's verdict: leaves, less teardowns that do not count.

        As Airflow 3: a task followed only by teardowns is a leaf itself, unless the teardown has
        ``on_failure_fail_dagrun``; a DAG of nothing else falls back to its plain leaves.
        """
        counts = [not t.is_teardown or t.on_failure_fail_dagrun for t in self.tasks]
        leaves = tuple(
            t.index
            for t in self.tasks
            if counts[t.index] and not any(counts[d] for d in self.downstream[t.index])
        )
        return leaves or tuple(i for i, down in enumerate(self.downstream) if not down)

    @cached_property
    def has_setups(self) -> bool:
        return any(t.is_setup or t.is_teardown for t in self.tasks)

    @cached_property
    def blocks_deadlock(self) -> frozenset[int]:
        """Tasks that may wait for other runs: while one is unfinished, no run is deadlocked."""
        return frozenset(
            t.index
            for t in self.tasks
            if t.depends_on_past
            or t.max_active_tis_per_dag is not None
            or t.max_active_tis_per_dagrun is not None
        )


def compile_plan(spec: DagSpec) -> DagPlan:
    """Compile a DAG spec; raises SpecError for a cycle, an unknown task or a newer format."""
    if spec["spec"] > SPEC_VERSION:
        raise SpecError(
            f"DAG {spec['dag_id']!r} was written in spec format {spec['spec']}, "
            f"newer than {SPEC_VERSION}: upgrade this process"
        )
    ordered = _topological(spec)
    index = {t["task_id"]: i for i, t in enumerate(ordered)}
    downstream = [tuple(sorted(index[d] for d in t.get("downstream", ()))) for t in ordered]
    upstream: list[list[int]] = [[] for _ in ordered]
    for i, targets in enumerate(downstream):
        for j in targets:
            upstream[j].append(i)
    above = reach(range(len(ordered)), upstream)
    below = reach(range(len(ordered) - 1, -1, -1), downstream)
    weights = total_weights(
        [t.get("priority_weight", 1) for t in ordered],
        [WeightRule(t.get("weight_rule", WeightRule.DOWNSTREAM)) for t in ordered],
        below,
        above,
    )
    groups = {g["group_id"]: _group(g) for g in spec.get("groups", ())}
    tasks = tuple(
        _task(i, t, weights[i], _mapped_groups(t.get("group"), groups), spec)
        for i, t in enumerate(ordered)
    )
    for mapping in [t.mapping for t in tasks] + [g.mapping for g in groups.values()]:
        for task_id in mapping.dependencies if mapping else ():
            if task_id not in index:
                raise SpecError(f"DAG {spec['dag_id']!r} maps over unknown task {task_id!r}")
    return DagPlan(
        dag_id=spec["dag_id"],
        tasks=tasks,
        index=index,
        upstream=tuple(tuple(u) for u in upstream),
        downstream=tuple(downstream),
        groups=groups,
        scopes=find_scopes(
            [t.is_setup for t in tasks],
            [t.is_teardown for t in tasks],
            upstream,
            downstream,
            above,
            below,
        ),
        timetable=spec["timetable"],
        timezone=spec.get("timezone", "UTC"),
        catchup=spec.get("catchup", False),
        start_date=_date(spec.get("start_date")),
        end_date=_date(spec.get("end_date")),
        window=of_dag(spec),
        max_active_tasks=spec["max_active_tasks"],
        max_active_runs=spec["max_active_runs"],
        max_consecutive_failed_dag_runs=spec.get("max_consecutive_failed_dag_runs", 0),
        dagrun_timeout_s=spec.get("dagrun_timeout_s"),
        fail_fast=spec.get("fail_fast", False),
        callbacks=frozenset(spec.get("callbacks", ())),
        params=dict(spec.get("params", {})),
    )


def _topological(spec: DagSpec) -> list[TaskSpec]:
    """Return the tasks in topological order: the spec's own, when it is one already."""
    tasks = spec["tasks"]
    by_id = {t["task_id"]: t for t in tasks}
    if len(by_id) < len(tasks):
        raise SpecError(f"DAG {spec['dag_id']!r} has two tasks of one id")
    waiting = dict.fromkeys(by_id, 0)
    for t in tasks:
        for d in t.get("downstream", ()):
            if d not in waiting:
                raise SpecError(
                    f"DAG {spec['dag_id']!r}: {t['task_id']!r} is upstream of {d!r}, "
                    "which does not exist"
                )
            waiting[d] += 1
    seen: set[str] = set()
    for t in tasks:
        if waiting[t["task_id"]]:
            break
        seen.add(t["task_id"])
        for d in t.get("downstream", ()):
            waiting[d] -= 1
    else:
        return list(tasks)
    for t in tasks:  # undo the partial walk's effect on tasks it did not reach
        if t["task_id"] in seen:
            for d in t.get("downstream", ()):
                waiting[d] += 1
    return _sort(spec["dag_id"], by_id, waiting)


def _sort(dag_id: str, by_id: dict[str, TaskSpec], waiting: dict[str, int]) -> list[TaskSpec]:
    ready = sorted((t for t, n in waiting.items() if not n), reverse=True)
    ordered = []
    while ready:
        task = by_id[ready.pop()]
        ordered.append(task)
        for d in task.get("downstream", ()):
            waiting[d] -= 1
            if not waiting[d]:
                ready.append(d)
    if len(ordered) < len(by_id):
        cyclic = sorted(t for t, n in waiting.items() if n)
        raise SpecError(f"DAG {dag_id!r} has a cycle among {', '.join(cyclic)}")
    return ordered


def _group(spec: GroupSpec) -> GroupPlan:
    mapped = spec.get("mapped")
    return GroupPlan(
        spec["group_id"], spec.get("parent"), compile_mapping(mapped) if mapped else None
    )


def _mapped_groups(group: str | None, groups: dict[str, GroupPlan]) -> tuple[str, ...]:
    found: list[str] = []
    while group is not None:
        plan = groups[group]
        if plan.mapping is not None:
            found.append(group)
        group = plan.parent
    return tuple(reversed(found))


def _date(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _task(
    index: int, spec: TaskSpec, weight: int, mapped_groups: Sequence[str], dag: DagSpec
) -> TaskPlan:
    is_teardown = spec.get("is_teardown", False)
    default_rule = TriggerRule.ALL_DONE_SETUP_SUCCESS if is_teardown else TriggerRule.ALL_SUCCESS
    mapped = spec.get("mapped")
    # wait_for_downstream implies depends_on_past, as in Airflow.
    wait_for_downstream = spec.get("wait_for_downstream", False)
    return TaskPlan(
        index=index,
        task_id=spec["task_id"],
        type=spec["type"],
        trigger_rule=TriggerRule(spec.get("trigger_rule", default_rule)),
        retries=spec.get("retries", 0),
        retry_delay_s=spec.get("retry_delay_s", 300.0),
        retry_multiplier=float(spec.get("retry_exponential_backoff", 0.0)),
        max_retry_delay_s=spec.get("max_retry_delay_s"),
        execution_timeout_s=spec.get("execution_timeout_s"),
        depends_on_past=spec.get("depends_on_past", False) or wait_for_downstream,
        ignore_first_depends_on_past=spec.get("ignore_first_depends_on_past", False),
        wait_for_past_before_skipping=spec.get("wait_for_past_depends_before_skipping", False),
        wait_for_downstream=wait_for_downstream,
        priority_weight=weight,
        pool=spec.get("pool", "default_pool"),
        pool_slots=spec.get("pool_slots", 1),
        queue=spec.get("queue", "default"),
        executor=spec.get("executor"),
        max_active_tis_per_dag=spec.get("max_active_tis_per_dag"),
        max_active_tis_per_dagrun=spec.get("max_active_tis_per_dagrun"),
        start_date=_date(spec.get("start_date", dag.get("start_date"))),
        end_date=_date(spec.get("end_date", dag.get("end_date"))),
        no_op=spec.get("no_op", False),
        is_setup=spec.get("is_setup", False),
        is_teardown=is_teardown,
        on_failure_fail_dagrun=spec.get("on_failure_fail_dagrun", False),
        mapping=compile_mapping(mapped) if mapped else None,
        group=spec.get("group"),
        mapped_groups=tuple(mapped_groups),
        callbacks=frozenset(spec.get("callbacks", ())),
    )
