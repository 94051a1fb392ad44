"""What is installed beside Slipstream: provider packages, and plugins.

Providers are read from their packages' metadata. Plugins are users' code and never loaded here: a
process that ends tells of them, once in the life of the server.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import subprocess
import sys
import threading
from typing import Any

from slipstream.errors import ConfigError

_PROVIDER = "apache_airflow_provider"
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
    command = [sys.executable, "-m", "slipstream.sdk.plugin_report"]
    try:
        told = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LOADED_WITHIN_S
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(
            f"The plugins were not loaded within {_LOADED_WITHIN_S:.0f} s: see "
            "[core] plugins_folder for one that does not come back."
        ) from None
    try:
        found: dict[str, Any] = json.loads(told.stdout)
    except ValueError:
        raise ConfigError(
            f"Loading the plugins ended with code {told.returncode}: run "
            "python -m slipstream.sdk.plugin_report to see why."
        ) from None
    return found
