"""``var`` and ``conn`` of the context: variables and connections by attribute."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.types import NOTSET, ArgNotSet


class VariableAccessor:
    """``var.value.name`` or, decoded, ``var.json.name``."""

    def __init__(self, deserialize_json: bool) -> None:
        self._deserialize_json = deserialize_json

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        from slipstream.sdk.variable import Variable  # only tasks that read one pay for it

        return Variable.get(key, deserialize_json=self._deserialize_json)

    def get(self, key: str, default: Any = NOTSET, *, default_var: Any = NOTSET) -> Any:
        """Return the variable, or the default if one is given."""
        from slipstream.sdk.variable import Variable  # only tasks that read one pay for it

        if isinstance(default, ArgNotSet):
            default = default_var
        return Variable.get(key, default, deserialize_json=self._deserialize_json)

    def __repr__(self) -> str:
        return "<VariableAccessor (dynamic access)>"


class Variables(dict[str, VariableAccessor]):
    """``var``: its members are read as keys and as attributes."""

    def __init__(self) -> None:
        super().__init__(json=VariableAccessor(True), value=VariableAccessor(False))

    def __getattr__(self, name: str) -> VariableAccessor:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"var has json and value, not {name!r}") from None


class MacrosAccessor:
    """``macros``: loaded when one is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from slipstream.sdk import macros  # heavy: dateutil, yaml, plugins

        self.__dict__.update(vars(macros.accessor()))
        try:
            return self.__dict__[name]
        except KeyError:
            raise AttributeError(f"there is no macro {name!r}") from None

    def __repr__(self) -> str:
        return "<MacrosAccessor: a macro for each name>"


class ConnectionAccessor:
    """``conn.my_id.host`` and ``conn.get("my_id")``."""

    def __getattr__(self, conn_id: str) -> Any:
        if conn_id.startswith("__"):
            raise AttributeError(conn_id)
        from slipstream.sdk.connection import Connection  # only tasks that read one pay for it

        return Connection.get(conn_id)

    def get(self, conn_id: str, default_conn: Any = None) -> Any:
        """Return the connection, or the default if there is none."""
        from slipstream.sdk import secrets  # only tasks that read one pay for it

        found = secrets.get_connection(conn_id)
        return default_conn if found is None else found

    def __repr__(self) -> str:
        return "<ConnectionAccessor (dynamic access)>"
