"""A task process: from the fork to ``os._exit``.

Takes one assignment from its host, waits for leave to start, runs it (``run``) with its output
in the attempt's log file, and sends the outcome. Whatever goes wrong in it, it sends exactly one
outcome or dies, and its host sees which.
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from slipstream.attempt import Outcome, Workload
from slipstream.clock import shift, utcnow
from slipstream.config import conf
from slipstream.sdk import taskapi
from slipstream.sdk.dag import DAG
from slipstream.sdk.mask import mask_text
from slipstream.state import TaskInstanceState
from slipstream.task import exit_handler, output, process, run
from slipstream.task.client import HostClient
from slipstream.task.fast_signal import set_signal
from slipstream.task.loading import LoadedFile, load_alone
from slipstream.task.protocol import Message, PeerGone, Stream

if TYPE_CHECKING:
    import _socket

ATTEMPT_MARK = "SLIPSTREAM_ATTEMPT"
"""In the environment of what a task starts, so that the host finds it again."""

log = logging.getLogger("task")


def main(sock: _socket.socket, loaded: LoadedFile | None) -> NoReturn:
    """Run one attempt; ``loaded`` is the zygote's DAG file, None in the base zygote's children."""
    os.setsid()
    set_signal(signal.SIGTERM, _leave_quietly)
    _reseed()
    gc.enable()
    os._exit(attend(Stream(sock), loaded, exit_handler.run))


def attend(stream: Stream, loaded: LoadedFile | None, run_exit_handlers: Callable[[], None]) -> int:
    """Do all that the host asks of a task process, and return its exit code.

    What comes before the assignment is done while the process is a spare. A zygote rehearses
    this in itself, so it must not change what ``rehearsal`` does not put back.
    """
    try:
        attempt = _Attempt(stream, stream.receive(), loaded, run_exit_handlers)
        attempt.prepare()
        message = stream.receive()
    except PeerGone:
        return 0  # not needed after all, or the start was refused
    if "clock_shift_s" in message:
        shift(message["clock_shift_s"])
    try:
        attempt.go(datetime.fromisoformat(message["started_at"]))
    except PeerGone:
        return 1
    except BaseException:
        # Not the task's own error, which is an outcome: a callback left, or a defect of ours.
        log.exception("The task process ended early")
        run_exit_handlers()
        output.flush()
        return 1
    output.flush()
    return 0


def _leave_quietly(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)


def _reseed() -> None:
    """Give the process random numbers of its own; Python's ``random`` sees to that itself."""
    numpy_random: Any = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


