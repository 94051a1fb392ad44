"""Users and roles, from ``[core] simple_auth_manager_users``."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from slipstream.config import conf
from slipstream.errors import ConfigError


class Role(IntEnum):
    """Roles in rising order; each may do all that those below it may."""

    VIEWER = 1
    USER = 2
    OP = 3
    ADMIN = 4

    @classmethod
    def of(cls, name: str) -> Role:
        """Return the role of this name, in any case; raise ``ValueError``."""
        try:
            return cls[name.strip().upper()]
        except KeyError:
            raise ValueError(f"no such role: {name!r}") from None

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class User:
    name: str
    role: Role
    teams: tuple[str, ...] = ()


ANONYMOUS = User("Anonymous", Role.ADMIN)
"""Everybody, when ``[core] simple_auth_manager_all_admins`` is set (the name is Airflow's)."""


def configured_users() -> dict[str, User]:
    """Return the users of ``[core] simple_auth_manager_users`` by name; raise ConfigError."""
    text = conf.get("core", "simple_auth_manager_users", fallback="admin:admin")
    users: dict[str, User] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = entry.partition(":")
        role, *teams = rest.split(":")
        try:
            # Airflow writes teams either after a colon or after bars, separated by bars.
            role, *more = role.split("|")
            named = [t for part in (*more, *teams) for t in part.split("|") if t]
            users[name.strip()] = User(name.strip(), Role.of(role), tuple(named))
        except ValueError:
            raise ConfigError(
                f"[core] simple_auth_manager_users: {entry!r} is not name:role "
                "with a role of viewer, user, op or admin."
            ) from None
    return users


def all_admins() -> bool:
    """Say whether everybody is let in as an admin, without a password."""
    return conf.getboolean("core", "simple_auth_manager_all_admins", fallback=False)


class Users:
    """The users who can log in, with their passwords."""

    def __init__(self, users: Mapping[str, User], passwords: Mapping[str, str]) -> None:
        self._users = users
        self._passwords = passwords

    def authenticate(self, name: str, password: str) -> User | None:
        """Return the user if the password is theirs.

        Takes the same time whether the name, the password or both are wrong.
        """
        known = self._passwords.get(name)
        expected = known if known is not None else "\x00"
        right = hmac.compare_digest(password.encode(), expected.encode())
        return self._users.get(name) if right and known is not None else None

    def get(self, name: str) -> User | None:
        return self._users.get(name)
