"""What other processes changed or asked for: the messages of the scheduler's inbox."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from slipstream.command.order import SCHEDULER, event_of
from slipstream.executors.base import CallbackDone
from slipstream.machine.decision import Decision
from slipstream.machine.event import Deleted, HandedBack, PlanChanged
from slipstream.scheduler import admit, callback, creation, reconcile
from slipstream.scheduler.lease import MEMBERS_CHANGED
from slipstream.scheduler.quota import QUOTA_CHANGED
from slipstream.scheduler.share import Share
from slipstream.state import DagRunState
from slipstream.store import Connection, inbox, job, lease, run, task_instance
from slipstream.store.row import InboxMessage

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn

log = logging.getLogger(__name__)

_LIMIT = 200
_DAGS = 20
"""Changed DAGs that are looked at in one turn."""
_UNFINISHED = (DagRunState.QUEUED, DagRunState.RUNNING)


def take(turn: Turn) -> bool:
    """Apply a share of the messages; True when there may be more.

    They are deleted with the turn's transaction; after a failed one they are applied again.
    """
    letters = inbox.take_for(turn.conn, turn.world.scheduler_id, _LIMIT)
    messages = _ours(turn, letters)
    changed_dags: dict[str, list[int]] = {}
    news = reconcile.News(turn, _attempts_of(messages))
    for message in messages:
        if message.kind == "dag_changed" and message.dag_id is not None:
            if len(changed_dags) < _DAGS or message.dag_id in changed_dags:
                changed_dags.setdefault(message.dag_id, []).append(message.id)
        elif message.kind == "attempts_changed":
            news.apply(message.payload["ids"])
            turn.batch.inbox.append(message.id)
        else:
            _apply(turn, message)
            turn.batch.inbox.append(message.id)
    if changed_dags:
        # Compiling plans takes time: what is not looked at stays for the next turn.
        for dag_id in _dags_changed(turn, list(changed_dags)):
            turn.batch.inbox += changed_dags[dag_id]
    return len(turn.batch.inbox) < len(messages) or len(messages) == _LIMIT


def _ours(turn: Turn, letters: Iterable[inbox.Letter]) -> list[InboxMessage]:
    """Leave out the messages about DAGs that nobody owns yet, and see to it that somebody will."""
    own = turn.world.ownership
    waiting = {x.dag_id for x in letters if x.is_free and x.dag_id is not None} - own.gone
    own.saw_free(waiting)
    return [x.message for x in letters if not x.is_free or x.dag_id not in waiting]


def _apply(turn: Turn, message: InboxMessage) -> None:
    handler = _HANDLERS.get(message.kind)
    if handler is None:
        log.error("inbox message %d of unknown kind %r is dropped", message.id, message.kind)
        return
    try:
        handler(turn, message)
    except Exception as error:
        turn.unless_store(error)
        log.exception("inbox message %d (%s) is dropped", message.id, message.kind)


def _run_created(turn: Turn, message: InboxMessage) -> None:
    turn.world.claim_soon = True


def _change_run(turn: Turn, message: InboxMessage) -> None:
    """Clear, mark or resume: also in a run that is queued, finished or set aside."""
    event = event_of(message.kind, message.payload)
    if event is None or message.dag_run_pk is None:
        return
    book = turn.world.book
    active = book.active.get(message.dag_run_pk)
    if active is None:
        row = run.get_by_pk(turn.conn, message.dag_run_pk)
        if row is None:
            return
        book.take_from_queue(row.id)
        active = turn.activate(row)
        if active is None:
            return
        if row.quarantined is not None:
            # Somebody does something about it: it gets another chance.
            active.row = active.row._replace(quarantined=None)
            turn.batch.add(row.id, Decision(run={"quarantined": None}))
    turn.step(active, event)
    owner = turn.world.scheduler_id
    if active.machine.state in _UNFINISHED and active.row.owner != owner:
        active.row = active.row._replace(owner=owner)
        turn.batch.add(active.pk, Decision(run={"owner": owner}))
    if active.machine.state is not DagRunState.RUNNING:
        # It waits in its lane (again), or is over: no need of its machine.
        turn.batch.evict.append(active.pk)


def _delete_run(turn: Turn, message: InboxMessage) -> None:
    pk = message.dag_run_pk
    if pk is None:
        return
    turn.discard(pk)
    turn.batch.also.append(lambda conn: run.delete(conn, pk))


def _delete_task_instances(turn: Turn, message: InboxMessage) -> None:
    """Delete some of a run's: one that goes on begins them anew, in another they are just gone."""
    event = event_of(message.kind, message.payload)
    pk = message.dag_run_pk
    if not isinstance(event, Deleted) or pk is None:
        return
    gone = list(event.keys)
    active = turn.world.book.active.get(pk)
    if active is not None and turn.step(active, event):
        gone = [key for key in gone if key not in active.machine.tis]
    turn.batch.also.append(lambda conn: task_instance.delete(conn, pk, gone))


