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
    """The scopes that are open: tasks made inside run between the setups and the teardowns."""

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
        for t in self.teardowns:
            self.setups += [u for u in t.upstream_list if u.is_setup and u not in self.setups]
        for s in list(self.setups):
            self.teardowns += [
                d for d in s.downstream_list if d.is_teardown and d not in self.teardowns
            ]

    @classmethod
    def open(cls, nodes: Any) -> SetupTeardownScope:
        """Begin a scope around ``nodes``."""
        scope = cls(nodes)
        cls._stack.append(scope)
        return scope

    @classmethod
    def close(cls) -> None:
        """End the innermost scope: connect its tasks to its setups and teardowns."""
        scope = cls._stack.pop()
        inside = [t for t in scope.tasks if not (t.is_setup or t.is_teardown)]
        ids = {t.task_id for t in inside}
        for task in inside:
            if not task.upstream_task_ids & ids:
                for setup in scope.setups:
                    setup.set_downstream(task)
            if not task.downstream_task_ids & ids:
                for teardown in scope.teardowns:
                    task.set_downstream(teardown)

    @classmethod
    def register(cls, task: BaseOperator) -> None:
        """Take note of a task that was made while scopes are open."""
        if cls._stack:
            for scope in cls._stack:
                scope.tasks.append(task)

    def add_task(self, task: Any) -> None:
        """Put a task made earlier into the scope."""
        for item in flatten(task):
            self.tasks.extend(item.roots)


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
