"""Where the installation lives on disk, and the expansion of paths and variables in values."""

from __future__ import annotations

import os

_MAX_NESTED_VARIABLES = 8


def airflow_home() -> str:
    """Return ``$AIRFLOW_HOME``, or ``~/airflow``; absolute, whether or not it exists.

    Read from the environment each time, so that a test may move it.
    """
    return os.path.abspath(expand(os.environ.get("AIRFLOW_HOME") or "~/airflow"))


def config_path() -> str:
    """Return the path of ``airflow.cfg``: ``$AIRFLOW_CONFIG``, or the one in the home."""
    given = os.environ.get("AIRFLOW_CONFIG")
    return os.path.abspath(expand(given)) if given else os.path.join(airflow_home(), "airflow.cfg")


def is_config_missing() -> bool:
    """Tell whether somebody named an ``airflow.cfg`` that does not exist."""
    return bool(os.environ.get("AIRFLOW_CONFIG")) and not os.path.exists(config_path())


def expand(value: str) -> str:
    """Replace a leading ``~`` and ``$VARIABLES`` that are set, also nested, as Airflow does."""
    for _ in range(_MAX_NESTED_VARIABLES):
        expanded = (
            os.path.expanduser(os.path.expandvars(value))
            if value[:1] == "~"
            else (os.path.expandvars(value) if "$" in value else value)
        )
        if expanded == value:
            break
        value = expanded
    return value
