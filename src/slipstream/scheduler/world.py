"""All that one scheduler holds in memory, as one value that turns work on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec, TypeVar

from slipstream.clock import Clock
from slipstream.executors.base import Executor
from slipstream.machine.admission import ReadyQueue
from slipstream.machine.event import TIKey
from slipstream.scheduler.book import RunBook
from slipstream.scheduler.catalog import Catalog
from slipstream.scheduler.clock_watch import ClockWatch
from slipstream.scheduler.hosts import Hosts
from slipstream.scheduler.keys import KeyWatch
from slipstream.scheduler.lease import write_fenced
from slipstream.scheduler.members import Members
from slipstream.scheduler.obstacle import Obstacles
from slipstream.scheduler.ownership import Ownership
from slipstream.scheduler.past import PastLinks
from slipstream.scheduler.quota import Quotas, apply
from slipstream.scheduler.settings import Settings
from slipstream.scheduler.sign import TokenSigner
from slipstream.scheduler.slots import Slots
from slipstream.scheduler.timers import Timers
from slipstream.store import Connection, Store, pool
from slipstream.store.row import RunRow

P = ParamSpec("P")
T = TypeVar("T")


class World:
    """A cache of the database, and what is under way. ``forget`` empties it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        executors: Mapping[str, Executor],
        scheduler_id: str,
        *,
        only_run: bool = False,
    ) -> None:
        self._only_run = only_run
        self.store = store
        self.clock = clock
        self.settings = settings
        self.executors = executors
        self.scheduler_id = scheduler_id
        self.catalog = Catalog(ignores_pauses=self._only_run)
        self.book = RunBook()
        self.timers = Timers(clock)
        self.slots = self._new_slots()
        self.ready = ReadyQueue()
        self.past = PastLinks()
        self.ownership = Ownership(Members(clock, settings))
        self.quotas = Quotas(is_shared=not only_run)
        self.clock_watch = ClockWatch(clock)
        self.hosts = Hosts(settings.host_threshold_s, clock, self.clock_watch)
        self.signs = TokenSigner(executors)
        self.keys = KeyWatch(executors)
        self.obstacles = Obstacles(executors)
        self.finished: list[RunRow] = []
        """Runs that ended in this turn."""
        self.unsettled: dict[int, None] = {}
        """Large runs whose last step left something for this turn, in the order of their steps."""
        self.claim_soon = True
        """There may be runs to claim."""
        self.sweep_soon = False
        """There may be attempts whose news have not reached us."""
        self.callbacks_due = False
        """The last transaction may have written callback requests."""
        self.callbacks_out: dict[str, str] = {}
        """Requests that are with an executor, and their DAGs."""
        self.former_ids: set[str] = set()
        """What this scheduler was called before it lost a lease: its hosts know it by these."""
        self.inherited: set[str] = set()
        """Open attempts that another scheduler has handed out."""
        self.asked_next: dict[str, str] = {}
        """DAG with a custom timetable -> the version for which its next run was asked."""
        self.requeued: dict[tuple[int, TIKey], int] = {}
        """How often an instance's attempt was queued again since nobody started it."""

    @property
    def own_ids(self) -> set[str]:
        """All ids by which worker hosts may know this scheduler."""
        return {self.scheduler_id, *self.former_ids}

    def write(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """``Store.write``, in a transaction in which this scheduler's lease holds.

        Raises LeaseLost.
        """
        return write_fenced(self.store, self.scheduler_id, fn, *args, **kwargs)

    @property
    def is_restless(self) -> bool:
        """Whether there is something to do that nobody will wake us for."""
        own = self.ownership
        if not self._only_run and (own.look_soon or own.share_soon):
            return True
        return self.claim_soon or self.sweep_soon or self.callbacks_due

    def has_executor(self, name: str | None) -> bool:
        """Say whether a task's executor is here; for a run alone, the default one takes all."""
        return name is None or name in self.executors or self._only_run

    def _new_slots(self) -> Slots:
        """Return the limits before anything is taken of them.

        As Airflow 3, a run alone does without pools: they are seldom there where one tries a DAG.
        """
        return Slots(self.settings.parallelism, self.executors, ignores_pools=self._only_run)

    def load(self, conn: Connection) -> None:
        """Read what is not about single runs, of the DAGs that are ours."""
        self.catalog.load(conn, None if self._only_run else self.scheduler_id)
        self.load_pools(conn)

    def load_pools(self, conn: Connection) -> None:
        """Read the pools anew."""
        rows = pool.list_all(conn)
        self.slots.set_pools(rows)
        self.quotas.load(conn, rows, self.scheduler_id)
        apply(self)

    def forget(self) -> None:
        """Drop everything that can be read again."""
        self.catalog = Catalog(ignores_pauses=self._only_run)
        self.book = RunBook()
        self.timers.clear()
        self.slots = self._new_slots()
        self.ready = ReadyQueue()
        self.past = PastLinks()
        self.finished = []
        self.unsettled = {}
        self.requeued = {}
        self.inherited = set()
        self.ownership.forget()
        self.quotas = Quotas(is_shared=not self._only_run)
        self.obstacles.forget()
        self.claim_soon = True
