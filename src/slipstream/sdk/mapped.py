"""Dynamic task mapping: ``partial`` and ``expand``, refused with one clear error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from slipstream.sdk.exceptions import NotSupportedYet
from slipstream.sdk.operator import BaseOperator

if TYPE_CHECKING:
    from slipstream.sdk.decorator import TaskDecorator


def _refuse(how: str, task_id: str) -> NoReturn:
    raise NotSupportedYet(f"dynamic task mapping ({how} of task {task_id!r})")


class OperatorPartial:
    """An operator with some arguments fixed; ``expand`` gives the mapped ones."""

    def __init__(self, operator_class: type[BaseOperator], kwargs: dict[str, Any]) -> None:
        self.operator_class = operator_class
        self.kwargs = kwargs

    @classmethod
    def of(
        cls, operator_class: type[BaseOperator], task_id: str, kwargs: dict[str, Any]
    ) -> OperatorPartial:
        """Begin a mapped task."""
        return cls(operator_class, {"task_id": task_id, **kwargs})

    def expand(self, **mapped_kwargs: Any) -> BaseOperator:
        """Make a task per element of the arguments' cross product."""
        _refuse("expand", self.kwargs["task_id"])

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> BaseOperator:
        """Make a task per dict of arguments."""
        _refuse("expand_kwargs", self.kwargs["task_id"])


class DecoratedPartial:
    """A decorated function with some arguments fixed; ``expand`` gives the mapped ones."""

    def __init__(self, decorator: TaskDecorator, kwargs: dict[str, Any]) -> None:
        self.decorator = decorator
        self.kwargs = kwargs

    def partial(self, **kwargs: Any) -> DecoratedPartial:
        """Fix more arguments."""
        return DecoratedPartial(self.decorator, {**self.kwargs, **kwargs})

    def expand(self, **map_kwargs: Any) -> Any:
        """Make a task per element of the arguments' cross product."""
        _refuse("expand", self.decorator.kwargs["task_id"])

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> Any:
        """Make a task per dict of arguments."""
        _refuse("expand_kwargs", self.decorator.kwargs["task_id"])


class MappedOperator(BaseOperator):
    """A task that expands while the run goes on. No task is one: the name is for ``isinstance``."""

    is_mapped = True
