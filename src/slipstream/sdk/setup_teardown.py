"""Setup and teardown marks, and ``with setup >> teardown:`` scopes.

Only what a DAG file says is kept here; when setups and teardowns run is ``machine``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from slipstream.sdk.node import flatten
from slipstream.state import TriggerRule

if TYPE_CHECKING:
    from slipstream.sdk.operator import BaseOperator


def mark_setup(task: BaseOperator) -> BaseOperator:
    """Mark as setup.

    :raises ValueError: it is a teardown already
    """
    if task.is_teardown:
        raise ValueError(f"Task {task.task_id!r} is a teardown, so it cannot be a setup too")
    task.is_setup = True
    return task


def mark_teardown(
    task: BaseOperator,
    setups: BaseOperator | Iterable[BaseOperator] | None,
    on_failure_fail_dagrun: bool | None,
) -> BaseOperator:
    """Mark as teardown of ``setups`` (which become setups).

    :raises ValueError: it is a setup, or has a trigger rule of its own
    """
    if task.is_setup:
        raise ValueError(f"Task {task.task_id!r} is a setup, so it cannot be a teardown too")
    if task.trigger_rule not in (TriggerRule.ALL_SUCCESS, TriggerRule.ALL_DONE_SETUP_SUCCESS):
        raise ValueError(
            f"Task {task.task_id!r} becomes a teardown, which has its own trigger rule: "
            "leave trigger_rule out"
        )
    task.is_teardown = True
    task.trigger_rule = TriggerRule.ALL_DONE_SETUP_SUCCESS
    if on_failure_fail_dagrun is not None:
        task.on_failure_fail_dagrun = on_failure_fail_dagrun
    for item in flatten(setups) if setups is not None else ():  # type: ignore[arg-type]
        for setup in item.roots:
            mark_setup(setup)  # type: ignore[arg-type]
            setup.set_downstream(task)
    return task


class SetupTeardownScope:
    """The scopes that are open: tasks made inside run between the setups and the teardowns.

    As Airflow 3: a task belongs to the innermost scope; the outer scope surrounds the inner one by
    its setups and teardowns alone. Unlike there, tasks made after an inner scope has been closed
    still belong to the outer one.
    """

    _stack: list[SetupTeardownScope] = []

    def __init__(self, nodes: Any) -> None:
        tasks: list[Any] = [t for node in flatten(nodes) for t in node.roots]
        self.setups = [t for t in tasks if t.is_setup]
        self.teardowns = [t for t in tasks if t.is_teardown]
        self.tasks: list[Any] = []
        if not self.setups and not self.teardowns:
            raise TypeError(
                "None of the tasks after `with` is a setup or a teardown: mark one by as_setup() "
                "or as_teardown()."
            )
        if not self.setups:
            self.setups = _nearest(tasks, "upstream_list", "is_setup")
        if not self.teardowns:
            self.teardowns = _nearest(tasks, "downstream_list", "is_teardown")

    @classmethod
    def open(cls, nodes: Any) -> SetupTeardownScope:
        """Begin a scope around ``nodes``."""
        scope = cls(nodes)
        cls._stack.append(scope)
        return scope

    @classmethod
    def close(cls) -> None:
        """End the innermost scope: connect what is in it to its setups and teardowns."""
        scope = cls._stack.pop()
        if cls._stack:
            scope._nest(cls._stack[-1])
        work = [t for t in scope.tasks if not (t.is_setup or t.is_teardown)]
        # Who has a neighbour outside the scope is placed by that, too: only the ends are tied.
        roots = [t for t in work if not t.upstream_task_ids] or work[:1]
        leaves = [t for t in work if not t.downstream_task_ids] or work[-1:]
        _connect(scope.setups, roots)
        _connect(leaves, scope.teardowns)

    def _nest(self, outer: SetupTeardownScope) -> None:
        """Put this scope into ``outer``, whose setups or teardowns it shares if it has none."""
        if self.setups:
            _connect(outer.setups, self.setups)
        if self.teardowns:
            _connect(self.teardowns, outer.teardowns)
        self.setups = self.setups or outer.setups
        self.teardowns = self.teardowns or outer.teardowns

    @classmethod
    def register(cls, task: BaseOperator) -> None:
        """Take note of a task that was made while scopes are open."""
        if cls._stack:
            cls._stack[-1].tasks.append(task)

    def add_task(self, task: Any) -> None:
        """Put a task made earlier into the scope."""
        for item in flatten(task):
            self.tasks.extend(item.roots)


def _nearest(tasks: list[Any], neighbours: str, mark: str) -> list[Any]:
    """Return the tasks with ``mark`` that fewest steps from ``tasks`` lead to."""
    seen = {t.task_id for t in tasks}
    while tasks:
        step = {t.task_id: t for task in tasks for t in getattr(task, neighbours)}
        tasks = [t for task_id, t in sorted(step.items()) if task_id not in seen]
        if found := [t for t in tasks if getattr(t, mark)]:
            return found
        seen.update(step)
    return []


def _connect(upstream: list[Any], downstream: list[Any]) -> None:
    for first in upstream:
        for then in downstream:
            if first is not then:
                first.set_downstream(then)


def setup(func: Callable[..., Any]) -> Any:
    """Make a setup of a function or of what ``@task`` made."""
    return _decorate(func, "is_setup", False)


def teardown(
    _func: Callable[..., Any] | None = None, *, on_failure_fail_dagrun: bool = False
) -> Any:
    """Make a teardown of a function or of what ``@task`` made."""
    if _func is None:
        return lambda func: _decorate(func, "is_teardown", on_failure_fail_dagrun)
    return _decorate(_func, "is_teardown", on_failure_fail_dagrun)


def _decorate(func: Any, mark: str, on_failure_fail_dagrun: bool) -> Any:
    from slipstream.sdk.decorator import task_decorator  # imports operator, which imports this
    from slipstream.sdk.taskgroup_decorator import TaskGroupFactory  # likewise

    if isinstance(func, TaskGroupFactory):
        raise ValueError("A task group is no setup or teardown: decorate tasks in it instead.")
    if not getattr(func, "_airflow_is_task_decorator", False):
        func = task_decorator.python(func)
    setattr(func, mark, True)
    func.on_failure_fail_dagrun = on_failure_fail_dagrun
    return func
