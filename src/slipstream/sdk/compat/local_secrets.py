"""``LocalFilesystemBackend``: variables and connections from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from slipstream.sdk.connection import Connection
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.secrets import BaseSecretsBackend


class LocalFilesystemBackend(BaseSecretsBackend):
    """Reads JSON, YAML or ``.env`` files (``key=value`` lines)."""

    def __init__(
        self, variables_file_path: str | None = None, connections_file_path: str | None = None
    ) -> None:
        self._variables = load(variables_file_path)
        self._connections = load(connections_file_path)

    def get_connection(self, conn_id: str) -> Any:
        value = self._connections.get(conn_id)
        if value is None:
            return None
        if isinstance(value, list):
            value = value[0]
        if isinstance(value, dict):
            return Connection.from_json(json.dumps(value), conn_id=conn_id)
        return self.deserialize_connection(conn_id, str(value))

    def get_variable(self, key: str) -> str | None:
        value = self._variables.get(key)
        return value if value is None or isinstance(value, str) else json.dumps(value)


def load(path: str | None) -> dict[str, Any]:
    """Return a file's entries by name.

    :raises AirflowException: the file is not there, or its ending is none of those known
    """
    if not path:
        return {}
    file = Path(path)
    if not file.exists():
        raise AirflowException(
            f"File {path} was not found. Check the configuration of your Secrets backend."
        )
    text = file.read_text()
    if file.suffix == ".json":
        return dict(json.loads(text or "{}"))
    if file.suffix in (".yaml", ".yml"):
        import yaml  # heavy, and only for such files

        return dict(yaml.safe_load(text) or {})
    if file.suffix == ".env":
        lines = (line.strip() for line in text.splitlines())
        pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
        return {key.strip(): value.strip() for key, _, value in pairs}
    raise AirflowException(
        f"Unsupported file format: {path}. The Secrets backend reads .json, .yaml, .yml and .env."
    )
