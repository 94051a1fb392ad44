"""What a batch is in the store: one transaction, whoever brings it.

A host beside the database calls ``write`` through ``direct``, a remote one through the execution
API. The rules are the store's: a start and a finish are compare-and-sets on the attempt id, and
so is the start of a callback on its request's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from slipstream.store import Connection, attempt, callback, inbox, job, remote, xcom
from slipstream.store.attempt import AttemptStart
from slipstream.store.later import Later
from slipstream.worker.task_api import Batch, CallbackEnd, Committed

SCHEDULER = "scheduler"
ATTEMPTS_CHANGED = "attempts_changed"
CALLBACK_DONE = "callback_done"
HANDED_BACK = "attempts_handed_back"


def write(
    conn: Connection,
    host_id: str,
    hostname: str,
    batch: Batch,
    now: datetime,
    *,
    tell: bool,
    runs: Mapping[str, int] | None = None,
) -> Later[Committed]:
    """Write a host's batch; ``tell`` leaves the scheduler word of what changed.

    ``runs`` are the dag runs of the batch's attempts, for a caller that knows them: all of it is
    then one round trip to the database. Wake the scheduler after the commit.
    """
    begun = _write_callbacks(conn, host_id, hostname, batch)
    started: Later[set[str]] = Later(set)
    finished: Later[set[str]] = Later(set)
    if batch.starts:
        started = attempt.start(
            conn,
            [
                AttemptStart(s.attempt_id, host_id, hostname, s.pid, s.started_at)
                for s in batch.starts
            ],
        )
        _clear_xcoms(conn, batch, started)
    if batch.rendered:
        attempt.save_rendered_fields(conn, batch.rendered)
    if batch.finishes:
        finished = attempt.finish(conn, batch.finishes)
    if tell:
        _tell_of_attempts(conn, batch, runs or {}, now)
        _tell_of_callbacks(conn, batch.callbacks, now)
    is_alive, cancel = True, frozenset[str]()
    if batch.heartbeat:
        is_alive = host_id in job.heartbeat(conn, [host_id], now)
        just_ended = {outcome.attempt_id for outcome in batch.finishes}
        cancel = remote.unwanted(conn, host_id, batch.running.keys() - just_ended)
    return Later(
        lambda: Committed(
            frozenset(started.read() | begun),
            frozenset(finished.read()),
            is_alive=is_alive,
            cancel=cancel,
        )
    )


def _write_callbacks(conn: Connection, host_id: str, hostname: str, batch: Batch) -> set[str]:
    """Write which callbacks begin and which have run; return those that may begin."""
    begun: set[str] = set()
    if batch.callback_starts:
        starts = [
            AttemptStart(s.attempt_id, host_id, hostname, s.pid, s.started_at)
            for s in batch.callback_starts
        ]
        begun = callback.start(conn, starts)
    if batch.callbacks:
        callback.finish(conn, [end.id for end in batch.callbacks])
    return begun


def refuse(conn: Connection, reasons: Mapping[str, str], now: datetime) -> set[str]:
    """Fail queued attempts and callbacks that no host can begin; leave the scheduler word of it."""
    refused = remote.refuse(conn, reasons, now)
    by_run: dict[int, list[str]] = defaultdict(list)
    for id, place in remote.places(conn, refused).items():
        by_run[place.dag_run_id].append(id)
    messages = {pk: {"ids": ids} for pk, ids in by_run.items()}
    inbox.post_about_runs(conn, SCHEDULER, ATTEMPTS_CHANGED, messages, now)
    due = callback.waiting(conn, reasons.keys() - refused)
    others = [CallbackEnd(id, False, reasons[id]) for id in sorted(due)]
    return refused | _tell_of_callbacks(conn, others, now)


def _clear_xcoms(conn: Connection, batch: Batch, started: Later[set[str]]) -> None:
    for start in batch.starts:
        if start.clears is not None and start.attempt_id in started.read():
            pk, task_id, map_index = start.clears
            xcom.delete(conn, pk, task_id, map_index=map_index)


def _tell_of_attempts(
    conn: Connection, batch: Batch, runs: Mapping[str, int], now: datetime
) -> None:
    """Leave a message for each run, with its attempts in the batch's order.

    Also of those whose start or finish is refused: the scheduler reads what has become of them
    anyway, and to ask here first would cost a round trip.
    """
    ids = [s.attempt_id for s in batch.starts] + [o.attempt_id for o in batch.finishes]
    unknown = [id for id in ids if id not in runs]
    if unknown:
        found = remote.places(conn, unknown)
        runs = {**runs, **{id: place.dag_run_id for id, place in found.items()}}
    by_run: dict[int, dict[str, None]] = defaultdict(dict)
    for id in ids:
        if id in runs:
            by_run[runs[id]][id] = None
    messages = {pk: {"ids": list(ids)} for pk, ids in by_run.items()}
    inbox.post_about_runs(conn, SCHEDULER, ATTEMPTS_CHANGED, messages, now)


def _tell_of_callbacks(conn: Connection, ends: list[CallbackEnd], now: datetime) -> set[str]:
    """Leave a message for each run; return the ids of those that are still due."""
    if not ends:
        return set()
    runs = remote.runs_of_callbacks(conn, [end.id for end in ends])
    by_run: dict[int, dict[str, dict[str, object]]] = defaultdict(dict)
    for end in ends:
        if end.id in runs:
            by_run[runs[end.id]][end.id] = {"ok": end.ok, "error": end.error}
    messages = {pk: {"ended": ended} for pk, ended in by_run.items()}
    inbox.post_about_runs(conn, SCHEDULER, CALLBACK_DONE, messages, now)
    return set(runs)
