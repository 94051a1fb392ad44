"""Attempts whose news never reached us: what the database says about them is put into the machines.

Used after a start or a lost database, for attempts under worker hosts of another scheduler, and
as a slow safety net. An attempt is in one of four situations:

* done, not applied: its outcome is applied;
* running on a host that is alive: wait; on a host that is dead: lost, by compare-and-set, so that
  a finish that the host committed in its last moment counts;
* queued, and an executor here has it: wait;
* queued, and nobody has it: handed out again under the same id. Should somebody have it after
  all, the compare-and-set on start lets only one of the two run it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from slipstream.machine.decision import Decision
from slipstream.machine.event import Finished, HandedBack, HostLost, Started, TIKey
from slipstream.scheduler import workload
from slipstream.scheduler.book import ActiveRun
from slipstream.state import TaskInstanceState
from slipstream.store import attempt, remote
from slipstream.store.row import AttemptRow

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn

log = logging.getLogger(__name__)


def everything(turn: Turn) -> None:
    """Bring all open and unapplied attempts of our runs in line with the machines."""
    world = turn.world
    for row in attempt.unapplied(turn.conn, world.scheduler_id):
        _apply_outcome(turn, row)
    world.inherited = set()
    lost: dict[str, str] = {}
    queued: list[tuple[ActiveRun, TIKey, AttemptRow]] = []
    still_open = attempt.open(turn.conn, world.scheduler_id)
    # In this order: a host registers before it starts anything, so each host of these is known.
    world.hosts.refresh(turn.conn, turn.now)
    for row in still_open:
        found = _current(turn, row)
        if found is None:
            continue
        if found[0].machine.tis[found[1]].state is TaskInstanceState.RESTARTING:
            turn.batch.cancel[row.id] = "its task instance was cleared"
        if row.state == "queued":
            queued.append((*found, row))
            continue
        _catch_up_start(turn, *found, row)
        reason = world.hosts.why_dead(row.host_id)
        if reason is not None:
            lost[row.id] = reason
        elif world.hosts.is_foreign(row.host_id, world.own_ids):
            world.inherited.add(row.id)
    if lost:
        lose(turn, lost)
    _hand_out_again(turn, queued)


def apply_done(turn: Turn, attempt_ids: Iterable[str]) -> None:
    """Apply the outcomes of attempts that somebody says are done."""
    for attempt_id in attempt_ids:
        row = attempt.get(turn.conn, attempt_id)
        if row is not None and row.state == "done" and not row.applied:
            _apply_outcome(turn, row)


class News:
    """What the store says of attempts that hosts have told it about, read at once for a turn."""

    def __init__(self, turn: Turn, attempt_ids: Collection[str]) -> None:
        self._turn = turn
        self._rows = attempt.get_many(turn.conn, attempt_ids) if attempt_ids else {}
        if attempt_ids:
            heard(turn, attempt_ids)

    def apply(self, attempt_ids: Iterable[str]) -> None:
        """Put the starts and outcomes of some of them into the machines, in this order."""
        for attempt_id in attempt_ids:
            row = self._rows.get(attempt_id)
            if row is None or row.applied:
                continue
            if row.state == "done":
                del self._rows[attempt_id]  # its start and its finish may be two messages
                _apply_outcome(self._turn, row)
            elif row.state == "running" and (found := _current(self._turn, row)) is not None:
                _catch_up_start(self._turn, *found, row)


def heard(turn: Turn, ids: Iterable[str]) -> None:
    """Tell the executors that these attempts or callbacks need no more care."""
    known = list(ids)
    for executor in turn.world.executors.values():
        executor.heard(known)


def host_died(turn: Turn, reasons: dict[str, str]) -> None:
    """See to the attempts that a dead host had: what it never began costs no try."""
    rows = attempt.get_many(turn.conn, reasons)
    for attempt_id, row in rows.items():
        owner = turn.world.book.owner_of(attempt_id)
        if row.state == "queued" and owner is not None:
            turn.step(owner[0], HandedBack(owner[1], attempt_id))
    begun = {
        id_: why for id_, why in reasons.items() if id_ in rows and rows[id_].state != "queued"
    }
    if begun:
        lose(turn, begun)


def refused(
    turn: Turn, reasons: dict[str, str], *, because: str = "The worker cannot run it"
) -> None:
    """Fail attempts that nobody can begin. One that has begun all the same goes on."""
    turn.close()
    why = {id_: f"{because}: {reason}" for id_, reason in reasons.items()}
    turn.world.write(remote.refuse, why, turn.now)
    apply_done(turn, reasons)


def lose(turn: Turn, reasons: dict[str, str]) -> None:
    """Close attempts whose host is gone, unless they are done already; then apply that."""
    turn.close()
    closed = turn.world.write(attempt.finish_lost, list(reasons), _common(reasons), turn.now)
    for attempt_id, reason in reasons.items():
        owner = turn.world.book.owner_of(attempt_id)
        if owner is None:
            continue
        if attempt_id in closed:
            log.warning("attempt %s of %s is lost: %s", attempt_id, owner[1].task_id, reason)
            turn.step(owner[0], HostLost(owner[1], attempt_id, reason))
        else:
            apply_done(turn, [attempt_id])


def sweep_queued(turn: Turn) -> None:
    """See to attempts that nobody started within ``task_queued_timeout``."""
    world = turn.world
    limit = world.settings.queued_timeout_s
    late = [
        (run_, key)
        for attempt_id in world.book.attempts
        if (owner := world.book.owner_of(attempt_id)) is not None
        for run_, key in [owner]
        if (ti := run_.machine.tis.get(key)) is not None
        and ti.state is TaskInstanceState.QUEUED
        and ti.queued_at is not None
        and (turn.now - ti.queued_at).total_seconds() > limit
    ]
    for run_, key in late:
        attempt_id = run_.machine.tis[key].attempt_id
        assert attempt_id is not None
        turn.batch.cancel[attempt_id] = f"it was queued for over {limit:.0f} s"
        n = world.requeued[run_.pk, key] = world.requeued.get((run_.pk, key), 0) + 1
        if n <= world.settings.queued_retries:
            log.warning("%s was queued for over %.0f s: queued again", key.task_id, limit)
            turn.step(run_, HandedBack(key, attempt_id))
        else:
            world.requeued.pop((run_.pk, key), None)
            why = (
                f"it was queued for over {limit:.0f} s, {n} times, and no worker began it: is there one "
                f"for its queue {run_.machine.tis[key].task.queue!r}, and what does its log say?"
            )
            if world.keys.trouble is not None:
                why += f" {world.keys.trouble.text}"
            elif (trouble := world.obstacles.of(run_.machine.tis[key].task.executor)) is not None:
                why += f" {trouble.text}."
            lose(turn, {attempt_id: why})


def _common(reasons: dict[str, str]) -> str:
    distinct = list(dict.fromkeys(reasons.values()))
    return distinct[0] if len(distinct) == 1 else "the worker host is gone"


def _current(turn: Turn, row: AttemptRow) -> tuple[ActiveRun, TIKey] | None:
    """Return whose current attempt this is; an outdated one is ended and closed."""
    run_ = turn.world.book.active.get(row.dag_run_id)
    if run_ is None:
        return None
    key = TIKey(row.task_id, row.map_index)
    ti = run_.machine.tis.get(key)
    if ti is not None and ti.attempt_id == row.id:
        turn.world.book.attempts[row.id] = (run_.pk, key)
        return run_, key
    if row.state != "done":
        turn.batch.cancel[row.id] = "another attempt has taken its place"
    turn.batch.add(run_.pk, Decision(closed={row.id: row.ti_state}))
    return None


def _apply_outcome(turn: Turn, row: AttemptRow) -> None:
    found = _current(turn, row)
    if found is None or row.outcome is None:
        return
    run_, key = found
    _catch_up_start(turn, run_, key, row)
    turn.step(run_, Finished(key, row.outcome))


def _catch_up_start(turn: Turn, run_: ActiveRun, key: TIKey, row: AttemptRow) -> None:
    """Tell the machine of a start that it has not heard of."""
    if row.started_at is None or run_.machine.tis[key].state is not TaskInstanceState.QUEUED:
        return
    turn.step(run_, Started(key, row.id, row.started_at, row.hostname or "", row.pid))


def _hand_out_again(turn: Turn, queued: Collection[tuple[ActiveRun, TIKey, AttemptRow]]) -> None:
    world = turn.world
    ids = [row.id for _, _, row in queued]
    known: set[str] = set()
    for executor in world.executors.values():
        known |= executor.adopt(ids)
    for run_, key, row in queued:
        dag = world.catalog.dags.get(run_.row.dag_id)
        if row.id not in known and dag is not None:
            world.inherited.add(row.id)  # perhaps another scheduler's host begins it
            turn.batch.workloads.append(workload.of_attempt(run_, dag, key, row.id))
