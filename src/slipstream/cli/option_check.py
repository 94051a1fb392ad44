"""What options must be beyond their type: asked by services at their start, and by ``config lint``.

Each checker takes an option's text and raises ValueError with what is allowed, or ConfigError. The
rule itself is where the option is used; this is the table of them, for options that are set.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable
from urllib.parse import urlsplit

from slipstream.config import conf, log_levels

_AUTH_MANAGERS = (
    "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
    "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
)
"""Ours does what both do, and takes either name for it."""


def check() -> None:
    """Raise ConfigError unless all options can be used; for the start of services."""
    conf.check(CHECKERS)


def _executor(text: str) -> None:
    from slipstream import executors

    executors.check(text)


def _fernet_key(text: str) -> None:
    from slipstream.store import crypt

    crypt.check(text)


def _auth_manager(text: str) -> None:
    if text not in _AUTH_MANAGERS:
        raise ValueError(f"one of {', '.join(_AUTH_MANAGERS)}")


def _rate_limit(text: str) -> None:
    from slipstream.api.auth.throttle import Throttle

    Throttle.configured()


def _users(text: str) -> None:
    from slipstream.api.auth.user import configured_users

    configured_users()


def _database(text: str) -> None:
    from slipstream.store.url import resolve

    resolve(text)


def _log_levels(text: str) -> None:
    log_levels.levels()


def _bundles(text: str) -> None:
    from slipstream.sdk import bundle

    bundle.configured()


def _importable(text: str) -> None:
    """Import what the text names, in a fork: here it would stay in memory."""
    from slipstream.cli.forked import reason_of_failure
    from slipstream.config.source import load_object
    from slipstream.sdk import bundle

    def load() -> None:
        bundle.extend_sys_path()
        load_object(text)

    reason = reason_of_failure(load)
    if reason is not None:
        raise ValueError(f"the dotted path of something that can be imported (this: {reason})")


def _json_object(text: str) -> None:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError("a JSON object")


def _log_format(text: str) -> None:
    try:
        text % defaultdict(int)
    except (ValueError, TypeError) as error:
        raise ValueError(f"a format such as %(asctime)s %(message)s (this: {error})") from None


def _remote_logging(text: str) -> None:
    from slipstream.worker.remote_log import target

    target.check(text)


def _writable_folder(text: str) -> None:
    """Look at the folder, or at the nearest one above it that exists; create nothing."""
    path = os.path.abspath(text)
    while not os.path.lexists(path):
        path = os.path.dirname(path)
    if not os.path.isdir(path) or not os.access(path, os.W_OK | os.X_OK):
        raise ValueError(f"a folder that can be written ({path} cannot)")


def _url(text: str, *, example: str = "https://airflow.example.org") -> None:
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise ValueError(f"a URL such as {example}")


def _execution_urls(text: str) -> None:
    for url in text.split(","):
        _url(url.strip(), example="http://localhost:8080/execution/, or several by commas")


def _some_seconds(text: str) -> None:
    if not 0 < float(text) < float("inf"):
        raise ValueError("more than 0 seconds")


CHECKERS: dict[tuple[str, str], Callable[[str], object]] = {
    ("api", "base_url"): _url,
    ("core", "auth_manager"): _auth_manager,
    ("core", "execution_api_server_url"): _execution_urls,
    ("core", "executor"): _executor,
    ("core", "fernet_key"): _fernet_key,
    ("core", "hostname_callable"): _importable,
    ("core", "might_contain_dag_callable"): _importable,
    ("core", "simple_auth_manager_users"): _users,
    ("fab", "auth_rate_limit"): _rate_limit,
    ("dag_processor", "dag_bundle_config_list"): _bundles,
    ("database", "sql_alchemy_conn"): _database,
    ("database", "sql_alchemy_connect_args"): _importable,
    ("database", "sql_alchemy_engine_args"): _json_object,
    ("logging", "base_log_folder"): _writable_folder,
    ("logging", "log_format"): _log_format,
    ("logging", "namespace_levels"): _log_levels,
    ("logging", "remote_logging"): _remote_logging,
    ("secrets", "backend"): _importable,
    ("secrets", "backend_kwargs"): _json_object,
    ("workers", "execution_api_timeout"): _some_seconds,
    ("workers", "secrets_backend"): _importable,
    ("workers", "secrets_backend_kwargs"): _json_object,
}
