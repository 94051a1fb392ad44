"""What an explanation says: a code and its parameters, and the English sentence of each code.

The pages have each sentence in their languages (``run.reason`` in ``ui/src/locale``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WORDS = {
    # What holds everything back
    "no_scheduler": "No scheduler is alive: start one to go on.",
    "quarantined": "{reason}",
    "signing_key": "{reason}",
    "no_api_server": (
        "No API server is alive that answers workers: they can begin nothing until there is one."
    ),
    "no_api_server_hears": (
        "No API server is alive: nothing is heard of its worker until there is one."
    ),
    "executor": (
        "{executor} can hand out nothing since {since}. {reason}. Attempts wait until that is over."
    ),
    # The run
    "paused_in_queue": "The DAG is paused; its run stays in the queue.",
    "paused": "The DAG is paused: nothing more of this run is started.",
    "max_active_runs": (
        "The run is queued: {active_runs} of at most {limit} runs of the DAG are running "
        "(max_active_runs)."
    ),
    "run_queued": "The run is queued and has not started.",
    "run_ended": "The run has ended: {state}. Clear the task to run it.",
    # What an instance waits for
    "upstream": "Upstream {task} is {state}.",
    "upstream_not_scheduled": "Upstream {task} is not scheduled yet.",
    "upstream_more": "And {n} more upstream instances.",
    "trigger_rule": "Its trigger rule {trigger_rule} is not met.",
    "past": "It depends on the past: its instance in the previous run must succeed first.",
    "past_downstream": (
        "It depends on the past: its instance and what is downstream of it in the previous run "
        "must succeed first."
    ),
    "retry": (
        "It waits for its next try ({next_try} of {tries}), due at {retry_at} (in {wait_s} s)."
    ),
    "reschedule": "It waits for its next look, due at {retry_at} (in {wait_s} s).",
    "ready": "Nothing holds it back; the scheduler's next step schedules it.",
    "ready_since": (
        "It is ready since {scheduled_at} and is admitted in the scheduler's next turn."
    ),
    "pool": "It is ready, but pool {name!r} is full: {used} of {allowed} slots are taken.",
    "pool_too_few": (
        "It is ready, but pool {name!r} has too few free slots: {used} of {allowed} are taken."
    ),
    "pool_part": (
        "It is ready, but its scheduler's part of pool {name!r} is in use ({used} of {allowed} "
        "slots): the others hold the rest, and are asked for some."
    ),
    "small_pool": (
        "It is ready, but it takes {used} slots of pool {name!r}, which has only {allowed} in "
        "all: enlarge the pool, or take fewer."
    ),
    "missing_pool": ("It is ready, but pool {name!r} does not exist: create it, or name another."),
    "limit": "It is ready, but {limit} is reached: {used} of {allowed} are executing.",
    "limit_of": "It is ready, but {limit} of {name} is reached: {used} of {allowed} are executing.",
    "queued": "It is queued since {queued_at} and waits for a worker to start it.",
    "queued_with": (
        "It is queued with {executor} since {queued_at} and waits for a worker to start it."
    ),
    "queue": "Its queue is {queue!r}: a worker that serves it has to be up.",
    "deferred": (
        "It is deferred to {trigger}, which no triggerer runs in this version: it waits until it "
        "is cleared or marked."
    ),
    "deferred_until": (
        "It is deferred to {trigger}, which no triggerer runs in this version: its time is over "
        "at {until}."
    ),
    "awaiting_input": "It waits for somebody's answer.",
    # What it does, and how it ended
    "running": "It runs since {start_date} on {hostname}.",
    "running_somewhere": "It runs since {start_date} on an unknown host.",
    "restarting": (
        "It was cleared while it ran; its process is being ended and it starts again then."
    ),
    "success": "It succeeded at {end_date}.",
    "failed": "It failed at {end_date} in try {try_number} of {tries}.",
    "error": "The reason: {error}",
    "removed": "Its task is no longer in the DAG, or fewer instances are mapped.",
    "skipped_by": "It was skipped: {task} decided against it.",
    "skipped": "It was skipped by its trigger rule {trigger_rule} or by its own choice.",
    "not_run": "It was not run by its trigger rule {trigger_rule} or by its own choice.",
}
"""The sentence of each code."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence of an explanation; its text in English is ``str``."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return WORDS[self.code].format_map(self.params)
