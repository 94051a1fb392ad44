"""Wake-ups between processes: "look at the store now", nothing more.

PostgreSQL carries them itself (NOTIFY). Elsewhere they are datagrams to Unix sockets in a folder
below AIRFLOW_HOME, one socket per listener. A wake-up carries no data and may get lost; the slow
polls of the listeners are the safety net. It may say what it is about, so that of several schedulers
those whom that does not concern go on sleeping.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import os
import select
import socket
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from slipstream.config import conf
from slipstream.errors import StoreUnavailable

if TYPE_CHECKING:
    from slipstream.store.engine import Store

log = logging.getLogger(__name__)

_RECONNECT_AFTER_S = 1.0
_serial = itertools.count()


Topics = Collection[str | int]
"""What a wake-up is about: DAGs by their ids, runs by their primary keys; nothing: anything."""
_LONGEST = 4000
"""Characters of topics; PostgreSQL's limit is 8000 bytes. Who has more to name names nothing."""


def _encode(about: Iterable[str | int]) -> str:
    topics = list(about)
    text = json.dumps(topics) if topics else ""
    return text if len(text) <= _LONGEST else ""


def _concerns(concerns: Callable[[Topics], bool] | None, said: str) -> bool:
    """Say whether a wake-up counts; one that cannot be read, as people may send, does."""
    if concerns is None or not said:
        return True
    try:
        topics = json.loads(said)
    except ValueError:
        return True
    is_good = isinstance(topics, list) and all(isinstance(each, str | int) for each in topics)
    return not is_good or concerns(topics)


class Listener(Protocol):
    def fileno(self) -> int:
        """Return a descriptor that is readable when there may have been a wake-up; never changes."""
        ...

    def drain(self, concerns: Callable[[Topics], bool] | None = None) -> bool:
        """Take all pending wake-ups without blocking; True if there were any.

        Those that say what they are about count only if ``concerns`` says so.

        Call it now and then even when nothing is readable: it also mends a lost connection.
        """
        ...

    def close(self) -> None: ...


class Bus(Protocol):
    def wake(self, target: str, about: Topics = ()) -> None: ...
    def listen(self, target: str) -> Listener: ...
    def close(self) -> None: ...


def bus(store: Store) -> Bus:
    """Return the carrier that fits the store's database."""
    if store.dialect == "postgresql":
        return PostgresBus(store)
    # One folder per database: tests and people run several on one home.
    name = hashlib.sha256(store.url.encode()).hexdigest()[:12]
    return DatagramBus(Path(conf.home) / "run" / name)


