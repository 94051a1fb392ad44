"""``rotate-fernet-key``."""

from __future__ import annotations

import argparse

from slipstream.cli.command import Command
from slipstream.cli.session import open_store


def run(args: argparse.Namespace) -> None:
    from slipstream.store import connection, variable

    with open_store(record=args) as store:
        n_connections = store.write(connection.rotate)
        n_variables = store.write(variable.rotate)
    print(f"{n_connections} connections and {n_variables} variables use the first key now.")


COMMAND = Command(
    "rotate-fernet-key",
    "Encrypt connections and variables with the first of [core] fernet_key's keys",
    run,
    example="rotate-fernet-key",
)
