"""Who calls, with what they may do; and the users that ``[core] simple_auth_manager_users`` names."""

from __future__ import annotations

from dataclasses import dataclass

from slipstream.api.auth.words import (
    ADMIN,
    DAG_PREFIX,
    DAG_RUN_PREFIX,
    DAG_RUNS,
    DAGS,
    EDIT,
    OP,
    READ,
    STANDARD,
    USER,
    VIEWER,
    Permission,
)
from slipstream.config import conf
from slipstream.errors import ConfigError

_ROLES = {"viewer": VIEWER, "user": USER, "op": OP, "admin": ADMIN}
"""The simple auth manager's names of roles."""


@dataclass(frozen=True, slots=True)
class User:
    """A caller. ``id`` is None for one who has no row: everybody, or the public."""

    name: str
    roles: tuple[str, ...] = ()
    permissions: frozenset[Permission] = frozenset()
    id: int | None = None
    session_id: str | None = None

    def may(self, action: str, resource: str) -> bool:
        """Say whether one of the roles permits this."""
        return (action, resource) in self.permissions

    def may_dag(self, action: str, dag_id: str) -> bool:
        """Say whether the action on this DAG is permitted: on all DAGs, or on this one."""
        return self.may(action, DAGS) or self.may(action, DAG_PREFIX + dag_id)

    def may_part(self, action: str, dag_id: str | None, parts: tuple[str, ...]) -> bool:
        """Say whether the action on parts of a DAG (runs, logs, …) is permitted.

        As FAB: the action on each of the parts, and on the DAG itself reading or, for any other
        action, editing. For no DAG in particular, reading asks for at least one readable DAG.
        """
        if not all(self.may(action, part) for part in parts) and not (
            parts == (DAG_RUNS,) and dag_id and self.may(action, DAG_RUN_PREFIX + dag_id)
        ):
            return False
        if dag_id is not None:
            return self.may_dag(READ if action == READ else EDIT, dag_id)
        return action != READ or self.reads_some_dag()

    def may_some_runs(self, action: str) -> bool:
        """Say whether the action on the runs of some one DAG is permitted."""
        return any(a == action and r.startswith(DAG_RUN_PREFIX) for a, r in self.permissions)

    def reads_some_dag(self) -> bool:
        """Say whether there can be a DAG that they may read."""
        return self.may(READ, DAGS) or bool(self.dags(READ))

    def dags(self, action: str) -> frozenset[str] | None:
        """Return the DAGs on which the action is permitted; None for all."""
        if self.may(action, DAGS):
            return None
        n = len(DAG_PREFIX)
        return frozenset(r[n:] for a, r in self.permissions if a == action and r[:n] == DAG_PREFIX)


ANONYMOUS = User("Anonymous", (ADMIN,), STANDARD[ADMIN])
"""Everybody, when ``[core] simple_auth_manager_all_admins`` is set (the name is Airflow's)."""


@dataclass(frozen=True, slots=True)
class Configured:
    """A user as the option names it."""

    name: str
    role: str
    teams: tuple[str, ...] = ()


def configured_users() -> dict[str, Configured]:
    """Return the users of ``[core] simple_auth_manager_users`` by name; raise ConfigError."""
    text = conf.get("core", "simple_auth_manager_users", fallback="admin:admin")
    users: dict[str, Configured] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = entry.partition(":")
        role, *teams = rest.split(":")
        # Airflow writes teams either after a colon or after bars, separated by bars.
        role, *more = role.split("|")
        named = tuple(t for part in (*more, *teams) for t in part.split("|") if t)
        known = _ROLES.get(role.strip().lower())
        if known is None:
            raise ConfigError(
                f"[core] simple_auth_manager_users: {entry!r} is not name:role "
                "with a role of viewer, user, op or admin."
            )
        users[name.strip()] = Configured(name.strip(), known, named)
    return users


def all_admins() -> bool:
    """Say whether everybody is let in as an admin, without a password."""
    return conf.getboolean("core", "simple_auth_manager_all_admins", fallback=False)


def public_role() -> str:
    """Return the role of those without a login, of ``[fab] auth_role_public``; "" for none."""
    return conf.get("fab", "auth_role_public", fallback="").strip()
