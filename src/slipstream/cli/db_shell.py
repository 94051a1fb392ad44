"""The command line of a database's own client, from the store's URL."""

from __future__ import annotations

import shutil
from typing import Any

from slipstream.errors import UserError


def client_command(url: Any) -> tuple[list[str], dict[str, str]]:
    """Return the command and the variables that carry the password, which ``ps`` must not show.

    ``url`` has SQLAlchemy's attributes (host, port, username, password, database).
    """
    backend = url.get_backend_name()
    if backend == "sqlite":
        return ["sqlite3", url.database or ":memory:"], {}
    password = str(url.password) if url.password else ""
    if backend == "postgresql":
        options = _options(url, host="-h", port="-p", username="-U", database="-d")
        return ["psql", *options], {"PGPASSWORD": password} if password else {}
    if backend == "mysql":
        client = "mariadb" if shutil.which("mariadb") else "mysql"
        options = _options(url, host="-h", port="-P", username="-u")
        return [client, *options, url.database or ""], {"MYSQL_PWD": password} if password else {}
    raise UserError(f"There is no client known for {backend} databases.")


def _options(url: Any, **flags: str) -> list[str]:
    found: list[str] = []
    for name, flag in flags.items():
        value = getattr(url, name)
        if value:
            found += [flag, str(value)]
    return found
