"""What is installed beside Slipstream: provider packages, and plugins.

Providers are read from their packages' metadata. Plugins are users' code and never loaded here: a
process that ends tells of them, once in the life of the server.
"""

from __future__ import annotations

import functools
import importlib.metadata
import threading
from typing import Any

from slipstream.api.outside import NoAnswer, ask
from slipstream.errors import ConfigError

_PROVIDER = "apache_airflow_provider"
_REPORT = "slipstream.sdk.plugin_report"
_LOADED_WITHIN_S = 30.0
_one_at_a_time = threading.Lock()


@functools.cache
def providers() -> list[dict[str, Any]]:
    """Return the installed providers by their packages' names."""
    entries = importlib.metadata.entry_points(group=_PROVIDER)
    found = {entry.dist.name: entry.dist for entry in entries if entry.dist is not None}
    return [_provider(dist) for _, dist in sorted(found.items())]


def _provider(dist: importlib.metadata.Distribution) -> dict[str, Any]:
    about: Any = dist.metadata  # typed without the get() that it has
    urls = dict(line.split(", ", 1) for line in about.get_all("Project-URL") or ())
    return {
        "package_name": dist.name,
        "description": about.get("Summary", ""),
        "version": dist.version,
        "documentation_url": urls.get("Documentation"),
    }


def plugins() -> dict[str, Any]:
    """Return the plugins and those that cannot be loaded. Raises ConfigError when none can tell."""
    with _one_at_a_time:
        return _plugins()


@functools.cache
def _plugins() -> dict[str, Any]:
    try:
        found: dict[str, Any] = ask(_REPORT, within_s=_LOADED_WITHIN_S)
    except NoAnswer as error:
        raise ConfigError(
            f"The plugins cannot be told, for the process that loads them failed: {error}. "
            f"Run python -m {_REPORT} to see why; they are in [core] plugins_folder."
        ) from None
    return found
