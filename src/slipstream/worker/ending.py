"""How processes end: killing them with all that they started, and saying so.

Stateless; the supervisor decides when.
"""

from __future__ import annotations

import json
import logging
import os
import signal
from datetime import UTC, datetime

from slipstream.attempt import Outcome
from slipstream.state import TaskInstanceState
from slipstream.worker import sweeper
from slipstream.worker.execution import Execution, Exit

log = logging.getLogger(__name__)


def outcome_of_death(execution: Execution, how: Exit, now: datetime) -> Outcome:
    """Return the outcome of an attempt whose process ended without one."""
    return Outcome(
        attempt_id=execution.attempt_id,
        state=TaskInstanceState.FAILED,
        started_at=execution.started_at,
        ended_at=now,
        host_lost=how.code is None and how.signal is None,
        error=_what_happened(execution, how),
        exit_code=how.code,
        signal=how.signal,
        max_rss_kb=how.max_rss_kb,
        callbacks_done=False,
    )


def outcome_of_suspect(execution: Execution, how: Exit, now: datetime) -> Outcome:
    """Return the outcome of an attempt that died with its zygote, maybe by another's doing.

    It begins again in the same try, as after a reschedule: a try is not used up by what others do.
    """
    return Outcome(
        attempt_id=execution.attempt_id,
        state=TaskInstanceState.UP_FOR_RESCHEDULE,
        started_at=execution.started_at,
        ended_at=now,
        reschedule_at=now,
        error=_what_happened(execution, how),
    )


def _what_happened(execution: Execution, how: Exit) -> str:
    if execution.cancelled:
        return why_ended(execution)
    hint = ""
    if how.signal == signal.SIGKILL:
        hint = " The system does that when memory runs out."
    if how.is_clean:
        hint = " It did so before its task was done."
    if execution.is_suspect:
        hint = " Others were at work in it, so this one begins again, by itself, in the same try."
    return f"The {_noun(execution)} process {how}.{hint}"


def _noun(execution: Execution) -> str:
    return "task" if execution.is_task else "callback"


def why_ended(execution: Execution) -> str:
    """Say why the host has ended the attempt's process."""
    return f"The {_noun(execution)} process was ended: {execution.cancelled}."


def write_last_line(execution: Execution, how: Exit, now: datetime) -> None:
    """Add to the attempt's log how its process ended."""
    event, level = _what_happened(execution, how), "error"
    if execution.outcome is not None:
        event = f"{_noun(execution).capitalize()} finished: {execution.outcome.state}. {event}"
        level = "error" if execution.outcome.state is TaskInstanceState.FAILED else "warning"
    facts = {"exit_code": how.code, "signal": how.signal, "max_rss_kb": how.max_rss_kb}
    _write(execution, now, level, event, facts)


def write_unsaved(execution: Execution, why: str, now: datetime) -> None:
    """Say in the attempt's log, which ends with what the task reported, that this does not count."""
    event = f"The {_noun(execution)} failed after all: its result could not be saved: {why}"
    _write(execution, now, "error", event)


def write_why(execution: Execution, now: datetime) -> None:
    """Say in the attempt's log, before the process is told to end, why it must."""
    event = f"The {_noun(execution)} process is being ended: {execution.cancelled}."
    _write(execution, now, "warning", event)


def _write(
    execution: Execution,
    now: datetime,
    level: str,
    event: str,
    facts: dict[str, int | None] | None = None,
) -> None:
    """Add a record to the attempt's log; a log that cannot be written is let be."""
    if not execution.log_path:
        return
    record = {
        "timestamp": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "level": level,
        "event": event,
        "logger": "slipstream.worker",
        **(facts or {}),
    }
    line = json.dumps({k: v for k, v in record.items() if v is not None}) + "\n"
    try:
        os.makedirs(os.path.dirname(execution.log_path), exist_ok=True)
        fd = os.open(
            execution.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644
        )
        try:
            os.write(fd, line.encode())
        finally:
            os.close(fd)
    except OSError as exc:
        log.warning("%s: %s (no log: %s)", execution.name, event, exc)


def kill_tree(pid: int) -> None:
    """Kill a process, its process group and all its descendants."""
    descendants = sweeper.descendants(pid)
    _kill_group(pid)
    for child in descendants:
        _kill(child)
    _kill(pid)


def end_group(execution: Execution, pid: int) -> None:
    """Kill what an attempt that did not end well has left behind."""
    _kill_group(pid)
    sweeper.kill_marked(sweeper.ATTEMPT_MARK, execution.attempt_id)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError) as exc:
        log.debug("pid %d is not killed: %s", pid, exc)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError) as exc:
        log.debug("process group %d is not killed: %s", pid, exc)
