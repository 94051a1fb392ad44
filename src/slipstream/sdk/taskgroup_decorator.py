"""``@task_group``: a function that defines tasks becomes one that defines them in a group."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet
from slipstream.sdk.node import DependencyMixin
from slipstream.sdk.taskgroup import TaskGroup


class TaskGroupFactory:
    """A decorated function: call it in a DAG to make the group."""

    def __init__(self, function: Callable[..., Any], kwargs: dict[str, Any]) -> None:
        self.function = function
        self.kwargs = {"group_id": function.__name__, **kwargs}
        self.kwargs.setdefault("add_suffix_on_collision", True)
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        options = dict(self.kwargs)
        if not options.get("tooltip") and self.function.__doc__:
            options["tooltip"] = inspect.cleandoc(self.function.__doc__).split("\n\n")[0]
        with TaskGroup(**options) as group:
            value = self.function(*args, **kwargs)
        # What the function returned stands for the group, if it can have dependencies.
        return value if isinstance(value, DependencyMixin) else _or_group(value, group)

    def override(self, **kwargs: Any) -> TaskGroupFactory:
        """Return the decorated function with other arguments for the group."""
        return TaskGroupFactory(self.function, {**self.kwargs, **kwargs})

    def partial(self, **kwargs: Any) -> TaskGroupFactory:
        raise NotSupportedYet("mapping of task groups (partial)")

    def expand(self, **kwargs: Any) -> Any:
        raise NotSupportedYet("mapping of task groups (expand)")

    def expand_kwargs(self, kwargs: Any) -> Any:
        raise NotSupportedYet("mapping of task groups (expand_kwargs)")


def _or_group(value: Any, group: TaskGroup) -> Any:
    return group if value is None else value


def task_group(python_callable: Callable[..., Any] | None = None, /, **kwargs: Any) -> Any:
    """Decorate a function so that calling it makes a task group of what it defines."""
    if python_callable is not None:
        if not callable(python_callable):
            raise TypeError("@task_group takes keyword arguments only")
        return TaskGroupFactory(python_callable, kwargs)
    return lambda function: TaskGroupFactory(function, kwargs)
