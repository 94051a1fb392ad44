"""The store's door: connections, transactions, retries and wake-ups.

Owns how a transaction runs, never what is in it: that is in the functions that get the
connection. Connections are in autocommit mode and ``write`` opens its transactions itself, which
saves the round trips that a driver's implicit transactions cost on every read.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, NoReturn, ParamSpec, Self, TypeVar, overload

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from slipstream.config import conf
from slipstream.errors import ConfigError, StoreUnavailable
from slipstream.store import dialect
from slipstream.store.dialect import Dialect, Trouble
from slipstream.store.later import Later
from slipstream.store.spare import Spare
from slipstream.store.url import masked, resolve
from slipstream.store.wake import Listener, Topics, bus

P = ParamSpec("P")
T = TypeVar("T")

MAX_BUSY_RETRIES = 12
"""A deadlock is retried so often, after 2 ms to 250 ms, before the caller gets the error."""
BUSY_PATIENCE_S = 20.0
"""No retry starts later than this after the first try: lock timeouts are seconds each."""


class Store:
    """A metadata database. Share one per process; threads may use it at once, forks may not."""

    def __init__(self, url: URL, engine: Engine, dialect_: Dialect) -> None:
        self._url = url
        self._engine = engine
        self._connections = Spare(engine, is_file=dialect_.name == "sqlite")
        self._dialect = dialect_
        self._writer = dialect_.writer(url)
        self._bus = bus(self)
        self._max_lost = max(1, conf.getint("database", "max_db_retries", fallback=3))

    @classmethod
    def open(cls, url: str | None = None) -> Self:
        """Open a store; connects on first use. ``url`` defaults to the configuration's.

        Raises ConfigError for a URL that cannot work.
        """
        parsed = resolve(url or conf.get("database", "sql_alchemy_conn"))
        dialect_ = dialect.named(parsed.get_backend_name())
        engine = _create_engine(parsed, dialect_)
        event.listen(engine, "connect", lambda connection, _: dialect_.on_connect(connection))
        dialect_.on_engine(engine)
        return cls(parsed, engine, dialect_)

    @property
    def dialect(self) -> str:
        """``sqlite``, ``postgresql`` or ``mysql``."""
        return self._dialect.name

    @property
    def url(self) -> str:
        """The URL without its secrets, for people."""
        return masked(self._url)

    @property
    def raw_url(self) -> URL:
        """The URL with its password: for ``db shell`` and connections outside of the pool."""
        return self._url

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for migrations."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection for queries; each sees what was committed before it.

        Raises StoreUnavailable when the database is away or unusable.
        """
        try:
            with self._connections.take() as conn:
                yield conn
        except (SQLAlchemyError, sqlite3.Error) as error:
            self._connections.let_go()
            trouble = self._classify(error)
            if trouble is None or trouble[0] is Trouble.BUSY:
                raise
            self._raise_unavailable(*trouble, error)

    @overload
    def write(
        self, fn: Callable[Concatenate[Connection, P], Later[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    @overload
    def write(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T: ...

    def write(
        self, fn: Callable[Concatenate[Connection, P], Any], *args: P.args, **kwargs: P.kwargs
    ) -> Any:
        """Call ``fn(conn, *args)`` within one transaction, commit, and return its result.

        Retried after deadlocks, serialization failures, busy databases and lost connections, so
        ``fn`` must be callable again. A connection lost during the commit leaves open whether it
        happened: ``fn`` must find its own first result and accept it. Raises StoreUnavailable.
        """
        n_busy = n_lost = 0
        deadline = time.monotonic() + BUSY_PATIENCE_S
        while True:
            try:
                with self._writer:
                    return self._transact(fn, *args, **kwargs)
            except Exception as error:  # a driver's own is not SQLAlchemy's; others go on
                self._connections.let_go()
                trouble = self._classify(error)
                if trouble is None:
                    raise
                kind, reason = trouble
                may_wait = n_busy < MAX_BUSY_RETRIES and time.monotonic() < deadline
                if kind is Trouble.BUSY and may_wait:
                    pause_s = min(0.25, 0.002 * 2**n_busy) * random.uniform(0.5, 1.0)
                    n_busy += 1
                elif kind is Trouble.LOST and n_lost < self._max_lost:
                    pause_s = 0.0 if n_lost == 0 else 0.1 * 2**n_lost
                    n_lost += 1
                else:
                    self._raise_unavailable(kind, reason, error)
            time.sleep(pause_s)

    def _transact(
        self, fn: Callable[Concatenate[Connection, P], Any], *args: P.args, **kwargs: P.kwargs
    ) -> Any:
        conn = self._connections.take()
        try:
            self._dialect.begin(conn)
            result = fn(conn, *args, **kwargs)
            self._dialect.commit(conn)
            if isinstance(result, Later):
                result = result.read()
        except BaseException:
            if not conn.invalidated:
                try:
                    self._dialect.rollback(conn)
                except Exception:
                    # Whatever state it is in, nobody may get this connection again; the error
                    # that brought us here tells more than this one.
                    conn.invalidate()
            conn.close()
            raise
        self._connections.keep(conn)
        return result

    def _classify(self, error: Exception) -> tuple[Trouble, str] | None:
        original: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
        if original is None:
            return None
        trouble = self._dialect.classify(original)
        if trouble is None and isinstance(error, DBAPIError) and error.connection_invalidated:
            return Trouble.LOST, str(original)
        return trouble

    def _raise_unavailable(self, kind: Trouble, reason: str, error: Exception) -> NoReturn:
        password = self._url.password
        if password:
            reason = reason.replace(str(password), "***")
        if kind is Trouble.UNMIGRATED:
            message = (
                f"The database {self.url} lacks a table or column that this version needs "
                f"({reason}): run `slipstream db migrate`."
            )
        elif kind is Trouble.BUSY:
            message = f"The database {self.url} stayed locked by other transactions: {reason}"
        elif self.dialect == "sqlite" and "unable to open" in reason:
            message = (
                f"The database {self.url} cannot be opened ({reason}): "
                "run `slipstream db migrate` to create it, and check the folder's permissions."
            )
        elif kind is Trouble.UNUSABLE:
            hint = (
                "Make room on its disk."
                if "full" in reason or "space" in reason
                else "Check [database] sql_alchemy_conn and the permissions."
            )
            message = f"The database {self.url} cannot be used: {reason.rstrip('.')}. {hint}"
        else:
            message = f"The database {self.url} is away: {reason}"
        raise StoreUnavailable(message) from error

    def wake(self, target: str, about: Topics = ()) -> None:
        """Tell who listens to ``target`` to look at the store; call it after the commit.

        ``about`` names all that it concerns, if that is known: the others need not look.
        Best effort: a wake-up may get lost, and listeners look by themselves now and then.
        """
        self._bus.wake(target, about)

    def listen(self, target: str) -> Listener:
        """Return a listener to ``wake(target)`` from any process that uses this database."""
        return self._bus.listen(target)

    def close(self) -> None:
        """Close all connections; listeners are closed by their owners."""
        self._bus.close()
        self._connections.let_go()
        self._engine.dispose()
        close = getattr(self._writer, "close", None)
        if close is not None:
            close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def _create_engine(url: URL, dialect_: Dialect) -> Engine:
    connect_args = conf.getimport("database", "sql_alchemy_connect_args", fallback=None) or {}
    if not isinstance(connect_args, dict):
        raise ConfigError("[database] sql_alchemy_connect_args must name a dict.")
    options, ours = _engine_args(), dialect_.engine_options(url)
    options["connect_args"] = (
        ours.pop("connect_args", {}) | options.get("connect_args", {}) | connect_args
    )
    options |= ours
    options |= {
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "poolclass": QueuePool,
        "pool_size": conf.getint("database", "sql_alchemy_pool_size", fallback=5),
        "max_overflow": conf.getint("database", "sql_alchemy_max_overflow", fallback=10),
        "pool_recycle": conf.getint("database", "sql_alchemy_pool_recycle", fallback=1800),
        "pool_reset_on_return": None,
        "pool_use_lifo": True,
    }
    try:
        return create_engine(url, **options)
    except TypeError as error:  # SQLAlchemy names what it does not know
        reason = str(error).partition(", using configuration")[0]
        raise ConfigError(f"[database] sql_alchemy_engine_args: {reason}.") from error


def _engine_args() -> dict[str, Any]:
    """Return what an installation adds of its own (certificates, for instance), as Airflow takes it."""
    given = conf.getjson("database", "sql_alchemy_engine_args", fallback={})
    if not isinstance(given, dict) or not isinstance(given.get("connect_args", {}), dict):
        raise ConfigError(
            "[database] sql_alchemy_engine_args (its value is not shown) must be a JSON object, "
            "and so must the connect_args in it."
        )
    return dict(given)
