"""What this machine is called, in jobs, logs and task instances."""

from __future__ import annotations

import functools
import socket

from slipstream.config import conf
from slipstream.config.source import load_object
from slipstream.errors import ConfigError

_OPTION = "[core] hostname_callable"


def hostname() -> str:
    """Return the name that ``[core] hostname_callable`` gives; the system's unless that is set.

    Airflow's default asks the domain name system, which may take seconds. Raises ConfigError.
    """
    setting = conf.resolve("core", "hostname_callable")
    if setting.source == "default" or not setting.value:
        return socket.gethostname()
    return _called(setting.value)


@functools.cache
def _called(path: str) -> str:
    try:
        name = load_object(path.replace(":", "."))()
    except Exception as error:  # whatever a user's function raises
        raise ConfigError(f"{_OPTION} is {path!r}, which fails: {error!r}") from error
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{_OPTION} is {path!r}, which gives {name!r}: it must give a name")
    return name
