"""The words of permissions, and what the standard roles may: Flask-AppBuilder's, as in Airflow.

A permission is an action on a resource. ``DAG:<id>`` is one DAG. Each standard role may all that
the one before it may.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

READ, CREATE, EDIT, DELETE = "can_read", "can_create", "can_edit", "can_delete"
MENU = "menu_access"
ACTIONS = (READ, CREATE, EDIT, DELETE, MENU)

Permission = tuple[str, str]
"""Action, resource."""

DAGS, DAG_RUNS, TASK_INSTANCES = "DAGs", "DAG Runs", "Task Instances"
DAG_PREFIX, DAG_RUN_PREFIX = "DAG:", "DAG Run:"

ADMIN, OP, USER, VIEWER, PUBLIC = "Admin", "Op", "User", "Viewer", "Public"

_ALL = f"{CREATE} {READ} {EDIT} {DELETE} {MENU}"
_VIEWER = {
    "Asset Aliases": READ,
    "Assets": f"{READ} {MENU}",
    "Backfills": READ,
    "Browse": MENU,
    "Cluster Activity": f"{READ} {MENU}",
    "DAG Code": READ,
    "DAG Dependencies": f"{READ} {MENU}",
    DAG_RUNS: f"{READ} {MENU}",
    "DAG Versions": READ,
    "DAG Warnings": READ,
    DAGS: f"{READ} {MENU}",
    "Docs": MENU,
    "Documentation": MENU,
    "HITL Detail": READ,
    "ImportError": READ,
    "Jobs": f"{READ} {MENU}",
    "My Password": f"{READ} {EDIT}",
    "My Profile": f"{READ} {EDIT}",
    "Pools": READ,
    "SLA Misses": f"{READ} {MENU}",
    TASK_INSTANCES: f"{READ} {MENU}",
    "Task Logs": READ,
    "Website": READ,
    "XComs": READ,
}
_USER = {
    "Assets": CREATE,
    DAG_RUNS: f"{CREATE} {EDIT} {DELETE}",
    DAGS: f"{EDIT} {DELETE}",
    "HITL Detail": EDIT,
    TASK_INSTANCES: f"{CREATE} {EDIT} {DELETE}",
}
_OP = {
    "Admin": MENU,
    "Assets": f"{EDIT} {DELETE}",
    "Backfills": f"{CREATE} {EDIT} {DELETE}",
    "Configurations": f"{READ} {MENU}",
    "Connections": _ALL,
    "HITL Detail": MENU,
    "Plugins": f"{READ} {MENU}",
    "Pools": f"{CREATE} {EDIT} {DELETE} {MENU}",
    "Providers": f"{READ} {MENU}",
    "Variables": _ALL,
    "XComs": f"{CREATE} {EDIT} {DELETE} {MENU}",
}
_ADMIN = {
    "Actions": MENU,
    "All Audit Logs": READ,
    "All Import Errors": READ,
    "All Reparses": READ,
    "Audit Logs": f"{READ} {MENU}",
    "List Roles": MENU,
    "List Users": MENU,
    "Passwords": f"{READ} {EDIT}",
    "Permission Pairs": MENU,
    "Permission Views": READ,
    "Permissions": READ,
    "Resources": MENU,
    "Roles": f"{CREATE} {READ} {EDIT} {DELETE}",
    "Security": MENU,
    "Task Reschedules": f"{READ} {MENU}",
    "Triggers": f"{READ} {MENU}",
    "User Stats Chart": READ,
    "User's Statistics": MENU,
    "Users": f"{CREATE} {READ} {EDIT} {DELETE}",
    "View Menus": READ,
}


def _rising(*steps: tuple[str, Mapping[str, str]]) -> dict[str, frozenset[Permission]]:
    """Return what each role may: its own and what those before it may."""
    found: dict[str, frozenset[Permission]] = {}
    so_far: set[Permission] = set()
    for name, given in steps:
        so_far |= {(action, r) for r, actions in given.items() for action in actions.split()}
        found[name] = frozenset(so_far)
    return found


STANDARD: Mapping[str, frozenset[Permission]] = MappingProxyType(
    _rising((PUBLIC, {}), (VIEWER, _VIEWER), (USER, _USER), (OP, _OP), (ADMIN, _ADMIN))
)
"""What the standard roles may, by name; Admin may everything that there is."""

RESOURCES = frozenset(resource for _, resource in STANDARD[ADMIN])


def is_resource(name: str) -> bool:
    """Say whether permissions can be about this."""
    return name in RESOURCES or (
        name.startswith((DAG_PREFIX, DAG_RUN_PREFIX)) and bool(name.partition(":")[2])
    )
