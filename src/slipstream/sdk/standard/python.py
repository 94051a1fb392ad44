"""Operators that call a Python function in the task's process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from slipstream.sdk import yielded
from slipstream.sdk.branch import BaseBranchOperator
from slipstream.sdk.context import context_merge, get_current_context
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.kwargs import KeywordParameters, is_async_callable
from slipstream.sdk.operator import BaseAsyncOperator
from slipstream.sdk.skip import SkipMixin, skippable

if TYPE_CHECKING:
    from slipstream.sdk.context import Context

__all__ = [
    "BranchPythonOperator",
    "PythonOperator",
    "ShortCircuitOperator",
    "get_current_context",
]


class PythonOperator(BaseAsyncOperator):
    """Calls ``python_callable``; what it returns becomes the XCom ``return_value``.

    Parameters named after context keys get those values. A coroutine function is awaited.

    :param op_args: positional arguments, templated
    :param op_kwargs: keyword arguments, templated
    :param templates_dict: templated, and passed as ``templates_dict``
    :param templates_exts: file endings that name template files in these three
    """

    template_fields: Collection[str] = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "templates_dict": "json",
        "op_args": "py",
        "op_kwargs": "py",
    }
    BLUE = "#ffefeb"
    ui_color = BLUE
    shallow_copy_attrs: Sequence[str] = ("python_callable", "op_kwargs")
    op_args: Any
    op_kwargs: Any

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        templates_dict: dict[str, Any] | None = None,
        templates_exts: Sequence[str] | None = None,
        show_return_value_in_logs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise AirflowException(f"python_callable is {python_callable!r}: it must be a function")
        self.python_callable = python_callable
        self.op_args = op_args or ()
        self.op_kwargs = op_kwargs or {}
        self.templates_dict = templates_dict
        if templates_exts:
            self.template_ext = templates_exts
        self.show_return_value_in_logs = show_return_value_in_logs

    @property
    def is_async(self) -> bool:
        return is_async_callable(self.python_callable)

    def execute(self, context: Context) -> Any:
        context_merge(context, self.op_kwargs, templates_dict=self.templates_dict)
        self.op_kwargs = self.determine_kwargs(context)
        returned = self.execute_callable()
        result = yielded.result_of(self.python_callable, returned, context)
        if self.show_return_value_in_logs:
            self.log.info("The function returned %s", result)
        else:
            self.log.info("The function returned; show_return_value_in_logs hides what")
        return result

    async def aexecute(self, context: Context) -> Any:
        context_merge(context, self.op_kwargs, templates_dict=self.templates_dict)
        self.op_kwargs = self.determine_kwargs(context)
        return await self.aexecute_callable()

    def determine_kwargs(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the keyword arguments for the call."""
        return KeywordParameters.determine(self.python_callable, self.op_args, context).unpacking()

    def execute_callable(self) -> Any:
        """Call the function with the arguments that ``execute`` has put together."""
        if self.is_async:
            import asyncio  # 45 ms, and few functions are coroutines

            return asyncio.run(self.aexecute_callable())
        return self.python_callable(*self.op_args, **self.op_kwargs)

    async def aexecute_callable(self) -> Any:
        """Await the function, called with the arguments that have been put together."""
        return await self.python_callable(*self.op_args, **self.op_kwargs)


class BranchPythonOperator(BaseBranchOperator, PythonOperator):
    """Calls a function that returns the id or ids of the tasks (or task groups) to follow."""

    def choose_branch(self, context: Context) -> str | Iterable[str] | None:
        chosen: str | Iterable[str] | None = PythonOperator.execute(self, context)
        return chosen


class ShortCircuitOperator(PythonOperator, SkipMixin):
    """Calls a function; when it returns something falsy, what comes after is skipped.

    :param ignore_downstream_trigger_rules: skip everything downstream (default), or only the
        direct downstream tasks, leaving the others to their trigger rules
    """

    inherits_from_skipmixin = True

    def __init__(self, *, ignore_downstream_trigger_rules: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    def execute(self, context: Context) -> Any:
        condition = PythonOperator.execute(self, context)
        self.log.info("The condition is %s", condition)
        if condition:
            self.log.info("The tasks downstream go on")
            return condition
        task = context["task"]
        if not task.downstream_task_ids:
            self.log.info("Nothing is downstream, so nothing is skipped")
            return condition
        everything = self.ignore_downstream_trigger_rules
        tasks = task.get_flat_relatives(upstream=False) if everything else task.downstream_list
        self.log.info("Skipping %s downstream tasks...", "all" if everything else "direct")
        self.skip(context["ti"], skippable(tasks))
        return condition