class DatagramBus:
    """Unix datagram sockets in one folder, named ``<target>.<pid>.<number>``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fd: int | None = None
        self._sender: socket.socket | None = None

    def _dir_fd(self) -> int:
        if self._fd is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return self._fd

    def _address(self, name: str) -> str:
        # A socket's path has 107 characters at most; through the folder's descriptor any fits.
        return f"/proc/self/fd/{self._dir_fd()}/{name}"

    def wake(self, target: str, about: Topics = ()) -> None:
        if self._fd is None and not self._folder.is_dir():
            return  # nobody has ever listened
        try:
            names = os.listdir(self._dir_fd())
        except OSError as error:
            log.debug("no wake-up for %s: %s", target, error)
            return
        for name in names:
            if name.startswith(f"{target}."):
                self._send(name, _encode(about).encode())

    def _send(self, name: str, said: bytes) -> None:
        if self._sender is None:
            self._sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._sender.sendto(said, self._address(name))
        except BlockingIOError:
            return  # its queue is full of wake-ups: one more says nothing new
        except (ConnectionRefusedError, FileNotFoundError):
            self._remove(name)  # its listener died without a goodbye
        except OSError as error:
            log.debug("no wake-up for %s: %s", name, error)

    def _remove_dead(self) -> None:
        """Remove the sockets of listeners that were killed; a connection to one is refused."""
        for name in os.listdir(self._dir_fd()):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as probe:
                try:
                    probe.connect(self._address(name))
                except ConnectionRefusedError:
                    self._remove(name)
                except OSError as error:
                    log.debug("%s is left where it is: %s", name, error)

    def _remove(self, name: str) -> None:
        try:
            os.unlink(name, dir_fd=self._dir_fd())
        except FileNotFoundError:
            return  # another process was faster

    def listen(self, target: str) -> Listener:
        name = f"{target}.{os.getpid()}.{next(_serial)}"
        self._remove(name)  # left by an earlier process with our pid
        self._remove_dead()
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        receiver.bind(self._address(name))
        return DatagramListener(receiver, self._folder / name)

    def close(self) -> None:
        if self._sender is not None:
            self._sender.close()
            self._sender = None
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class DatagramListener:
    def __init__(self, receiver: socket.socket, path: Path) -> None:
        self._receiver = receiver
        self._path = path

    def fileno(self) -> int:
        return self._receiver.fileno()

    def drain(self, concerns: Callable[[Topics], bool] | None = None) -> bool:
        woken = False
        while True:
            try:
                said = self._receiver.recv(_LONGEST)
            except BlockingIOError:
                return woken
            woken = woken or _concerns(concerns, said.decode())

    def close(self) -> None:
        self._receiver.close()
        self._path.unlink(missing_ok=True)


class PostgresBus:
    """NOTIFY on pooled connections, LISTEN on a connection per listener."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def wake(self, target: str, about: Topics = ()) -> None:
        import psycopg  # see below

        from slipstream.store.dialect import pipeline

        try:
            with self._store.read() as conn:
                try:
                    driver: Any = conn.connection.dbapi_connection
                    said = [_channel(target), _encode(about)]
                    pipeline.run(driver, conn.info, [(_NOTIFY, said)])
                except psycopg.Error:
                    conn.invalidate()
                    raise
        except (StoreUnavailable, SQLAlchemyError, psycopg.Error) as error:
            log.debug("no wake-up for %s: %s", target, error)

    def listen(self, target: str) -> Listener:
        return PostgresListener(self._store.engine, _channel(target))

    def close(self) -> None:
        """Nothing of its own to close."""


_NOTIFY = "SELECT pg_notify($1, $2)"


def _channel(target: str) -> str:
    return f"slipstream_{target}"


class PostgresListener:
    """A LISTEN connection that mends itself, behind one descriptor that stays the same.

    The descriptor is an epoll instance that watches the socket of the day.
    """

    def __init__(self, engine: Engine, channel: str) -> None:
        self._engine = engine
        self._channel = channel
        self._epoll = select.epoll()
        self._conn: Any = None
        self._retry_at = 0.0
        self._connect()

    def _connect(self) -> None:
        import psycopg  # an optional dependency: present when this database is in use

        try:
            # Made as all others are, then taken out of the pool for good.
            pooled = self._engine.raw_connection()
            self._conn = pooled.dbapi_connection
            pooled.detach()
            self._conn.execute("SET application_name = 'slipstream listener'")
            self._conn.execute(f'LISTEN "{self._channel}"')
        except (SQLAlchemyError, psycopg.Error) as error:
            reason = " ".join(str(error).split())
            log.warning("no wake-ups on %s until the database answers: %s", self._channel, reason)
            self._disconnect()
            return
        self._epoll.register(self._conn.fileno(), select.EPOLLIN)

    def _disconnect(self) -> None:
        self._retry_at = time.monotonic() + _RECONNECT_AFTER_S
        if self._conn is not None:
            self._conn.close()  # a closed socket leaves the epoll by itself
            self._conn = None

    def fileno(self) -> int:
        return self._epoll.fileno()

    def drain(self, concerns: Callable[[Topics], bool] | None = None) -> bool:
        import psycopg  # see above

        if self._conn is None:
            if time.monotonic() < self._retry_at:
                return False
            self._connect()
            return self._conn is not None  # what was said meanwhile is lost: look at once
        try:
            said = [notify.payload for notify in self._conn.notifies(timeout=0)]
            return any(_concerns(concerns, each) for each in said)
        except psycopg.OperationalError:
            self._disconnect()
            return True

    def close(self) -> None:
        self._disconnect()
        self._epoll.close()
