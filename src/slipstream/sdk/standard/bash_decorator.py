"""``@task.bash``: a function that returns a shell command."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from slipstream.sdk.context import context_merge
from slipstream.sdk.decorator import DecoratedOperator, task_decorator_factory
from slipstream.sdk.kwargs import determine_kwargs
from slipstream.sdk.standard.bash import BashOperator
from slipstream.sdk.types import SET_DURING_EXECUTION


class _BashDecoratedOperator(DecoratedOperator, BashOperator):
    """Calls the decorated function and runs the command that it returns."""

    template_fields: Collection[str] = (
        *DecoratedOperator.template_fields,
        *BashOperator.template_fields,
    )
    template_fields_renderers = {
        **DecoratedOperator.template_fields_renderers,
        **BashOperator.template_fields_renderers,
    }
    custom_operator_name = "@task.bash"
    overwrite_rtif_after_execution = True

    def __init__(
        self, *, python_callable: Any, op_args: Any = None, op_kwargs: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            bash_command=SET_DURING_EXECUTION,
            **kwargs,
        )

    def execute(self, context: Any) -> Any:
        context_merge(context, self.op_kwargs)
        kwargs = determine_kwargs(self.python_callable, self.op_args, context)
        command = self.python_callable(*self.op_args, **kwargs)
        if not isinstance(command, str) or not command.strip():
            raise TypeError(
                "A @task.bash function returns the command to run, a string that is not blank: "
                f"it returned {command!r}"
            )
        self.bash_command = self.render_template(command, context)
        return BashOperator.execute(self, context)


def bash_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> Any:
    """Make a task that runs the command that a function returns (``@task.bash``)."""
    return task_decorator_factory(
        python_callable, decorated_operator_class=_BashDecoratedOperator, **kwargs
    )
