"""Secrets that nobody configured: made once per home and kept in a file of the owner's only.

The Fernet key, the API's session key and the key that signs its tokens have to be the same in all
processes of an installation and must not be well-known. Where none of them is configured, they are
made on first use and kept in ``$AIRFLOW_HOME/generated_secrets.json``, mode 0600. Installations on
several machines either share the home or set the three options.
"""

from __future__ import annotations

import base64
import json
import os

from slipstream.config.catalog import PLACEHOLDERS
from slipstream.errors import ConfigError

FILE_NAME = "generated_secrets.json"

_cache: dict[str, dict[str, str]] = {}


def secret(home: str, placeholder: str) -> str:
    """Return the home's secret for one of ``PLACEHOLDERS``; make all of them if there are none."""
    name = placeholder.strip("{}").lower()
    secrets = _cache.get(home)
    if secrets is None or name not in secrets:
        secrets = _cache[home] = _load_or_make(os.path.join(home, FILE_NAME))
    return secrets[name]


def _load_or_make(path: str) -> dict[str, str]:
    try:
        secrets = _read(path)
        if secrets is None:
            _write_new(path, {p.strip("{}").lower(): _random() for p in PLACEHOLDERS})
            secrets = _read(path)
    except OSError as error:
        raise ConfigError(
            f"Cannot keep generated secrets in {path}: {error.strerror}. Make the folder writable, "
            "or set AIRFLOW__CORE__FERNET_KEY, AIRFLOW__API_AUTH__JWT_SECRET and "
            "AIRFLOW__API__SECRET_KEY."
        ) from error
    if secrets is None:
        raise ConfigError(f"{path} vanished while it was read.")
    return secrets


def _read(path: str) -> dict[str, str] | None:
    try:
        with open(path, encoding="utf-8") as file:
            secrets = json.load(file)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigError(f"{path} is damaged ({error}): restore it, or remove it.") from error
    missing = [p for p in PLACEHOLDERS if p.strip("{}").lower() not in secrets]
    if missing:
        raise ConfigError(f"{path} is damaged (no {missing[0]}): restore it, or remove it.")
    return dict(secrets)


def _write_new(path: str, secrets: dict[str, str]) -> None:
    """Create the file with all of its content at once; whoever comes second finds the first's."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(secrets, file, indent=1)
            file.write("\n")
        os.link(temporary, path)  # atomic, and fails where rename would overwrite
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)


def _random() -> str:
    """Return 32 random bytes in URL-safe base64: the form that a Fernet key must have."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()
