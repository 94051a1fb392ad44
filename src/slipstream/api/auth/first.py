"""What a store needs before anybody can log in: the standard roles, and a first user.

``[core] simple_auth_manager_users``, where it is set, names users that are made with their roles
unless the store has them; where it is not, a store without any user gets ``admin``. Later the store
alone says who is who: what is changed there is never changed back, and whom people delete or rename
there stays away (``login.take_away``).
"""

from __future__ import annotations

from slipstream.api.auth import password
from slipstream.api.auth.login import ensure_logins, taken_away
from slipstream.api.auth.user import Configured, configured_users
from slipstream.api.auth.words import STANDARD
from slipstream.clock import Clock
from slipstream.config import conf
from slipstream.errors import UserError
from slipstream.store import Connection, Store, role, user


def ensure(store: Store, clock: Clock) -> list[tuple[str, str]]:
    """Make what is missing; return the names and roles of users that were made.

    Raises ConfigError for what the options or the file of passwords hold.
    """
    with store.read() as conn:
        lacks_roles = len(role.ids(conn, STANDARD)) < len(STANDARD)
        missing = _missing(conn)
    if lacks_roles:
        store.write(make_standard)
    if not missing:
        return []
    passwords = ensure_logins([each.name for each in missing])
    hashes = {name: password.hashed(text) for name, text in passwords.items()}
    now = clock.now()

    def create(conn: Connection) -> list[tuple[str, str]]:
        made = []
        for each in missing:
            if user.get(conn, each.name) is not None:
                continue  # another process was faster
            ids = role.ids(conn, [each.role])
            user.create(
                conn,
                username=each.name,
                email=_address_of(each.name),
                first_name=each.name,
                password_hash=hashes[each.name],
                role_ids=list(ids.values()),
                now=now,
            )
            made.append((each.name, each.role))
        return made

    try:
        return store.write(create)
    except UserError:
        if _still_missing(store):
            raise
        return []  # another process has made them at the same moment


def make_standard(conn: Connection) -> None:
    """Make the standard roles that are missing; those that are there stay as they are."""
    known = role.ids(conn, STANDARD)
    for name, permissions in STANDARD.items():
        if name not in known:
            role.add_permissions(conn, role.ensure(conn, name), permissions)


def sync_standard(conn: Connection) -> int:
    """Give the standard roles what they lack, and make those that are missing; return how many."""
    n_new = 0
    for name, permissions in STANDARD.items():
        n_new += role.add_permissions(conn, role.ensure(conn, name), permissions)
    return n_new


def _address_of(name: str) -> str:
    return name if "@" in name else f"{name}@localhost"


def _missing(conn: Connection) -> list[Configured]:
    users, has_users = configured_users(), bool(user.count(conn))
    if not _is_set() and has_users:
        return []
    # A store without any user needs some: whom people took away from another one does not count.
    away = taken_away() if has_users else frozenset()
    return [
        each for name, each in users.items() if name not in away and user.get(conn, name) is None
    ]


def _still_missing(store: Store) -> bool:
    with store.read() as conn:
        return bool(_missing(conn))


def _is_set() -> bool:
    """Say whether people have set the option, be it to its default."""
    return conf.resolve("core", "simple_auth_manager_users").source != "default"
