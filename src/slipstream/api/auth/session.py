"""Logins: begun with a password, looked up by their token's id, ended by people or by time.

What the store says of a login is kept in memory for ``STALE_S`` seconds: so long after a logout, a
changed role or a deactivated user another process may still let a request pass. The process that
makes the change forgets at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from slipstream.api.auth import password
from slipstream.api.auth.token import InvalidToken, Tokens
from slipstream.api.auth.user import ANONYMOUS, User, all_admins, public_role
from slipstream.attempt import new_id
from slipstream.clock import Clock
from slipstream.config import conf
from slipstream.store import Connection, Store, login, role, user
from slipstream.store.row import UserRow

STALE_S = 2.0
_MAX_KEPT = 10_000
_PUBLIC = "public"


class Begun(NamedTuple):
    """A login that has just begun."""

    user: User
    token: str
    lifetime_s: int


class Sessions:
    """The logins of one store."""

    def __init__(self, store: Store, clock: Clock, tokens: Tokens) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens
        self._all_admins = all_admins()
        self._public_role = public_role()
        self._kept: OrderedDict[str, tuple[datetime, User | None]] = OrderedDict()
        self._lock = threading.Lock()
        self._n_forgotten = 0

    @property
    def has_anonymous(self) -> bool:
        """Say whether somebody without a login may do anything."""
        return self._all_admins or bool(self._public_role)

    # -- who a request is of

    def checked(self, token: str) -> str:
        """Return the login that a token names; raise InvalidToken. Asks no database."""
        claims = self._tokens.check(token, self._clock.now())
        is_anonymous = claims.session_id == ANONYMOUS.name
        if claims.session_id == _PUBLIC or (is_anonymous and not self._all_admins):
            raise InvalidToken("the token was given out when everybody was an admin")
        return claims.session_id

    def known(self, session_id: str) -> tuple[User | None, bool]:
        """Return who a login is of, and whether that is known without a look into the store."""
        if session_id == ANONYMOUS.name and self._all_admins:
            return ANONYMOUS, True
        now = self._clock.now()
        with self._lock:
            found = self._kept.get(session_id)
        if found is None or not abs((now - found[0]).total_seconds()) < STALE_S:
            return None, False
        return found[1], True

    def look_up(self, session_id: str) -> User | None:
        """Return who a login is of, from the store; None if it has ended."""
        now = self._clock.now()
        before = self._n_forgotten
        with self._store.read() as conn:
            found = (
                self._public(conn) if session_id == _PUBLIC else _of_session(conn, session_id, now)
            )
        with self._lock:
            if before == self._n_forgotten:  # else it may have been read before the change
                self._kept[session_id] = (now, found)
                self._kept.move_to_end(session_id)
                while len(self._kept) > _MAX_KEPT:
                    self._kept.popitem(last=False)
        return found

    def anonymous_id(self) -> str | None:
        """Return the login that stands for somebody without one; None if there is none."""
        if self._all_admins:
            return ANONYMOUS.name
        return _PUBLIC if self._public_role else None

    def forget(self) -> None:
        """Look everything up anew: users, roles or logins have changed."""
        with self._lock:
            self._n_forgotten += 1
            self._kept.clear()

    def _public(self, conn: Connection) -> User:
        found = role.get(conn, self._public_role)
        permissions = login.permissions_of(conn, [found.id]) if found else frozenset()
        return User(ANONYMOUS.name, (self._public_role,), permissions)

    # -- beginning and ending

    def authenticate(self, username: str, given: str) -> int | None:
        """Return the user's key if the password is theirs and they are active; count a failure.

        Takes the same time whether the name, the password or both are wrong.
        """
        with self._store.read() as conn:
            row = user.get(conn, username)
        if password.is_right(given, row.password_hash if row else None) and row and row.is_active:
            if row.password_hash and password.is_outdated(row.password_hash):
                new = password.hashed(given)
                self._store.write(_rehash, row, new)
            return row.id
        if row is not None:
            self._store.write(user.count_failure, row.id)
        return None

    def begin(
        self,
        conn: Connection,
        user_id: int,
        *,
        kind: str,
        lifetime_s: int,
        address: str | None,
        agent: str | None,
    ) -> Begun:
        """Begin a login within the transaction that records it."""
        now = self._clock.now()
        id = new_id()
        user.count_login(conn, user_id, now)
        login.add(
            conn,
            id=id,
            user_id=user_id,
            kind=kind,
            now=now,
            expires_at=now + timedelta(seconds=lifetime_s),
            address=address,
            agent=agent,
        )
        found = _of_session(conn, id, now)
        assert found is not None
        token = self._tokens.issue(found.name, id, now, lifetime_s, found.roles)
        return Begun(found, token, lifetime_s)

    def begin_anonymous(self, lifetime_s: int) -> Begun:
        """Return a login of everybody, where everybody is an admin."""
        name = ANONYMOUS.name
        token = self._tokens.issue(name, name, self._clock.now(), lifetime_s, ANONYMOUS.roles)
        return Begun(ANONYMOUS, token, lifetime_s)


def _rehash(conn: Connection, row: UserRow, new: str) -> None:
    user.change(conn, row.id, row.changed_at, password_hash=new)


def lifetime_s(kind: str) -> int:
    """Return how long a login of this kind lasts."""
    if kind == "cli":
        return conf.getint("api_auth", "jwt_cli_expiration_time", fallback=3600)
    return conf.getint("api_auth", "jwt_expiration_time", fallback=86_400)


def _of_session(conn: Connection, session_id: str, now: datetime) -> User | None:
    found = login.holder(conn, session_id)
    if found is None or found.expires_at + timedelta(seconds=60) < now:  # the token says exactly
        return None
    return User(found.username, found.roles, found.permissions, found.user_id, session_id)
