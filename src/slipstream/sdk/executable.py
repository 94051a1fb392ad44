"""What a task process does with an operator: the methods that run there, and their hooks.

``execute`` (the module) calls them in their order; authors override them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from slipstream.attempt import RESUME_TO_FAIL
from slipstream.sdk.exceptions import TaskDeferralError, TaskDeferralTimeout, TaskDeferred
from slipstream.sdk.public_name import public_path
from slipstream.sdk.template import Templater, environment_of

if TYPE_CHECKING:
    import logging

    from slipstream.sdk.context import Context
    from slipstream.sdk.dag import DAG


class Executable(Templater):
    """The part of ``BaseOperator`` that is used at run time."""

    render_template_as_native_obj: bool | None
    _dag: DAG | None
    _pre_execute_hook: Callable[[Context], None] | None
    _post_execute_hook: Callable[[Context, Any], None] | None
    logger_name: str | None

    @property
    def log(self) -> logging.Logger:
        import logging  # only operators that log pay for it

        name = f"airflow.task.operators.{public_path(type(self))}"
        return logging.getLogger(f"{name}.{self.logger_name}" if self.logger_name else name)

    logger = log

    def execute(self, context: Context) -> Any:
        """Do the work; what it returns becomes the XCom ``return_value``."""
        raise NotImplementedError(f"{type(self).__name__} must define execute(self, context)")

    def pre_execute(self, context: Context) -> None:
        """Run before ``execute``; by default the hook given as argument."""
        if self._pre_execute_hook is not None:
            self._pre_execute_hook(context)

    def post_execute(self, context: Context, result: Any = None) -> None:
        """Run after ``execute`` succeeded; by default the hook given as argument."""
        if self._post_execute_hook is not None:
            self._post_execute_hook(context, result)

    def on_kill(self) -> None:
        """Clean up when the task is killed: subprocesses, remote jobs."""

    def dry_run(self) -> None:
        """Log the rendered fields instead of executing."""
        for field in self.template_fields:
            self.log.info("Rendering template for %s", field)
            self.log.info(getattr(self, field))

    def defer(
        self,
        *,
        trigger: Any,
        method_name: str,
        kwargs: dict[str, Any] | None = None,
        timeout: timedelta | float | None = None,
    ) -> None:
        """Give up the process until ``trigger`` fires; then resume in ``method_name``.

        :raises TaskDeferred: always
        """
        raise TaskDeferred(trigger=trigger, method_name=method_name, kwargs=kwargs, timeout=timeout)

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        """Go on after a deferral in ``next_method``.

        :raises TaskDeferralTimeout, TaskDeferralError: the trigger did not fire in time, or failed
        """
        kwargs = dict(next_kwargs or {})
        if next_method == RESUME_TO_FAIL:
            if kwargs.get("is_timeout"):
                raise TaskDeferralTimeout("The trigger did not fire within the timeout")
            raise TaskDeferralError(str(kwargs.get("error") or "The trigger failed"))
        method: Callable[..., Any] = getattr(self, next_method)
        return method(context, **kwargs)

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Render the template fields in place."""
        if not self.template_fields:
            return
        self._do_render_template_fields(
            self, self.template_fields, context, jinja_env or self.get_template_env(), set()
        )

    def get_template_env(self, dag: DAG | None = None) -> Any:
        """Return the Jinja environment of the task's DAG, or a plain one."""
        return environment_of(dag or self._dag, self.render_template_as_native_obj)

    def prepare_for_execution(self) -> Self:
        """Return a copy whose fields can be rendered without changing the DAG's."""
        clone = copy.copy(self)
        object.__setattr__(clone, "_is_ready", False)
        return clone
