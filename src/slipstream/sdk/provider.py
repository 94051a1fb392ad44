"""What installed provider packages declare: hooks by connection type, task decorators.

Read from the ``apache_airflow_provider`` entry points, once per process and only when asked.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.module_loading import import_string

if TYPE_CHECKING:
    from slipstream.sdk.connection import Connection

ENTRY_POINT_GROUP = "apache_airflow_provider"


@functools.cache
def provider_infos() -> dict[str, dict[str, Any]]:
    """Return each installed provider's info by package name."""
    from importlib.metadata import entry_points  # slow: reads the installed packages

    found: dict[str, dict[str, Any]] = {}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name == "provider_info":
            info: dict[str, Any] = entry.load()()
            if entry.dist is not None:
                info.setdefault("version", entry.dist.version)
            found[info.get("package-name", entry.value)] = info
    return found


@functools.cache
def task_decorators() -> dict[str, str]:
    """Return the dotted paths of the providers' task decorators by name."""
    return {
        d["name"]: d["class-name"]
        for info in provider_infos().values()
        for d in info.get("task-decorators", ())
    }


@functools.cache
def hook_classes() -> dict[str, str]:
    """Return the dotted paths of the providers' hooks by connection type."""
    return {
        c["connection-type"]: c["hook-class-name"]
        for info in provider_infos().values()
        for c in info.get("connection-types", ())
    }


def hook_of(connection: Connection, hook_params: dict[str, Any]) -> Any:
    """Return the hook for a connection's type.

    :raises AirflowException: no installed provider has one
    """
    path = hook_classes().get(connection.conn_type or "")
    if path is None:
        raise AirflowException(
            f'Unknown hook type "{connection.conn_type}": install the provider package that has it.'
        )
    cls = import_string(path)
    name = getattr(cls, "conn_name_attr", "conn_id")
    return cls(**{name: connection.conn_id}, **hook_params)