def _pool_changed(turn: Turn, message: InboxMessage) -> None:
    turn.world.load_pools(turn.conn)
    if message.recipient is None:
        # Who registers after this reads the pools after this.
        turn.batch.also.append(lambda conn: _tell_others(conn, turn))


def _tell_others(conn: Connection, turn: Turn) -> None:
    running = job.list_running(conn, job.SCHEDULER_JOB_TYPE)
    others = [row.id for row in running if row.id != turn.world.scheduler_id]
    inbox.post_to(conn, others, "pool_changed", turn.now)
    if others:
        turn.batch.wake.add(SCHEDULER)


def _quota_changed(turn: Turn, message: InboxMessage) -> None:
    quotas = turn.world.quotas
    quotas.look.update(name for name in message.payload["pools"] if name in quotas.parts)


def _members_changed(turn: Turn, message: InboxMessage) -> None:
    own = turn.world.ownership
    own.look_soon = own.share_soon = True
    if (leaves := message.payload.get("leaves")) is not None:
        own.members.leaving.add(leaves)


def _attempts_of(messages: Iterable[InboxMessage]) -> list[str]:
    return [
        attempt_id
        for message in messages
        if message.kind == "attempts_changed"
        for attempt_id in message.payload["ids"]
    ]


def _handed_back(turn: Turn, message: InboxMessage) -> None:
    """Queue anew what came to a worker too late to start."""
    reconcile.heard(turn, message.payload["ids"])
    for attempt_id in message.payload["ids"]:
        owner = turn.world.book.owner_of(attempt_id)
        if owner is not None:
            turn.step(owner[0], HandedBack(owner[1], attempt_id))


def _callback_done(turn: Turn, message: InboxMessage) -> None:
    reconcile.heard(turn, message.payload["ended"])
    for request_id, end in message.payload["ended"].items():
        callback.done(turn, CallbackDone(request_id, end["ok"], end["error"]))


def _dags_changed(turn: Turn, dag_ids: list[str]) -> list[str]:
    """Look at changed DAGs while the share of the turn lasts; return those that were."""
    world = turn.world
    share = Share(world.settings.share_s)
    world.catalog.refresh(turn.conn, dag_ids)
    newest = run.latest_automated_of(turn.conn, dag_ids)
    statements: list[creation.Statement] = []
    seen: list[str] = []
    gone: list[str] = []
    for dag_id in dag_ids:
        if seen and share.is_over:
            break
        seen.append(dag_id)
        world.book.touched.update(world.book.lanes_of_dag(dag_id))
        admit.pause_changed(world, dag_id)
        row = world.catalog.dags.get(dag_id)
        if row is None:
            for pk in world.book.runs_of_dag(dag_id):
                turn.discard(pk)
            gone.append(dag_id)
            continue
        try:
            compiled = world.catalog.plan(turn.conn, dag_id)
            statement = creation.plan_next(turn, row, compiled, newest.get(dag_id))
        except Exception as error:
            turn.unless_store(error)
            log.error("DAG %s: its newest version cannot be used: %s", dag_id, error)
            continue
        if statement is not None:
            statements.append(statement)
        for active in world.book.of_dag(dag_id):
            if active.version_id != compiled.version_id:
                active.version_id = compiled.version_id
                turn.step(active, PlanChanged(compiled.plan))
    if gone:
        world.ownership.dags.difference_update(gone)
        turn.batch.also.append(lambda conn: lease.forget_dags(conn, world.scheduler_id, gone))
    _revive_quarantined(turn, seen)
    creation.write_all(turn, statements)
    return seen


def _revive_quarantined(turn: Turn, dag_ids: list[str]) -> None:
    """Give the runs that were set aside another chance: their DAGs have changed."""
    for row in run.list_quarantined(turn.conn, dag_ids):
        fresh = row._replace(quarantined=None, owner=turn.world.scheduler_id)
        turn.batch.add(
            row.id, Decision(run={"quarantined": None, "owner": turn.world.scheduler_id})
        )
        if row.state == DagRunState.RUNNING:
            turn.activate(fresh)
            turn.world.sweep_soon = True
        else:
            turn.world.book.add_waiting(fresh)


_HANDLERS: dict[str, Callable[[Turn, InboxMessage], None]] = {
    "run_created": _run_created,
    "clear": _change_run,
    "mark_ti": _change_run,
    "mark_run": _change_run,
    "trigger_fired": _change_run,
    "delete_run": _delete_run,
    "delete_ti": _delete_task_instances,
    "pool_changed": _pool_changed,
    QUOTA_CHANGED: _quota_changed,
    MEMBERS_CHANGED: _members_changed,
    "attempts_handed_back": _handed_back,
    "callback_done": _callback_done,
}
