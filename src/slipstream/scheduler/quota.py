"""Our part of each pool's slots: asks for more when tasks wait, gives back what others need more.

Only we write our rows, and only under a lock on the pool do they grow, by what is free. Admission
keeps to what the rows say, so no pool is overfilled whatever the other schedulers do. How much
should be whose is for ``machine.sharing`` to say.

A turn costs nothing here unless somebody waits for slots that are another's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from slipstream.command.order import SCHEDULER
from slipstream.machine.admission import Blocked, GroupKey
from slipstream.machine.sharing import Claim, divide, next_quota
from slipstream.store import Connection, inbox, pool, quota
from slipstream.store.row import PoolRow, QuotaRow

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn
    from slipstream.scheduler.world import World

QUOTA_CHANGED = "quota_changed"
"""The message to another scheduler that somebody wants slots of a pool, or has freed some."""
_HUNGRY_S = 1.0
"""Who has waited for slots goes on asking for so long: tasks come one by one."""
_ASK_S, _ASK_AGAIN_S = 0.25, 1.0


@dataclass(slots=True)
class Part:
    """What we hold of a pool, and what we last saw of the others there."""

    size: int
    held: int = 0
    wanted: int = 0
    least: int = 0
    stuck_since: datetime | None = None
    rivals: tuple[QuotaRow, ...] = ()
    of_nobody: int = 0
    hungry_until: float = 0.0
    asked_at: float = float("-inf")

    @property
    def free(self) -> int:
        """Slots that nobody holds; negative when more are held than the pool has."""
        return self.size - self.held - self.of_nobody - sum(row.slots for row in self.rivals)

    @property
    def n_wanted(self) -> int:
        """How many more slots the others would use."""
        return sum(row.wanted for row in self.rivals)

    @property
    def is_contested(self) -> bool:
        """Whether we may have to do with less than we hold."""
        return self.n_wanted > 0 or self.free < 0

    def due(self, need: Need, me: str, now: datetime) -> int:
        """Return our fair part, given what we need."""
        claims = [
            Claim(row.owner, row.slots + row.wanted, row.least, row.stuck_since)
            for row in self.rivals
        ]
        claims.append(Claim(me, need.demand, need.least, self.stuck_since))
        return divide(max(0, self.size - self.of_nobody), claims, now)[me]


@dataclass(frozen=True, slots=True)
class Need:
    """What we use of a pool, and would."""

    used: int
    demand: int
    """Slots in use, and those that waiting instances would take at once."""
    least: int
    """The slots of the smallest instance that waits; 0: none does."""
    is_hungry: bool = False

    @property
    def is_stuck(self) -> bool:
        """Whether nothing is under way although something waits."""
        return self.used == 0 and self.least > 0


@dataclass(slots=True)
class Quotas:
    """Our parts of the pools that have a limit."""

    is_shared: bool = True
    """False: for a single run, which shares nothing."""
    parts: dict[str, Part] = field(default_factory=dict)
    look: set[str] = field(default_factory=set)
    """Pools of which somebody says that something has changed."""
    blocked: set[str] = field(default_factory=set)
    """Pools for whose slots tasks wait."""
    hungry: set[str] = field(default_factory=set)
    """The same, and those for which tasks waited a moment ago."""
    contested: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    """Pools in whose rows it says that we have nothing under way."""

    def load(self, conn: Connection, rows: Iterable[PoolRow], me: str) -> None:
        """Take the pools' sizes in, and what is whose."""
        if not self.is_shared:
            return
        sizes = {row.name: row.slots for row in rows if row.slots >= 0}
        found = quota.of_pools(conn, sizes) if sizes else {}
        before, self.parts = self.parts, {}
        for name, size in sizes.items():
            part = before.get(name) or Part(size)
            part.size = size
            _take_in(part, me, found[name])
            self.parts[name] = part
        self.look = set(self.parts)
        self.blocked &= self.look
        self.hungry &= self.look
        self.contested = {name for name, part in self.parts.items() if part.is_contested}
        self.stuck = {n for n, part in self.parts.items() if part.stuck_since is not None}

    def freed(self) -> None:
        """A scheduler has gone: what it held may be free."""
        self.look = set(self.parts)

    def now_hold(self, slots: Mapping[str, int]) -> None:
        """Note what we hold of some pools, since DAGs have come with their slots."""
        for name, n in slots.items():
            if name in self.parts:
                self.parts[name].held = n


