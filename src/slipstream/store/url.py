"""Database URLs: from the forms that people have to the drivers in use, and safe to print.

Maps names only; opening a connection is ``engine``'s.
"""

from __future__ import annotations

import importlib.util

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from slipstream.errors import ConfigError

# Driver names that Airflow users have in their settings; the part after "+" is ours to choose.
_BACKENDS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
_DRIVER_MODULE = {
    "postgresql+psycopg": ("psycopg", "postgres"),
    "mysql+pymysql": ("pymysql", "mysql"),
}
_SECRET_QUERY_KEYS = ("password", "passwd", "sslpassword", "passfile")
_WHERE = "[database] sql_alchemy_conn"


def resolve(text: str) -> URL:
    """Return the SQLAlchemy URL of a connection string, legacy schemes mapped to our drivers.

    Raises ConfigError, which never shows the password, for a string that is no usable URL.
    """
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        # The parser's own message may quote a part of the password.
        raise ConfigError(
            f"{_WHERE} is not a database URL (its value is not shown, it may hold a password). "
            "Write it as postgresql://user:password@host:5432/name, "
            "mysql://user:password@host:3306/name or sqlite:////absolute/path/airflow.db; "
            "percent-encode special characters in the password."
        ) from None
    backend = url.drivername.partition("+")[0].lower()
    if backend not in _BACKENDS:
        raise ConfigError(
            f"{_WHERE} names the database {backend!r}; "
            "Slipstream runs on sqlite, postgresql and mysql (MariaDB too)."
        )
    url = url.set(drivername=_BACKENDS[backend])
    if backend == "sqlite":
        _check_sqlite(url)
    else:
        _check_driver(url)
        if not url.database:
            raise ConfigError(
                f"{_WHERE} names no database: {masked(url)} lacks a /name at its end."
            )
    return url


def _check_sqlite(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        raise ConfigError(
            f"{_WHERE} is an in-memory SQLite database, which several processes cannot share. "
            "Use a file: sqlite:////absolute/path/airflow.db"
        )
    if not url.database.startswith("/"):
        raise ConfigError(
            f"{_WHERE} is a relative SQLite path: {url.database!r}. "
            "Use an absolute one, with four slashes: sqlite:////absolute/path/airflow.db"
        )


def _check_driver(url: URL) -> None:
    module, extra = _DRIVER_MODULE[url.drivername]
    if importlib.util.find_spec(module) is None:
        raise ConfigError(
            f"{masked(url)} needs the Python package {module}: "
            f"pip install 'slipstream-orchestrator[{extra}]'"
        )


def masked(url: URL) -> str:
    """Return the URL with ``***`` for every secret in it."""
    for key in _SECRET_QUERY_KEYS:
        if key in url.query:
            url = url.update_query_dict({key: "***"})
    # The rendering percent-encodes what it finds in the query.
    return url.render_as_string(hide_password=True).replace("%2A%2A%2A", "***")
