"""The process's environment as user code means it: variables, connections, and what commands inherit.

The engine's own settings are read by ``slipstream.config``; this module is the only one of the
SDK's that touches the environment.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping

_VARIABLE, _CONNECTION = "AIRFLOW_VAR_", "AIRFLOW_CONN_"


def get_variable(key: str) -> str | None:
    """Return the variable in ``AIRFLOW_VAR_<KEY>``."""
    return os.environ.get(_VARIABLE + key.upper())


def get_connection(conn_id: str) -> str | None:
    """Return the connection in ``AIRFLOW_CONN_<ID>``, as URI or JSON."""
    return os.environ.get(_CONNECTION + conn_id.upper())


def variable_name(key: str) -> str:
    """Return the environment variable that gives a variable of that key."""
    return _VARIABLE + key.upper()


def connection_name(conn_id: str) -> str:
    """Return the environment variable that gives a connection of that id."""
    return _CONNECTION + conn_id.upper()


def inherited() -> dict[str, str]:
    """Return a copy of the environment, for a command."""
    return dict(os.environ)


def export(variables: Mapping[str, str]) -> None:
    """Set variables for the rest of the process's life."""
    for key, value in variables.items():
        os.environ[key] = value


@contextlib.contextmanager
def patched(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables in the block."""
    before = {key: os.environ.get(key) for key in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
