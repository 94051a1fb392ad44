"""Events of stories in replies, with a sentence for people, and what the sentence is made of.

The pages have these sentences in their languages (``run.event`` and ``run.detail`` in
``ui/src/locale``).
"""

from __future__ import annotations

import re
from typing import Any

from slipstream.store.live.story import EventSeen

EVENTS = {
    "admitted": "It was handed to the executor.",
    "started": "Its process started.",
    "finished": "Its process ended: {to}.",
    "handed_back": "The executor handed it back before it began.",
    "restarted": "It was cleared while it ran, and begins again.",
    "trigger_timed_out": "It waited for too long: {to}.",
    "trigger_fired": "What it waited for came: {to}.",
    "branch_skip": "It was skipped.",
    "cleared": "It was cleared: {to}.",
    "marked": "It was marked as {to}.",
    "deleted": "It was deleted, to begin as if it had never been.",
    "trigger_rule": "Its trigger rule decided: {to}.",
    "no_op": "It was done at once: {to}.",
    "removed": "It was removed.",
    "restored": "It is back: {to}.",
    "expanded": "It was expanded.",
    "revised": "It was removed.",
    "fail_fast": "It was stopped: {to}.",
    "host_lost": "Its worker host was lost: {to}.",
    "run_started": "The run started.",
    "run_ended": "The run ended: {to}.",
    "run_marked": "It was marked as {to}.",
    "run_timed_out": "The run took too long: {to}.",
}
"""The sentence of each kind of event."""

DETAILS = {
    "by": "by {user}",
    "marked_by": "the run was marked {state} by {user}",
    "marked": "the run was marked {state}",
    "upstream_marked": "its upstream was marked",
    "failed_below": "failed tasks below a marked one were cleared",
    "trigger_rule": "trigger rule {trigger_rule}: of {total} upstream, {counts}",
    "skipped_by": "{task} decided to skip it",
    "fail_fast": "{task} failed, and its DAG fails fast",
    "no_process": "it needs no process",
    "mapped": "expanded into {n} instances",
    "mapped_only": "only {n} instances are mapped now",
    "mapped_none": "it maps over nothing: zero instances",
    "mapped_never": "what it maps over never came",
    "mapped_failed": "what it maps over did not succeed",
    "trigger_late": "its trigger did not fire in time",
    "trigger_ended": "the trigger ended the task",
    "task_back": "its task is back in the DAG",
    "task_gone": "its task is not in the DAG",
    "timeout": "the run passed dagrun_timeout",
    "run_failed": "task_failure",
    "run_timed_out": "timed_out",
    "run_deadlocked": "all_tasks_deadlocked",
}
"""What the machine writes as an event's detail, by the code that pages know it by; a detail that is
none of these is somebody else's text."""

_BETTER = {
    "run_failed": "a task failed",
    "run_timed_out": "it passed dagrun_timeout",
    "run_deadlocked": "none of its tasks can go on",
}
"""Sentences for details that are words for programs: callbacks get them, as in Airflow."""
_OF_OTHERS = frozenset({"finished", "host_lost"})
"""Events whose detail is never the machine's: an error's text."""
TEXT = "text"
"""The code of a detail that is somebody else's text."""


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(template)), re.DOTALL)


_PATTERNS = {code: _pattern(template) for code, template in DETAILS.items()}


def present(row: EventSeen) -> dict[str, Any]:
    detail = _detail(row)
    return {
        "id": str(row.id),
        "at": row.at,
        "kind": row.kind,
        "from_state": row.from_state,
        "to_state": row.to_state,
        "try_number": row.try_number,
        "attempt_id": row.attempt_id,
        "task_id": row.task_id,
        "map_index": row.map_index,
        "words": _words(row, detail),
        "detail": detail,
    }


def _to(row: EventSeen) -> str:
    return (row.to_state or "no status").replace("_", " ")


def _detail(row: EventSeen) -> dict[str, Any] | None:
    """Return why it happened, if the event tells: a code, what stands in it, the English text."""
    text = (row.detail or "").strip()
    if text.lower() in ("", _to(row)):
        return None
    if row.kind not in _OF_OTHERS:
        for code, pattern in _PATTERNS.items():
            if (found := pattern.fullmatch(text)) is not None:
                params = found.groupdict()
                return {"code": code, "params": params, "text": _BETTER.get(code, text)}
    return {"code": TEXT, "params": {"text": text}, "text": text}


def _words(row: EventSeen, detail: dict[str, Any] | None) -> str:
    """Say what happened in a sentence, and why if the event tells."""
    said = EVENTS.get(row.kind)
    if said is None:
        kind = row.kind.replace("_", " ")
        said = f"{kind[:1].upper()}{kind[1:]}: {{to}}."
    said = said.format(to=_to(row))
    if detail is None:
        return said
    text = detail["text"]
    return f"{said} {text[:1].upper()}{text[1:]}{'' if text[-1:] in '.!?…' else '.'}"
