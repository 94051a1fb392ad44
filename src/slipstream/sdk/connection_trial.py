"""``python -m slipstream.sdk.connection_trial``: try a connection, for who must not run its hook.

Reads the connection as JSON, prints whether it worked. Hooks are providers' and users' code: the API
server has them run in a process that ends.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import Any

from slipstream.sdk import environment
from slipstream.sdk.connection import Connection
from slipstream.sdk.mask import mask_text


def trial(given: dict[str, Any]) -> dict[str, Any]:
    """Return ``status`` and ``message`` of a connection's test, without its secrets."""
    conn_id = f"slipstream_trial_{secrets.token_hex(8)}"
    connection = Connection(conn_id, **given)
    # A hook looks its connection up by name.
    with environment.patched({environment.connection_name(conn_id): connection.as_json()}):
        status, message = connection.test_connection()
    return {"status": bool(status), "message": mask_text(str(message))}


def main() -> None:
    """Print the result alone, whatever hooks print."""
    out, sys.stdout = sys.stdout, sys.stderr
    json.dump(trial(json.load(sys.stdin)), out)


if __name__ == "__main__":
    main()
