"""Runs an assignment with the SDK: a task, or callbacks that no task process has run.

``TaskRun`` turns what the SDK says of a task into the attempt's outcome, and runs the callbacks
that follow it. It knows neither the host's protocol nor where output goes.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import FrameType
from typing import Any

from slipstream.attempt import Outcome, Workload
from slipstream.clock import utcnow
from slipstream.sdk import execute, taskapi
from slipstream.sdk.context import Context
from slipstream.sdk.dag import DAG
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowSkipException,
    AirflowTaskTerminated,
    AirflowTaskTimeout,
    TaskNotFound,
)
from slipstream.sdk.mask import mask_text
from slipstream.sdk.runtime import RuntimeTaskInstance
from slipstream.state import TaskInstanceState
from slipstream.task.failure import text_of
from slipstream.task.limit import time_limit
from slipstream.task.sigterm import on_sigterm

log = logging.getLogger("task")

_MAX_ERROR_CHARS = 2000


def has_task(dag: DAG | None, workload: Workload) -> bool:
    """Whether the loaded DAG has what the workload is about."""
    return dag is not None and (not workload.task_id or workload.task_id in dag.task_dict)


class TaskRun:
    """One execution of a task in this process."""

    def __init__(
        self,
        workload: Workload,
        dag: DAG,
        started_at: datetime,
        why_withdrawn: Callable[[], str | None] = lambda: None,
    ) -> None:
        """``why_withdrawn`` is asked after SIGTERM: why the attempt is not current any more.

        None means that it still is. Raises TaskNotFound.
        """
        task = dag.get_task(workload.task_id)
        self._workload = workload
        self._ti = RuntimeTaskInstance(workload, task, started_at)
        self._context: Context = self._ti.get_template_context()
        self._ended: execute.Ended | None = None
        self._why_withdrawn = why_withdrawn
        self._is_terminated = False
        self.withdrawn: str | None = None
        """Why nothing comes of it, when it was ended on purpose; known after ``run``."""

    def run(self, on_rendered: Callable[[dict[str, Any]], None] | None = None) -> Outcome:
        """Run the task and return its outcome; whatever it raises is in there.

        ``on_rendered`` gets the rendered fields before the task's own code runs.
        """
        on_sigterm(self._terminate)
        limit_s = self._workload.execution_timeout_s or 0.0
        try:
            if limit_s > 0:
                with time_limit(limit_s, f"Timeout after {limit_s:g} s (execution_timeout)"):
                    ended = execute.run_task(self._ti.task, self._context, on_rendered)
            else:
                ended = execute.run_task(self._ti.task, self._context, on_rendered)
        except (AirflowTaskTerminated, KeyboardInterrupt, GeneratorExit, AirflowTaskTimeout) as exc:
            # A signal may also come while the SDK itself is at work.
            ended = execute.Ended(TaskInstanceState.FAILED, exc)
            ended.xcoms = [{"key": k, "value": v} for k, v in self._ti.pushed.items()]
        if isinstance(ended.exception, AirflowTaskTimeout):
            self._kill()
        self._ended = ended
        if self._is_terminated:
            self.withdrawn = self._why_withdrawn()
        if self.withdrawn is None:
            self._log_end(ended)
        return _outcome(self._workload, ended)

    @property
    def state(self) -> TaskInstanceState | None:
        """What has become of the task instance; known after ``run_callbacks``."""
        return self._ti.state

    @property
    def exception(self) -> BaseException | None:
        """What the task raised; None if it raised nothing, or has not ended."""
        return self._ended.exception if self._ended is not None else None

    def run_callbacks(self) -> None:
        """Run the callbacks that the outcome calls for; what they raise is logged.

        None of a withdrawn attempt, as Airflow 3: its end is nobody's failure.
        """
        ended = self._ended
        if ended is None or self.withdrawn is not None:
            return
        task = self._ti.task
        self._ti.end_date = utcnow()
        self._ti.state = ended.state
        callbacks: Any = None
        match ended.state:
            case TaskInstanceState.SUCCESS:
                callbacks = task.on_success_callback
            case TaskInstanceState.SKIPPED:
                callbacks = task.on_skipped_callback
            case TaskInstanceState.FAILED if self._will_retry(ended):
                self._ti.state = TaskInstanceState.UP_FOR_RETRY
                callbacks = task.on_retry_callback
            case TaskInstanceState.FAILED:
                callbacks = task.on_failure_callback
        if callbacks:
            skipped = ended.state is TaskInstanceState.SKIPPED
            self._context["exception"] = None if skipped else ended.exception
            execute.run_callbacks(callbacks, self._context)

    def _will_retry(self, ended: execute.Ended) -> bool:
        return ended.retryable and self._workload.try_number <= self._workload.max_tries

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        self._is_terminated = True
        log.error("Received %s; the task is being ended", signal.Signals(number).name)
        self._kill()
        raise AirflowTaskTerminated(f"The task received {signal.Signals(number).name}.")

    def _kill(self) -> None:
        try:
            self._ti.task.on_kill()
        except Exception:
            log.exception("on_kill of task %r failed", self._ti.task_id)

    def _log_end(self, ended: execute.Ended) -> None:
        exc = ended.exception
        if ended.state is TaskInstanceState.FAILED:
            log.error("The task failed", exc_info=exc)
        elif isinstance(exc, AirflowSkipException):
            log.info("Skipping task: %s", exc or "AirflowSkipException")
        elif ended.state is TaskInstanceState.UP_FOR_RESCHEDULE:
            log.info("Rescheduling task for %s", ended.reschedule_at)
        elif ended.state is TaskInstanceState.DEFERRED and ended.defer:
            log.info("The task is deferred until %s fires", ended.defer["trigger"])


def _outcome(workload: Workload, ended: execute.Ended) -> Outcome:
    exc = ended.exception
    failed = ended.state is TaskInstanceState.FAILED
    return Outcome(
        attempt_id=workload.attempt_id,
        state=ended.state,
        retryable=ended.retryable,
        error=one_line(exc) if failed and exc is not None else None,
        xcoms=ended.xcoms or None,
        skip=ended.skip,
        map_length=ended.map_length,
        rendered_fields=ended.rendered_fields,
        reschedule_at=ended.reschedule_at,
        defer=ended.defer,
        outlet_events=ended.outlet_events,
    )


def one_line(exc: BaseException) -> str:
    """Return the exception's type and message as one masked line."""
    text = f"{type(exc).__name__}: {text_of(exc)}"
    if isinstance(exc, SystemExit):
        # As Airflow: sys.exit(0) fails the task too, for it ended before its work was done.
        text = f"SystemExit: the task called sys.exit({exc.code!r})"
    text = mask_text(text.replace("\n", " ").strip())
    return text if len(text) <= _MAX_ERROR_CHARS else text[:_MAX_ERROR_CHARS] + "…"