def _take_in(part: Part, me: str, rows: Iterable[QuotaRow]) -> None:
    part.rivals = tuple(row for row in rows if row.owner != me)
    mine = next((row for row in rows if row.owner == me), QuotaRow("", me, 0, 0, 0))
    _, _, part.held, part.wanted, part.least, part.stuck_since = mine


def restrain(turn: Turn) -> None:
    """Before admission: use no more than our part of pools in which others wait."""
    quotas, limits = turn.world.quotas, turn.world.slots.limits
    for name in quotas.contested:
        part, limit = quotas.parts[name], limits.pools[name]
        allowed = part.held
        if part.n_wanted:
            allowed = min(
                allowed, part.due(_need(turn.world, name), turn.world.scheduler_id, turn.now)
            )
        if part.free < 0:
            allowed = max(0, min(allowed, part.held + part.free))
        if limit.slots != allowed:
            limit.slots = allowed
            turn.world.slots.changed = True


def note_blocked(turn: Turn, blocked: Mapping[GroupKey, Blocked]) -> None:
    """After admission: see whether tasks wait for slots that others may have."""
    world, quotas = turn.world, turn.world.quotas
    if not blocked and not quotas.blocked:
        return
    names = {group.pool for group, why in blocked.items() if why.limit == "pool"}
    names &= quotas.parts.keys()
    for name in quotas.blocked - names:
        quotas.parts[name].hungry_until = world.clock.monotonic() + _HUNGRY_S
    quotas.blocked = set() if world.ownership.is_alone else names
    quotas.hungry |= quotas.blocked


def settle(turn: Turn) -> bool:
    """Ask for slots and give some back, where it is time to; True when ours have changed.

    A transaction of its own, after the turn's: what the turn admitted counts as used in any case.
    """
    world, quotas = turn.world, turn.world.quotas
    candidates = quotas.look | quotas.hungry | quotas.contested | quotas.stuck
    if not candidates or not quotas.is_shared:
        return False
    needs = {name: _need(world, name) for name in candidates}
    due = {name: need for name, need in needs.items() if _is_due(turn, name, need)}
    if not due:
        return False
    turn.close()
    me = world.scheduler_id
    settled = world.write(_settle, me, due, world.ownership.is_alone, turn.now)
    quotas.look -= due.keys()
    has_changed = False
    for name, part in settled.parts.items():
        known = quotas.parts[name]
        has_changed |= known.held != part.held
        part.hungry_until = known.hungry_until
        part.asked_at = world.clock.monotonic()
        quotas.parts[name] = part
        _keep(quotas.contested, name, part.is_contested)
        _keep(quotas.stuck, name, part.stuck_since is not None)
    apply(world)
    # Even where admission was held to that already: what waits for more has to be found anew.
    world.slots.changed |= has_changed
    if settled.told:
        world.store.wake(SCHEDULER)
    return has_changed


def _keep(names: set[str], name: str, is_in: bool) -> None:
    if is_in:
        names.add(name)
    else:
        names.discard(name)


def apply(world: World) -> None:
    """Let admission know of our parts."""
    for name, part in world.quotas.parts.items():
        limit = world.slots.limits.pools.get(name)
        if limit is not None:
            world.slots.changed |= limit.slots != part.held
            limit.slots, limit.size = part.held, part.size


def take_along(conn: Connection, me: str, dag_ids: Collection[str]) -> None:
    """Add to our parts of pools what the instances of DAGs that we claim occupy."""
    use = quota.use_of_dags(conn, dag_ids) if dag_ids else {}
    if not use:
        return
    limited = {row.name for row in pool.lock(conn, use) if row.slots >= 0}
    rows = []
    for name, found in quota.of_pools(conn, limited).items():
        mine = next((row for row in found if row.owner == me), QuotaRow(name, me, 0, 0, 0))
        rows.append(mine._replace(slots=mine.slots + use[name]))
    quota.save(conn, rows)


