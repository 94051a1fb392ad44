"""Where an option's text may come from besides the file and the defaults.

As Airflow: a plain environment variable; for sensitive options also a command whose output is the
value (``…_CMD``, ``key_cmd``) and a name that the secrets backend knows (``…_SECRET``,
``key_secret``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from slipstream.errors import ConfigError

_COMMAND_TIMEOUT_S = 60
_outputs: dict[str, str] = {}


def env_name(section: str, key: str) -> str:
    """Return the environment variable that sets an option."""
    return f"AIRFLOW__{section.replace('.', '_').upper()}__{key.upper()}"


def run_command(command: str, section: str, key: str) -> str:
    """Return what a ``_CMD`` option's command prints, less the line end; run once per process."""
    if command in _outputs:
        return _outputs[command]
    import shlex  # few installations use commands
    import subprocess

    what = f"The command of [{section}] {key}"
    try:
        done = subprocess.run(
            shlex.split(command),
            capture_output=True,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{what} cannot be run: {error}.") from error
    if done.returncode != 0:
        reason = " ".join(done.stderr.split()) or "it printed no reason"
        raise ConfigError(f"{what} ended with exit code {done.returncode}: {reason}")
    _outputs[command] = done.stdout.rstrip("\r\n")
    return _outputs[command]


def ask_secrets_backend(
    name: str, section: str, key: str, make_backend: Callable[[], Any]
) -> str | None:
    """Return the secrets backend's value for ``name`` (its ``get_config``), or None."""
    backend = make_backend()
    if backend is None:
        raise ConfigError(
            f"[{section}] {key} is to come from a secrets backend (as {name!r}), but [secrets] "
            "backend is not set."
        )
    value = backend.get_config(name)
    return None if value is None else str(value)


def make_secrets_backend(path: str, kwargs_text: str | None) -> Any:
    """Return an instance of the class that ``[secrets] backend`` names."""
    import json  # only installations with a backend

    try:
        kwargs = json.loads(kwargs_text) if kwargs_text else {}
    except ValueError as error:
        raise ConfigError(f"[secrets] backend_kwargs is not valid JSON: {error}.") from error
    if not isinstance(kwargs, dict):
        raise ConfigError("[secrets] backend_kwargs must be a JSON object.")
    return import_object(path, "secrets", "backend")(**kwargs)


def import_object(path: str, section: str, key: str) -> Any:
    """Return the object that an option names by its dotted path."""
    try:
        return load_object(path)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"[{section}] {key} names {path!r}, which cannot be imported: {error}."
        ) from error


def load_object(path: str) -> Any:
    """Return the object at a dotted path; raise ImportError, AttributeError or ValueError."""
    import importlib

    module, _, attribute = path.strip().rpartition(".")
    if not module:
        raise ValueError("there is no module in it")
    return getattr(importlib.import_module(module), attribute)


def env_options(section: str) -> dict[str, str]:
    """Return the keys of a section that the environment sets, with their variables' names."""
    prefix = env_name(section, "")
    return {
        name.removeprefix(prefix).lower(): name
        for name in os.environ
        if name.startswith(prefix) and len(name) > len(prefix)
    }


def env_names() -> list[tuple[str, str, str]]:
    """Return (section, key, variable) of all options that the environment sets.

    A section's dots are underscores there and cannot be told apart.
    """
    found = []
    for name in os.environ:
        if name.startswith("AIRFLOW__"):
            section, _, key = name.removeprefix("AIRFLOW__").partition("__")
            if section and key and not key.startswith("_"):
                found.append((section.lower(), key.lower(), name))
    return found
