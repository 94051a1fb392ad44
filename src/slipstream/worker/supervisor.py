"""The life of each execution: a slot, a process, leave to start, an outcome, an end.

    submitted → in a slot → assigned to a process → start committed → go → finish → exit

Every execution that leaves here has exactly one outcome, whatever its process, its zygote or the
store did, or it is handed back untouched. Which zygote serves it is ``pool``'s business, how outcomes
are written is ``batcher``'s, and the sockets of the processes are ``talk``'s.
"""

from __future__ import annotations

import logging
import selectors
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slipstream.attempt import Outcome
from slipstream.clock import Clock, SyncedClock
from slipstream.state import TaskInstanceState
from slipstream.task.protocol import Message
from slipstream.worker import ending
from slipstream.worker.execution import Execution, Exit, Leave, TaskProcess
from slipstream.worker.log_sink import LogSink, NoLogSink
from slipstream.worker.pool import ZygotePool
from slipstream.worker.rendered import LongRendered
from slipstream.worker.report import Reporter
from slipstream.worker.slots import Slots
from slipstream.worker.talk import Talk
from slipstream.worker.task_api import Place, Start
from slipstream.worker.timer import Timers
from slipstream.worker.zygote import ZygoteHandle

log = logging.getLogger(__name__)

MAX_PROCESSES = 3
"""Processes that an execution gets while each dies before the attempt has begun in it."""
_EXIT_REPORT_S = 2.0
"""How long a closed socket may precede the zygote's word on how the process ended."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Times after which the host acts, in seconds."""

    kill_grace_s: float
    """From SIGTERM to SIGKILL."""
    overtime_s: float
    """For callbacks after the outcome."""
    timeout_grace_s: float = 5.0
    """After an execution timeout that the process should have noticed by itself."""


Ask = Callable[[Execution, TaskProcess, Message], None]