def held_where(conn: Connection, me: str, dag_ids: Collection[str]) -> dict[str, int]:
    """Return what we hold of each pool in which instances of these DAGs occupy something."""
    use = quota.use_of_dags(conn, dag_ids) if dag_ids else {}
    found = quota.of_pools(conn, use) if use else {}
    return {row.pool: row.slots for rows in found.values() for row in rows if row.owner == me}


def _need(world: World, name: str) -> Need:
    limit = world.slots.limits.pools.get(name)
    used = limit.used if limit is not None else 0
    part = world.quotas.parts[name]
    n, slots, least = world.ready.waiting_for(name, part.size)
    limits = world.slots.limits
    room = limits.parallelism - limits.executing if limits.parallelism > 0 else n
    if n > room:
        slots = max(slots * max(room, 0) // n, least if room > 0 else 0)
    is_hungry = name in world.quotas.blocked or (
        name in world.quotas.hungry and world.clock.monotonic() < part.hungry_until
    )
    return Need(used, used + slots, least, is_hungry)


def _is_due(turn: Turn, name: str, need: Need) -> bool:
    world, quotas = turn.world, turn.world.quotas
    part = quotas.parts[name]
    if name in quotas.look or (part.stuck_since is not None and not need.is_stuck):
        return True
    if name in quotas.hungry and not need.is_hungry:
        quotas.hungry.discard(name)
        if part.wanted:
            return True
    if need.is_hungry:
        # At first at once; then now and then, as what is due to whom changes with time, too.
        since_s = world.clock.monotonic() - part.asked_at
        has_asked = part.wanted > 0 or part.held >= part.size
        if since_s >= (_ASK_AGAIN_S if has_asked else _ASK_S):
            return True
    if name not in quotas.contested:
        return False
    due = part.due(need, world.scheduler_id, turn.now)
    return _next_held(part, need, due, is_alone=world.ownership.is_alone) != part.held


def _next_held(part: Part, need: Need, due: int, *, is_alone: bool) -> int:
    return next_quota(
        part.held,
        need.used,
        need.demand,
        due=due,
        free=part.free,
        wanted=part.n_wanted,
        is_alone=is_alone,
    )


@dataclass(slots=True)
class _Settled:
    parts: dict[str, Part] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)


def _settle(
    conn: Connection, me: str, needs: Mapping[str, Need], is_alone: bool, now: datetime
) -> _Settled:
    """Bring our rows of some pools in line with the needs, and tell whom it concerns."""
    result = _Settled()
    sizes = {row.name: row.slots for row in pool.lock(conn, needs) if row.slots >= 0}
    found = quota.of_pools(conn, sizes)
    # After the quotas: a scheduler that is buried in between is counted twice then, not left out.
    of_nobody = quota.use_of_nobody(conn)
    rows = []
    tell: dict[str, list[str]] = {}
    for name, size in sizes.items():
        part, need = Part(size, of_nobody=of_nobody.get(name, 0)), needs[name]
        _take_in(part, me, found[name])
        before = QuotaRow(name, me, part.held, part.wanted, part.least, part.stuck_since)
        held = _next_held(part, need, part.due(need, me, now), is_alone=is_alone)
        asks = need.is_hungry and not is_alone
        wanted = max(0, min(need.demand, size) - held) if asks else 0
        least = need.least if wanted else 0
        stuck_since = (part.stuck_since or now) if need.is_stuck and not is_alone else None
        after = QuotaRow(name, me, held, wanted, least, stuck_since)
        if after != before:
            rows.append(after)
            for other in _concerned(part.rivals, before, after):
                tell.setdefault(other, []).append(name)
        _, _, part.held, part.wanted, part.least, part.stuck_since = after
        result.parts[name] = part
    quota.save(conn, rows)
    for other, names in tell.items():
        inbox.post_to(conn, [other], QUOTA_CHANGED, now, {"pools": names})
    result.told.update(tell)
    return result


def _concerned(rivals: Iterable[QuotaRow], before: QuotaRow, after: QuotaRow) -> list[str]:
    """Return who waits for slots that we gave, or holds some that we ask for or do not want now."""
    gave = after.slots < before.slots
    asks = (after.wanted, after.least) != (before.wanted, before.least)
    return [row.owner for row in rivals if (gave and row.wanted) or (asks and row.slots)]
