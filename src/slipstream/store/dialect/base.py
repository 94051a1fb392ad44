"""What differs between databases, as one interface; each file beside this one implements it.

A dialect holds no state and no rules: it says how to open, begin, lock, upsert, update many rows
and read the driver's errors. Queries that are alike everywhere do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Executable,
    Select,
    Table,
    bindparam,
    select,
)

from slipstream.errors import SlipstreamError
from slipstream.store.dialect.lean import Lean, Parameters, Row

STOPPED_S = 30
"""A process that is silent for so long within a transaction was stopped: its locks are in the way
of those that go on, so the server, where it can, ends the transaction."""


class Trouble(Enum):
    """What a driver's error means for the caller."""

    BUSY = "busy"
    """Deadlock, serialization failure, lock timeout: the same transaction may succeed at once."""
    LOST = "lost"
    """The server is away or the connection broke: try again on a new connection."""
    UNUSABLE = "unusable"
    """Wrong password, no such database, no such file, disk full: people must act."""
    UNMIGRATED = "unmigrated"
    """A table or column is missing."""


class NotHeld(SlipstreamError):
    """A row is not in the state that a transaction requires it to stay in."""


class Dialect(Protocol):
    name: str

    def engine_options(self, url: URL) -> dict[str, Any]:
        """Return keyword arguments for ``create_engine``."""
        ...

    def on_connect(self, dbapi_connection: Any) -> None:
        """Set the session up; called once per new connection."""
        ...

    def on_engine(self, engine: Engine) -> None:
        """Set the engine up; called once per engine."""
        ...

    def begin(self, conn: Connection) -> None:
        """Open a write transaction."""
        ...

    def commit(self, conn: Connection) -> None:
        """Commit it, after whatever ``send`` has left to run."""
        ...

    def rollback(self, conn: Connection) -> None:
        """Undo it, or as much of it as there is: even ``begin`` may have failed."""
        ...

    def send(self, conn: Connection, statement: Lean, rows: Sequence[Parameters]) -> None:
        """Run a statement once for each of ``rows``, in order.

        It may run, and fail, as late as the next statement that returns something or the commit.
        """
        ...

    def writer(self, url: URL) -> AbstractContextManager[None]:
        """Return a reusable, thread-safe context that each write transaction runs within."""
        ...

    def classify(self, error: BaseException) -> tuple[Trouble, str] | None:
        """Return what the error means and its reason in a few words; None: none of our business."""
        ...

    def now(self, conn: Connection) -> datetime | None:
        """Return the database's time; None when it goes by this machine's clock."""
        ...

    def upsert(self, table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Executable:
        """Return an INSERT of all of ``keys + columns`` that updates ``columns`` on conflict."""
        ...

    def insert_missing(self, table: Table, keys: tuple[str, ...]) -> Executable:
        """Return an INSERT that leaves rows that exist as they are."""
        ...

    def insert_new(self, conn: Connection, table: Table, values: Row) -> int | None:
        """Insert one row and return its integer key; None if a unique key of it is taken.

        The transaction goes on either way.
        """
        ...

    def update_many(
        self, conn: Connection, table: Table, keys: tuple[str, ...], rows: Sequence[Row]
    ) -> None:
        """Update many rows by key; all ``rows`` have the same columns, keys included."""
        ...

    def compare_and_set(
        self, conn: Connection, table: Table, expected: str, rows: Sequence[Row]
    ) -> Callable[[], set[str]]:
        """Update rows by ``id`` whose ``state`` is ``expected``; return how to learn which were.

        Ask after the commit if you can: before, it may cost a round trip. Rows that another
        transaction holds are waited for, then compared.
        """
        ...

    def require(self, conn: Connection, table: Table, id: str, expected: str) -> None:
        """Let the transaction fail unless the row's ``state`` is ``expected`` until it ends.

        Raises NotHeld, as late as ``send`` does. Other transactions that require the same are not
        in the way.
        """
        ...

    def max_text_bytes(self, conn: Connection) -> int:
        """Return the size of the largest text, as the driver sends it, that a statement takes."""
        ...

    def sent_bytes(self, text: str) -> int:
        """Return the size of an ASCII text as the driver sends it."""
        ...

    def lock_rows(self, query: Select[Any], *, of: Table, skip_locked: bool = False) -> Select[Any]:
        """Add row locks to a SELECT, where the database has them."""
        ...

    def lock_parents(self, conn: Connection, table: Table, ids: Iterable[int]) -> None:
        """Lock rows by id, in id order, where inserting rows that refer to them will lock them.

        Taking these locks before others keeps to the order of locks.
        """
        ...

    def migration_lock(self, conn: Connection, timeout_s: float) -> AbstractContextManager[None]:
        """Keep other processes from migrating the same database; TimeoutError when they do."""
        ...


@lru_cache(maxsize=16)
def state_of(table: Table, lock: str) -> str:
    """Return the text of a SELECT of a row's state by id that ends in a lock clause."""
    return f"SELECT state FROM {table.name} WHERE id = %s {lock}"


def no_writer(_url: URL) -> AbstractContextManager[None]:
    """A database with row locks needs no lock around its writers."""
    return nullcontext()


def lock_expected(table: Table, expected: str, ids: Sequence[str]) -> Select[Any]:
    """Select the ids whose rows are in the expected state, in id order."""
    return (
        select(table.c.id)
        .where(table.c.id.in_(bindparam("ids", value=list(ids), expanding=True)))
        .where(table.c.state == expected)
        .order_by(table.c.id)
    )
