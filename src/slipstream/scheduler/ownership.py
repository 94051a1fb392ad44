"""Which DAGs are ours: claims those that are nobody's, gives up those that are others' due.

A DAG comes with all of its active runs and goes with them, at a turn's boundary. What is due to
whom is for ``machine.sharing`` to say; that nothing is owned twice, for ``store.lease``.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Collection, Iterable
from itertools import zip_longest
from typing import TYPE_CHECKING

from slipstream.command.order import SCHEDULER
from slipstream.machine.sharing import dags_due
from slipstream.scheduler import callback, quota, reconcile
from slipstream.scheduler.lease import MEMBERS_CHANGED, heartbeat
from slipstream.scheduler.members import Members, bury
from slipstream.state import DagRunState
from slipstream.store import Connection, dag, inbox, lease
from slipstream.store.row import JobRow, RunRow

if TYPE_CHECKING:
    from datetime import datetime

    from slipstream.scheduler.turn import Turn
    from slipstream.scheduler.world import World

log = logging.getLogger(__name__)

_AT_ONCE = 500
"""DAGs, or runs, that one transaction claims or gives up."""


class Ownership:
    """The DAGs of this scheduler, and who else is there."""

    def __init__(self, members: Members) -> None:
        self.members = members
        self.dags: set[str] = set()
        self.gone: set[str] = set()
        """DAGs of messages that nobody owns and that are not in the database any more."""
        self.look_soon = True
        """Somebody may have come or gone."""
        self.share_soon = True
        """There may be DAGs to claim, or to give up."""
        self.has_too_many = False
        """There are DAGs to give up as soon as they come to rest."""
        self.seen_free: set[str] = set()
        """DAGs of messages that nobody owns."""

    @property
    def is_alone(self) -> bool:
        """Whether no other scheduler is at work."""
        return not self.members.others

    def forget(self) -> None:
        """Drop what can be read again."""
        self.dags = set()
        self.gone = set()
        self.seen_free = set()
        self.look_soon = self.share_soon = True

    def saw_free(self, dag_ids: set[str]) -> None:
        """Take note of messages about DAGs that nobody owns. Once seen, they are not news again."""
        if dag_ids - self.seen_free:
            self.seen_free |= dag_ids
            self.share_soon = True

    def tick(self) -> None:
        """Look who is there; and what was somebody else's to claim, perhaps nobody has."""
        self.seen_free.clear()
        self.look_soon = True


def look(turn: Turn) -> None:
    """See who is alive, and bury the dead."""
    world, own = turn.world, turn.world.ownership
    own.look_soon = False
    before = own.members.others
    dead = own.members.look(turn.conn, world.scheduler_id, turn.now)
    if dead:
        _bury(turn, dead, [])
    elif before - own.members.others:
        world.quotas.freed()
    if before != own.members.others:
        log.info("Schedulers at work beside this one: %d.", len(own.members.others))
    own.share_soon |= before != own.members.others or own.has_too_many


def _bury(turn: Turn, dead: Collection[JobRow], strays: Collection[str]) -> None:
    world, own = turn.world, turn.world.ownership
    turn.close()
    world.write(bury, dead, strays, own.members.others, turn.now)
    world.quotas.freed()
    world.claim_soon = True  # a run that was driven apart may have come free
    own.share_soon = True


def share(turn: Turn) -> bool:
    """Claim or give up as many DAGs as one transaction does; True when some were claimed.

    Call it before anything else in a turn: nothing is given up of which something is yet to be
    written, since another scheduler may own it by then.
    """
    own, me = turn.world.ownership, turn.world.scheduler_id
    own.share_soon = own.has_too_many = False
    if strays := lease.stray_owners(turn.conn):
        _bury(turn, [], strays)
    counted = lease.count_dags(turn.conn)
    n_free = counted.pop(None, 0)
    owned = dict.fromkeys({me, *own.members.others}, 0)
    owned |= {owner: n for owner, n in counted.items() if owner is not None}
    for owner in own.members.leaving:
        owned.pop(owner, None)
    n_due = dags_due(owned, n_free)[me]
    if n_free and owned[me] < n_due:
        return _claim(turn, n_due - owned[me])
    if owned[me] > n_due:
        own.has_too_many = _give_up(turn, owned[me] - n_due) < owned[me] - n_due
    if own.seen_free:
        own.gone = own.seen_free - dag.get_many(turn.conn, own.seen_free).keys()
    return False


def claim_runs(turn: Turn) -> None:
    """Take in the active runs of our DAGs that nobody drives: new ones, and those of the dead."""
    world = turn.world
    were_running = False
    n_claimed = _AT_ONCE
    # All of them at once: what their instances occupy must be known before anything is admitted.
    while n_claimed == _AT_ONCE:
        turn.close()
        rows = world.write(lease.claim_runs, owner=world.scheduler_id, limit=_AT_ONCE)
        n_claimed = len(rows)
        for row in rows:
            were_running |= admit_row(turn, row)
    if were_running:
        reconcile.everything(turn)