def run_task_callback(workload: Workload, dag: DAG, started_at: datetime) -> Outcome:
    """Run the failure or retry callbacks of a task whose process could not.

    Raises TaskNotFound.
    """
    task = dag.get_task(workload.task_id)
    ti = RuntimeTaskInstance(workload, task, started_at)
    is_retry = workload.callback == "retry"
    ti.state = TaskInstanceState.UP_FOR_RETRY if is_retry else TaskInstanceState.FAILED
    context = ti.get_template_context()
    context["exception"] = AirflowException(workload.callback_reason or "The task process died.")
    execute.run_callbacks(task.on_retry_callback if is_retry else task.on_failure_callback, context)
    return Outcome(attempt_id=workload.attempt_id, state=TaskInstanceState.SUCCESS)


def run_dag_callback(workload: Workload, dag: DAG, started_at: datetime) -> Outcome:
    """Run the success or failure callbacks of a dag run."""
    failed = workload.callback == "failure"
    callbacks = dag.on_failure_callback if failed else dag.on_success_callback
    if callbacks:
        context = _run_context(workload, dag, started_at, failed)
        context["reason"] = workload.callback_reason or ("task_failure" if failed else "success")
        execute.run_callbacks(callbacks, context)
    return Outcome(attempt_id=workload.attempt_id, state=TaskInstanceState.SUCCESS)


def _run_context(workload: Workload, dag: DAG, started_at: datetime, failed: bool) -> Context:
    """Return the context of the task instance that stands for its run: the last that ended so."""
    states = ["failed", "upstream_failed"] if failed else None
    found = taskapi.current().get_task_instances(
        dag_id=workload.dag_id, run_id=workload.run_id, states=states
    )
    known = [ti for ti in found if ti["task_id"] in dag.task_dict]
    if not known:
        known = [{"task_id": task_id} for task_id in sorted(dag.task_dict)[:1]]
    if not known:
        raise TaskNotFound(f"DAG {dag.dag_id!r} has no tasks, so no callback can be run for it")
    last = max(known, key=lambda ti: ti.get("end_date") or "")
    stands_for = replace(
        workload,
        task_id=last["task_id"],
        map_index=last.get("map_index", -1),
        try_number=last.get("try_number", 1),
        max_tries=last.get("max_tries", 0),
    )
    ti = RuntimeTaskInstance(stands_for, dag.get_task(stands_for.task_id), started_at)
    state = last.get("state")
    ti.state = TaskInstanceState(state) if state else None
    # The workload speaks of a run under way; these callbacks are about its end.
    ti.dag_run = ti.dag_run.as_stored()
    return ti.get_template_context()
