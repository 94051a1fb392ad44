"""``@task.run_if`` and ``@task.skip_if``: conditions on whether a task does its work."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from slipstream.sdk.decorator import TaskDecorator
from slipstream.sdk.exceptions import AirflowSkipException

Condition = Callable[..., Any]
"""Gets the context; returns a truth value, or that and the message for the log."""


def run_if(condition: Condition, skip_message: str | None = None) -> Callable[[Any], Any]:
    """Skip the decorated task unless ``condition(context)`` holds."""
    return _decorate(condition, skip_message, wanted=True, name="run_if")


def skip_if(condition: Condition, skip_message: str | None = None) -> Callable[[Any], Any]:
    """Skip the decorated task if ``condition(context)`` holds."""
    return _decorate(condition, skip_message, wanted=False, name="skip_if")


def _decorate(
    condition: Condition, skip_message: str | None, *, wanted: bool, name: str
) -> Callable[[Any], Any]:
    def wrap(task: Any) -> Any:
        if not isinstance(task, TaskDecorator):
            raise TypeError(
                f"@task.{name} decorates a task: write it above @task, not around a plain function."
            )
        task.kwargs["pre_execute"] = _chain(
            _check(condition, skip_message, wanted=wanted), task.kwargs.get("pre_execute")
        )
        return task

    return wrap


def _check(
    condition: Condition, skip_message: str | None, *, wanted: bool
) -> Callable[[Any], None]:
    takes_context = any(
        p.kind is not p.KEYWORD_ONLY for p in inspect.signature(condition).parameters.values()
    )

    def check(context: Any) -> None:
        answer = condition(context) if takes_context else condition()
        message = skip_message
        if isinstance(answer, tuple):
            answer, told = answer
            message = skip_message or told
        if bool(answer) is not wanted:
            raise AirflowSkipException(message or "skipped by the task's condition")

    return check


def _chain(
    first: Callable[[Any], None], then: Callable[[Any], None] | None
) -> Callable[[Any], None]:
    if then is None:
        return first

    def both(context: Any) -> None:
        first(context)
        then(context)

    return both