def admit_row(turn: Turn, row: RunRow) -> bool:
    """Put an active run of ours into the book; True when it was running before."""
    _keep_alive(turn.world)
    book = turn.world.book
    if row.quarantined is not None or row.id in book.active:
        return False
    if row.state == DagRunState.RUNNING:
        return turn.activate(row) is not None
    book.add_waiting(row)
    return False


def _keep_alive(world: World) -> None:
    """Have a heartbeat while many runs are read: that may take longer than a lease."""
    if world.ownership.members.is_beat_due:
        heartbeat(world.store, world.scheduler_id, world.clock.now())
        world.ownership.members.beat()


def _claim(turn: Turn, n: int) -> bool:
    world, own = turn.world, turn.world.ownership
    free = lease.free_dags(turn.conn)
    # In no order: those that claim at once seldom reach for the same, and each gets a mixture.
    chosen = random.sample(free, min(len(free), n, _AT_ONCE))
    turn.close()
    taken, held = world.write(_claim_in_store, world.scheduler_id, chosen)
    own.share_soon = len(chosen) < min(n, len(free))
    if not taken:
        return False
    own.dags.update(taken)
    own.seen_free.difference_update(taken)
    world.quotas.now_hold(held)
    quota.apply(world)
    world.catalog.refresh(turn.conn, taken)
    claim_runs(turn)
    callback.recover(turn)
    log.info("This scheduler took on %d DAGs and has %d.", len(taken), len(own.dags))
    return True


def _claim_in_store(
    conn: Connection, me: str, dag_ids: Collection[str]
) -> tuple[set[str], dict[str, int]]:
    """Claim DAGs with the slots that they occupy; return them, and our quotas of those pools.

    Those that are ours already come from an earlier call, whose commit's answer was lost.
    """
    had = lease.owned_dags(conn, me).intersection(dag_ids)
    taken = lease.claim_dags(conn, me, dag_ids)
    quota.take_along(conn, me, taken)
    return had.union(taken), quota.held_where(conn, me, had.union(taken))


def leave(turn: Turn) -> None:
    """Give up all DAGs that are at rest to whoever else is there: this scheduler stops."""
    own = turn.world.ownership
    while own.members.others and _give_up(turn, len(own.dags), leaves=True):
        pass


def _give_up(turn: Turn, n: int, *, leaves: bool = False) -> int:
    """Give up ``n`` DAGs, or as many as are at rest: busy ones and idle ones in turn."""
    world, own = turn.world, turn.world.ownership
    at_rest = _at_rest(world) if not turn.batch else []
    busy = [dag_id for dag_id in at_rest if world.book.runs_of_dag(dag_id)]
    idle = [dag_id for dag_id in at_rest if not world.book.runs_of_dag(dag_id)]
    in_turn = [d for pair in zip_longest(busy, idle) for d in pair if d is not None]
    given = in_turn[: min(n, _AT_ONCE)]
    if not given:
        return 0
    turn.close()
    news = {"leaves": world.scheduler_id} if leaves else {}
    world.write(_give_up_in_store, world.scheduler_id, given, own.members.others, news, turn.now)
    forget_dags(turn, given)
    world.store.wake(SCHEDULER)
    log.info("This scheduler gave up %d DAGs and has %d.", len(given), len(own.dags))
    return len(given)


def _give_up_in_store(
    conn: Connection,
    me: str,
    dag_ids: Collection[str],
    others: Collection[str],
    news: dict[str, str],
    now: datetime,
) -> None:
    lease.give_up_dags(conn, me, dag_ids)
    inbox.post_to(conn, others, MEMBERS_CHANGED, now, news)


def forget_dags(turn: Turn, dag_ids: Iterable[str]) -> None:
    """Drop DAGs that are not ours any more from memory, with their runs."""
    world = turn.world
    for dag_id in dag_ids:
        world.ownership.dags.discard(dag_id)
        for pk in world.book.runs_of_dag(dag_id):
            turn.forget(pk)
        world.catalog.drop(dag_id)
        world.asked_next.pop(dag_id, None)


def _at_rest(world: World) -> list[str]:
    """Return those of our DAGs of which nothing is under way here.

    News of attempts on our own hosts, and of callbacks, come to us alone; and slots that instances
    hold would have to go along. All of that passes.
    """
    book = world.book
    under_way = {pk for pk, _ in book.attempts.values()}
    with_callbacks = set(world.callbacks_out.values())
    return [
        dag_id
        for dag_id in sorted(world.ownership.dags - with_callbacks)
        if not any(pk in under_way or world.slots.holds(pk) for pk in book.runs_of_dag(dag_id))
    ]