class _Attempt:
    """One assignment, and how it goes."""

    def __init__(
        self,
        stream: Stream,
        message: Message,
        loaded: LoadedFile | None,
        run_exit_handlers: Callable[[], None],
    ) -> None:
        self._client = HostClient(stream)
        self._workload = Workload.from_json(message["workload"])
        self._path: str = message["path"]
        self._log_path: str = message["log"]
        self._load_error: str | None = message.get("load_error")
        self._loaded = loaded
        self._run_exit_handlers = run_exit_handlers
        self._told_fields: dict[str, Any] | None = None

    def prepare(self) -> None:
        """Do what needs no leave: nothing here runs user code."""
        os.environ[ATTEMPT_MARK] = self._workload.attempt_id
        process.set_name(self._workload.task_id or f"{self._workload.callback} callback")
        output.tell_of_loss(self._unlogged)
        if self._log_path and (reason := output.redirect_to(self._log_path)):
            self._unlogged(reason)
        output.reinstall()
        if self._loaded is not None and self._loaded.output:
            output.write_lines(self._loaded.output)

    def _unlogged(self, reason: str) -> bool:
        return self._client.try_send({"m": "unlogged", "reason": reason})

    def go(self, started_at: datetime) -> None:
        """Run it, send its outcome, and run the callbacks that follow."""
        taskapi.use(self._client)
        pid = os.getpid()
        task_run, outcome = self._run(started_at)
        if os.getpid() != pid:
            # The task forked, and its copy came back too: only the process itself may report.
            output.flush()
            os._exit(0)
        outcome.ended_at = utcnow()
        outcome.max_rss_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        output.flush()
        self._finish(outcome)
        if task_run is not None:
            task_run.run_callbacks()
        self._run_exit_handlers()
        output.flush()
        self._write_last_line(outcome, task_run.withdrawn if task_run is not None else None)

    def _run(self, started_at: datetime) -> tuple[run.TaskRun | None, Outcome]:
        dag = self._find_dag()
        if isinstance(dag, str):
            output.write_record("error", mask_text(dag))
            return None, self._failed(_last_line(dag))
        try:
            if self._workload.kind == "task":
                task_run = run.TaskRun(self._workload, dag, started_at, self._why_withdrawn)
                return task_run, task_run.run(self._tell_fields)
            if self._workload.kind == "task_callback":
                return None, run.run_task_callback(self._workload, dag, started_at)
            return None, run.run_dag_callback(self._workload, dag, started_at)
        except Exception as exc:
            # The context could not be built, or the like: nothing of the task has run.
            log.exception("The task could not be run")
            return None, self._failed(run.one_line(exc))

    def _why_withdrawn(self) -> str | None:
        why: str | None = self._client.request("why_withdrawn", {})
        return why

    def _tell_fields(self, fields: dict[str, Any]) -> None:
        """Tell the host at once, for it shows them, too, of a task that lives long or is killed.

        Fields without a value, which is all that most Python tasks have, can wait for the outcome.
        """
        if not any(fields.values()):
            return
        try:
            self._client.tell({"m": "rendered", "fields": fields})
        except (TypeError, ValueError):
            log.exception("The rendered fields cannot be sent")
        else:
            self._told_fields = fields

    def _find_dag(self) -> DAG | str:
        """Return the DAG, or why there is none, as text for the log."""
        if self._load_error is not None:
            return self._load_error
        if self._loaded is not None and not self._loaded.error:
            dag: DAG | None = self._loaded.dags.get(self._workload.dag_id)
            if dag is not None and run.has_task(dag, self._workload):
                return dag
            # The file may depend on more than its zygote could see: load it anew.
            self._client.send({"m": "stale", "why": f"{self._missing(dag)} is not in it"})
            self._loaded = None
        if self._loaded is None:
            limit_s = conf.getfloat("core", "dagbag_import_timeout", fallback=30.0)
            self._loaded = load_alone(Path(self._path), limit_s)
        found: DAG | None = self._loaded.dags.get(self._workload.dag_id)
        if found is not None and run.has_task(found, self._workload):
            return found
        if self._loaded.error:
            return self._loaded.error
        return (
            f"The DAG file {self._path} has no {self._missing(found)} any more. "
            "Was it renamed or removed after the run was created, or is this machine's copy of the file "
            "another one?"
        )

    def _missing(self, dag: DAG | None) -> str:
        if dag is None:
            return f"DAG {self._workload.dag_id!r}"
        return f"task {self._workload.task_id!r} in DAG {self._workload.dag_id!r}"

    def _failed(self, error: str) -> Outcome:
        return Outcome(
            attempt_id=self._workload.attempt_id, state=TaskInstanceState.FAILED, error=error
        )

    def _finish(self, outcome: Outcome) -> None:
        if outcome.rendered_fields is self._told_fields:
            outcome.rendered_fields = None
        try:
            self._client.send({"m": "finish", "outcome": outcome.to_json()})
        except (TypeError, ValueError) as exc:
            # The SDK encodes XComs; a value that JSON does not take has come another way.
            log.exception("The task's result cannot be sent")
            failed = self._failed(f"The task's result cannot be saved: {exc}")
            failed.ended_at, failed.max_rss_kb = outcome.ended_at, outcome.max_rss_kb
            self._client.send({"m": "finish", "outcome": failed.to_json()})

    def _write_last_line(self, outcome: Outcome, withdrawn: str | None) -> None:
        what = "Task" if self._workload.kind == "task" else "Callback"
        how = f"ended, for {withdrawn}" if withdrawn else f"finished: {outcome.state}"
        peak = outcome.max_rss_kb or 0
        output.write_record("info", f"{what} {how}, exit code 0, peak memory {peak // 1024} MB")


def _last_line(text: str) -> str:
    """Return the last line of a traceback: what was raised."""
    lines = [line for line in text.splitlines() if line.strip()]
    return mask_text(lines[-1].strip() if lines else text)
