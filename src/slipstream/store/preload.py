"""Importing all that an open store needs, without opening it: for processes that fork others."""

from __future__ import annotations

from slipstream.config import conf
from slipstream.store import dialect
from slipstream.store.url import resolve


def preload() -> None:
    """Import the configured database's dialect and driver; nothing is connected.

    Raises ConfigError for a URL that cannot work.
    """
    url = resolve(conf.get("database", "sql_alchemy_conn"))
    dialect.named(url.get_backend_name())
    url.get_dialect().import_dbapi()