class Supervisor:
    """Runs executions in at most ``n_slots`` processes at a time."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        timers: Timers,
        clock: Clock,
        reporter: Reporter,
        limits: Limits,
        n_slots: int,
    ) -> None:
        self._talk = Talk(selector, self._on_message, self._on_closed, self._on_broken)
        self._timers = timers
        self._clock = clock
        self._reporter = reporter
        self._limits = limits
        self._slots = Slots(n_slots)
        self._executions: dict[str, Execution] = {}
        self._unwritten: dict[str, Execution] = {}
        """Tasks that have ended here, and whose outcomes the store does not have yet."""
        self.pool: ZygotePool
        self.ask: Ask
        self.ask_for_load: Callable[[ZygoteHandle, Message], None]
        self._rendered = LongRendered(timers, clock, reporter, self._executions.values)
        self.logs: LogSink = NoLogSink()
        self.accepts_work = True

    # From the executor

    def submit(self, execution: Execution) -> None:
        """Take an execution; one whose attempt id is here already is dropped."""
        if not self.accepts_work:
            self._reporter.handed_back(execution)
            return
        known = self._executions.get(execution.attempt_id)
        if known is not None:
            if known.outcome is not None:
                # Its end was told already: whoever brings it again waits for another word.
                self._reporter.dropped(execution.attempt_id)
            return
        self._executions[execution.attempt_id] = execution
        self._slots.put(execution)

    def grow(self, n_slots: int) -> None:
        """Have so many slots from now on; with fewer than before, those in use are left to end."""
        self._slots.grow(n_slots)

    def fill_slots(self) -> None:
        """Give free slots to those who wait."""
        for execution in self._slots.fill():
            self.pool.run(execution)

    def withdraw(self, attempt_id: str, reason: str) -> None:
        """Cancel an execution whose attempt is not current any more."""
        execution = self._executions.get(attempt_id)
        if execution is not None and not execution.cancelled:
            execution.is_withdrawn = True
            self.cancel(attempt_id, reason)

    def cancel(self, attempt_id: str, reason: str) -> None:
        """End an execution, or hand it back if it is still in the queue."""
        execution = self._executions.get(attempt_id)
        if execution is None or execution.cancelled:
            return
        execution.cancelled = reason
        if self._slots.remove(execution):
            self._hand_back(execution)
        elif execution.process is not None:
            self._terminate(execution, execution.process)

    def end_unwanted(self, attempt_id: str) -> None:
        """End an attempt that the store no longer wants, unless it has ended by itself."""
        execution = self._executions.get(attempt_id)
        if execution is not None and execution.outcome is None:
            self.withdraw(attempt_id, "its task instance was cleared, marked or given up")

    def running(self) -> dict[str, str | None]:
        """Return the attempts whose start is committed and whose outcome is not known, with tokens."""
        return {
            attempt_id: execution.workload.get("token")
            for attempt_id, execution in self._executions.items()
            if execution.is_task and execution.leave is Leave.GRANTED and execution.outcome is None
        }

    def hand_back_queue(self) -> None:
        """Give back all that has not got a slot."""
        for execution in self._slots.empty():
            self._hand_back(execution)

    def give_back(self) -> None:
        """Give back all for which nobody has asked leave to begin."""
        self.hand_back_queue()
        for execution in list(self._executions.values()):
            if execution.leave is Leave.UNASKED and execution.process is None:
                self._hand_back(execution)

    def cancel_all(self, reason: str) -> None:
        """End everything that runs."""
        for attempt_id in list(self._executions):
            self.cancel(attempt_id, reason)

    def kill_all(self) -> None:
        """Kill everything that still runs, at once, and give up what waits for a process."""
        for execution in list(self._executions.values()):
            if execution.process is not None:
                ending.kill_tree(execution.process.pid)
            elif execution.leave is Leave.UNASKED:
                self._hand_back(execution)
            elif execution.outcome is None:
                self._settle(
                    execution, ending.outcome_of_death(execution, Exit(), self._clock.now())
                )
                self._release(execution)

    @property
    def is_idle(self) -> bool:
        return not self._executions

    @property
    def is_at_work(self) -> bool:
        """Whether something has begun and not ended: all else only waits, for a slot or for leave."""
        return any(e.leave is Leave.GRANTED for e in self._executions.values())

    def get(self, attempt_id: str) -> Execution | None:
        return self._executions.get(attempt_id)

    # From the zygotes

    def watch(self, process: TaskProcess) -> None:
        self._talk.begin(process)

    def forget(self, process: TaskProcess) -> None:
        self._talk.end(process)

    def assign(self, execution: Execution, process: TaskProcess) -> None:
        if not process.is_open:  # a spare that died while it waited
            process.zygote.waiting.appendleft(execution)
            return
        is_here = self._executions.get(execution.attempt_id) is execution
        if not is_here or (execution.cancelled and execution.leave is Leave.UNASKED):
            process.zygote.spares.append(process)
            if is_here:
                self._hand_back(execution)
            return
        execution.process, process.execution = process, execution
        execution.n_processes += 1
        self.logs.begin(execution)
        message: Message = {
            "m": "assign",
            "workload": execution.workload,
            "path": execution.path,
            "log": execution.log_path,
        }
        if execution.load_error:
            message["load_error"] = execution.load_error
        self._talk.send(process, message)
        if execution.cancelled:
            self._terminate(execution, process)
        elif execution.leave is Leave.UNASKED:
            self._ask_leave(execution, process)
        elif execution.leave is Leave.GRANTED:
            self._go(execution, process)

    def _hand_back(self, execution: Execution) -> None:
        execution.cancelled = execution.cancelled or "it was given back"
        self._release(execution)
        self._reporter.handed_back(execution)

    def on_exit(self, process: TaskProcess) -> None:
        # What it said before it ended is still in its socket.
        if process.is_open:
            self._talk.read(process)
        self.forget(process)
        execution = process.execution
        if execution is not None and execution.process is process:
            self._end(execution, process, process.exit or Exit())

    def on_load_failed(self, execution: Execution, reason: str) -> None:
        execution.load_error = reason
        self.pool.run(execution)

    def on_load_request(self, zygote: ZygoteHandle, message: Message) -> None:
        self.ask_for_load(zygote, message)

    # Starting

    def _ask_leave(self, execution: Execution, process: TaskProcess) -> None:
        clock = self._clock
        # Asked first: another thread may hear of the time at any moment.
        execution.is_guess = isinstance(clock, SyncedClock) and not clock.has_heard
        if execution.is_guess and isinstance(clock, SyncedClock):
            execution.started_at = clock.guess()
        else:
            execution.started_at = clock.now()
        execution.leave = Leave.ASKED
        workload = execution.workload
        if not execution.is_task:
            start = Start(
                execution.attempt_id,
                process.pid,
                execution.started_at,
                token=workload.get("token"),
                is_guess=execution.is_guess,
            )
            self._reporter.batch.callback_starts.append(start)
            return
        is_first = not workload.get("next_method") and not workload.get("reschedule_count")
        self._reporter.batch.starts.append(
            Start(
                execution.attempt_id,
                process.pid,
                execution.started_at,
                clears=self._own_place(workload) if is_first else None,
                token=workload.get("token"),
                is_guess=execution.is_guess,
            )
        )

    @staticmethod
    def _own_place(workload: dict[str, Any]) -> Place | None:
        """Where an earlier try may have left XComs; a first try has nothing to clear."""
        if workload.get("try_number", 1) < 2:
            return None
        return workload["dag_run_pk"], workload["task_id"], workload.get("map_index", -1)

    def on_leave(self, attempt_id: str, granted: bool, reason: str | None = None) -> None:
        """The store's answer to a start; ``reason`` is why not, if it gave one."""
        execution = self._executions.get(attempt_id)
        if execution is None:
            return
        process = execution.process
        if not granted:
            why = reason or "it is no longer the current attempt"
            log.info("%s is not started: %s", execution.name, why)
            self._release(execution)
            if process is not None:
                process.execution = None
                self.forget(process)
            return
        execution.leave = Leave.GRANTED
        if execution.is_guess and isinstance(self._clock, SyncedClock):
            assert execution.started_at is not None
            execution.started_at = self._clock.put_right(execution.started_at)
            execution.is_guess = False
        if execution.is_task:
            self._reporter.started(execution)
        if process is not None:
            self._go(execution, process)

    def _go(self, execution: Execution, process: TaskProcess) -> None:
        assert execution.started_at is not None
        execution.leave = Leave.GRANTED
        self.logs.started(execution)
        go: Message = {"m": "go", "started_at": execution.started_at.isoformat()}
        if isinstance(self._clock, SyncedClock) and self._clock.offset:
            go["clock_shift_s"] = self._clock.offset.total_seconds()
        self._talk.send(process, go)
        limit_s = execution.workload.get("execution_timeout_s")
        if limit_s:
            self._after(
                execution,
                limit_s + self._limits.timeout_grace_s,
                lambda: self._on_timeout(execution, process, limit_s),
            )

    # Running

    def reply(self, process: TaskProcess, message: Message) -> None:
        """Send a task the answer to its request, if it is still there."""
        self._talk.send(process, message)

    def _on_broken(self, process: TaskProcess) -> None:
        # User code has got at the socket; that is one task's trouble, not the host's.
        log.exception("process %d is killed: it does not keep to the protocol", process.pid)
        self._kill_for(process, "it does not keep to the worker host's protocol")
        self._on_closed(process)

    def _on_message(self, process: TaskProcess, message: Message) -> None:
        execution = process.execution
        if execution is None:
            return
        match message["m"]:
            case "finish":
                outcome = Outcome.from_json(message["outcome"])
                if execution.cancelled and outcome.state is TaskInstanceState.FAILED:
                    outcome.error = f"{ending.why_ended(execution)} ({outcome.error})"
                self._settle(execution, outcome)
            case "request":
                self.ask(execution, process, message)
            case "rendered":
                self._rendered.keep(execution, message["fields"])
            case "unlogged":
                execution.log_lost = message["reason"]
                log.error("%s runs without a whole log: %s", execution.name, execution.log_lost)
            case "stale":
                log.info("%s: its DAG file is loaded anew: %s", execution.name, message["why"])
                if process.zygote.key is not None:
                    self.pool.retire(process.zygote)
            case unknown:
                raise ValueError(f"unknown message {unknown!r} from a task process")

    def _on_closed(self, process: TaskProcess) -> None:
        """The socket ended: the process is ending, and its zygote will say how."""
        self.forget(process)
        execution = process.execution
        if execution is None:
            if process in process.zygote.spares:
                process.zygote.spares.remove(process)
        elif execution.outcome is not None:
            self._slots.free(execution)
        else:
            self._timers.after(_EXIT_REPORT_S, lambda: self._on_no_exit_report(process))

    def _on_no_exit_report(self, process: TaskProcess) -> None:
        """A process closed its socket and lives on: it can no longer say how the task ended."""
        if process.exit is None and process.execution is not None:
            self._kill_for(process, "it closed its connection to the worker host")

    def _kill_for(self, process: TaskProcess, reason: str) -> None:
        execution = process.execution
        if execution is not None:
            execution.cancelled = execution.cancelled or reason
        ending.kill_tree(process.pid)

    # Ending

    def _settle(self, execution: Execution, outcome: Outcome) -> None:
        if execution.outcome is not None:
            return
        execution.outcome = outcome
        outcome.started_at, outcome.log_lost = execution.started_at, execution.log_lost
        outcome.rendered_fields = outcome.rendered_fields or execution.rendered
        outcome.token = execution.workload.get("token")
        if execution.is_task:
            self._unwritten[execution.attempt_id] = execution
            self._reporter.batch.finishes.append(outcome)
        else:
            ok = outcome.state is TaskInstanceState.SUCCESS
            self._reporter.callback_done(execution, ok, outcome.error)
        process = execution.process
        if process is not None and process.exit is None:
            overtime_s = self._limits.overtime_s
            self._after(execution, overtime_s, lambda: self._on_overtime(process))

    def on_written(self, attempt_id: str, unsaved: str | None) -> None:
        """The store has an outcome; ``unsaved`` is why that is not the one which the task reported."""
        execution = self._unwritten.pop(attempt_id, None)
        if execution is None or unsaved is None:
            return
        execution.unsaved = unsaved
        if attempt_id not in self._executions:  # else its process may still write, success even
            self.logs.begin(execution)
            self.logs.started(execution)
            self._close_log(execution)

    def _close_log(self, execution: Execution) -> None:
        if execution.unsaved is not None:
            ending.write_unsaved(execution, execution.unsaved, self._clock.now())
        self.logs.end(execution)

    def _end(self, execution: Execution, process: TaskProcess, how: Exit) -> None:
        """The process of an execution has ended."""
        execution.process = None
        if execution.outcome is None and self._may_move(execution):
            self.pool.run(execution)  # nothing of the task has run: another process takes it
            return
        now = self._clock.now()
        if execution.outcome is None or not how.is_clean:
            ending.write_last_line(execution, how, now)
        if execution.outcome is None:
            again = execution.is_suspect and not execution.cancelled
            decide = ending.outcome_of_suspect if again else ending.outcome_of_death
            self._settle(execution, decide(execution, how, now))
        if not how.is_clean or execution.cancelled:
            # A task that was told to end may have done so itself, and left what it had started.
            ending.end_group(execution, process.pid)
        self._release(execution)

    def _may_move(self, execution: Execution) -> bool:
        begun = execution.leave is Leave.GRANTED
        return not begun and not execution.cancelled and execution.n_processes < MAX_PROCESSES

    def _release(self, execution: Execution) -> None:
        self._slots.free(execution)
        self._forget(execution)

    def _after(self, execution: Execution, delay_s: float, action: Callable[[], None]) -> None:
        execution.timers.append(self._timers.after(delay_s, action))

    def _forget(self, execution: Execution) -> None:
        for timer in execution.timers:
            timer.cancel()
        self._executions.pop(execution.attempt_id, None)
        self._close_log(execution)

    def _on_timeout(self, execution: Execution, process: TaskProcess, limit_s: float) -> None:
        if execution.process is process and execution.outcome is None:
            self._stop(execution, f"execution_timeout of {limit_s:g} s passed")

    def _on_overtime(self, process: TaskProcess) -> None:
        if process.exit is None:
            log.warning("process %d is killed: it took too long to end after its task", process.pid)
            limit_s = self._limits.overtime_s
            self._kill_for(
                process,
                f"its callbacks took over {limit_s:g} s ([core] task_success_overtime)",
            )

    def _stop(self, execution: Execution, reason: str) -> None:
        if not execution.cancelled:
            execution.cancelled = reason
            if execution.process is not None:
                self._terminate(execution, execution.process)

    def _terminate(self, execution: Execution, process: TaskProcess) -> None:
        """Ask the process to stop, and make it after a grace period."""
        if execution.leave is not Leave.GRANTED:
            ending.kill_tree(process.pid)
            return
        ending.write_why(execution, self._clock.now())
        process.signal_group(signal.SIGTERM)
        self._timers.after(self._limits.kill_grace_s, lambda: self._kill(process))

    def _kill(self, process: TaskProcess) -> None:
        if process.exit is None:
            ending.kill_tree(process.pid)
