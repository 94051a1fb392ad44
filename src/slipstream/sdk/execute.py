"""Runs a task in this process, start to end: the part of a task process that is Airflow's.

``run_task(task, context)`` renders, calls the hooks and ``execute``, and says how the task ended
as an ``Ended``. It neither logs how it ended, nor runs callbacks (``callback``), nor decides about
retries: the caller turns ``Ended`` into an ``Outcome``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from slipstream.config import conf
from slipstream.sdk import environment, mask, policy, xcom_codec, yielded
from slipstream.sdk.context import context_to_environment, set_current_context
from slipstream.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTerminated,
    DownstreamTasksSkipped,
    NotSupportedYet,
    TaskAwaitingInput,
    TaskDeferred,
)
from slipstream.sdk.types import ArgNotSet
from slipstream.sdk.xcom_arg import XCOM_RETURN_KEY
from slipstream.state import TaskInstanceState

if TYPE_CHECKING:
    from slipstream.sdk.context import Context
    from slipstream.sdk.operator import BaseOperator
    from slipstream.sdk.runtime import RuntimeTaskInstance

_MAX_FIELD_CHARS = 4096


@dataclass(slots=True)
class Ended:
    """How ``run_task`` ended; field by field what an ``Outcome`` needs."""

    state: TaskInstanceState
    """success, failed, skipped, up_for_reschedule or deferred."""
    exception: BaseException | None = None
    """What the task raised; None for success."""
    retryable: bool = True
    """False: fail now, whatever retries are left."""
    xcoms: list[dict[str, Any]] = field(default_factory=list)
    """``{"key", "value"}`` in the stored form."""
    skip: list[str] | None = None
    """Downstream task ids that the task decided to skip."""
    map_length: int | None = None
    rendered_fields: dict[str, Any] | None = None
    """Template fields after rendering, JSON, masked."""
    rendered_map_index: str | None = None
    reschedule_at: dt.datetime | None = None
    defer: dict[str, Any] | None = None
    outlet_events: list[dict[str, Any]] | None = None


def run_task(
    task: BaseOperator,
    context: Context,
    on_rendered: Callable[[dict[str, Any]], None] | None = None,
) -> Ended:
    """Run the task once. ``on_rendered`` gets its rendered fields before anything else is run.

    ``context`` comes from ``ti.get_template_context()``. The task is copied, so the DAG's own is
    left as it was. Whatever user code raises is in the result; only AirflowTaskTerminated,
    KeyboardInterrupt and the like go through.
    """
    ti: RuntimeTaskInstance = context["ti"]
    task = task.prepare_for_execution()
    ti.task = context["task"] = task
    ended = Ended(TaskInstanceState.SUCCESS)
    try:
        with set_current_context(context):
            policy.mutate_task_instance(ti)
            environment.export(context_to_environment(context))
            value = _render_and_execute(task, context, ended, on_rendered)
            task.post_execute(context, value)
            _push_result(task, ti, value)
    except BaseException as e:
        _classify(e, ended, context)
    _push_links(task, ti)
    if task.overwrite_rtif_after_execution and ended.rendered_fields is not None:
        ended.rendered_fields = rendered_fields(task)
    ended.xcoms = [{"key": k, "value": v} for k, v in ti.pushed.items()]
    ended.rendered_map_index = ti.rendered_map_index
    if ended.state is TaskInstanceState.SUCCESS:
        ended.outlet_events = context["outlet_events"].to_json() or None
    return ended


def _render_and_execute(
    task: BaseOperator,
    context: Context,
    ended: Ended,
    on_rendered: Callable[[dict[str, Any]], None] | None,
) -> Any:
    context["params"]  # checks them, whether the task reads them or not
    task.resolve_template_files()
    task.render_template_fields(context)
    ended.rendered_fields = rendered_fields(task)
    if on_rendered is not None:
        on_rendered(ended.rendered_fields)
    run_callbacks(task.on_execute_callback, context)
    task.pre_execute(context)
    ti: RuntimeTaskInstance = context["ti"]
    if ti.next_method:
        next_kwargs = xcom_codec.decode(ti.next_kwargs or {})
        value = task.resume_execution(ti.next_method, next_kwargs, context)
    else:
        value = yielded.result_of(task.execute, task.execute(context), context)
    _render_map_index(task, context)
    return value


def _render_map_index(task: BaseOperator, context: Context) -> None:
    if task.map_index_template and context["ti"].map_index >= 0:
        context["ti"].rendered_map_index = str(
            task.render_template(task.map_index_template, context)
        )[:250]


def _push_result(task: BaseOperator, ti: RuntimeTaskInstance, value: Any) -> None:
    """Push the return value and, with multiple_outputs, its items.

    :raises TypeError: multiple_outputs of something that is no dict with string keys
    """
    if not task.do_xcom_push or value is None:
        return
    if task.multiple_outputs:
        if not isinstance(value, Mapping):
            raise TypeError(
                f"With multiple_outputs a task returns a dict, not a {type(value).__name__}"
            )
        for key in value:
            if not isinstance(key, str):
                raise TypeError(
                    "With multiple_outputs each key of the dict names an XCom, so it must be a "
                    f"string: {key!r} is a {type(key).__name__}"
                )
        for key, item in value.items():
            ti.keep_xcom(key, item)
    ti.keep_xcom(XCOM_RETURN_KEY, value)


def _push_links(task: BaseOperator, ti: RuntimeTaskInstance) -> None:
    """Leave the links of the operator where the API server finds them; it runs no user code.

    As Airflow 3: however the task ended, and one that fails is logged.
    """
    for link in task.operator_extra_links:
        try:
            ti.keep_xcom(link.xcom_key, link.get_link(operator=task, ti_key=ti))
        except Exception:
            task.log.exception("Failed to make the link %r", link.name)


def _classify(e: BaseException, ended: Ended, context: Context) -> None:
    """Say what an exception makes of the task."""
    ended.state, ended.exception = TaskInstanceState.FAILED, e
    if isinstance(e, DownstreamTasksSkipped):
        ended.state, ended.exception = TaskInstanceState.SUCCESS, None
        ended.skip = [t if isinstance(t, str) else t[0] for t in e.tasks]
    elif isinstance(e, AirflowSkipException):
        ended.state = TaskInstanceState.SKIPPED
    elif isinstance(e, AirflowRescheduleException):
        ended.state, ended.reschedule_at = TaskInstanceState.UP_FOR_RESCHEDULE, e.reschedule_date
    elif isinstance(e, TaskDeferred):
        _deferred(e, ended)
    elif isinstance(e, TaskAwaitingInput):
        ended.exception = NotSupportedYet("waiting for a person's input (HITL)")
        ended.retryable = False
    elif isinstance(e, AirflowFailException | AirflowSensorTimeout | NotSupportedYet):
        ended.retryable = False
    elif isinstance(e, AirflowTaskTerminated | KeyboardInterrupt | GeneratorExit):
        raise e


def _deferred(e: TaskDeferred, ended: Ended) -> None:
    try:
        class_path, kwargs = e.trigger.serialize()
    except Exception as error:
        ended.exception = error
        return
    ended.state, ended.exception = TaskInstanceState.DEFERRED, None
    ended.defer = {
        "trigger": class_path,
        "kwargs": xcom_codec.encode(kwargs, "trigger's arguments"),
        "next_method": e.method_name,
        "next_kwargs": xcom_codec.encode(e.kwargs or {}, "next_kwargs"),
        "timeout_s": e.timeout.total_seconds()
        if isinstance(e.timeout, dt.timedelta)
        else e.timeout,
    }


def rendered_fields(task: BaseOperator) -> dict[str, Any]:
    """Return the template fields for showing: JSON, masked, long ones cut."""
    limit = _max_field_chars()
    found: dict[str, Any] = {}
    for name in task.template_fields:
        value = mask.redact(_shown(getattr(task, name, None)), name)
        if isinstance(value, str) and len(value) > limit:
            value = f"Cut at [core] max_templated_field_length = {limit}: {value[:limit]}…"
        found[name] = value
    return found


@cache
def _max_field_chars() -> int:
    """Return the limit as it was when the process, or its zygote, first asked.

    To look an option up is a small task's longest way: each function on it is copied pages.
    """
    return conf.getint("core", "max_templated_field_length", fallback=_MAX_FIELD_CHARS)


def _shown(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(v) for v in value]
    if isinstance(value, dict | Mapping):  # dict first: asking an abstract class is slow
        return {str(k): _shown(v) for k, v in value.items()}
    if isinstance(value, ArgNotSet):
        return repr(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return f"<callable {value.__module__}.{value.__qualname__}>"
    return str(value)


def run_callbacks(callbacks: Any, context: Context) -> None:
    """Call callbacks one after another; one that fails is logged and does not stop the next."""
    if not callbacks:
        return
    for callback in callbacks if isinstance(callbacks, list | tuple) else [callbacks]:
        try:
            callback(context)
        except Exception:
            context["task"].log.exception("Failed to run the callback %r", callback)
