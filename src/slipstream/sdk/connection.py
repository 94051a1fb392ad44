"""``Connection``: how to reach another system, as fields, URI or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from slipstream.sdk.exceptions import AirflowException, AirflowNotFoundException
from slipstream.sdk.mask import mask_secret


class Connection:
    """A connection; give ``uri``, or the fields one by one.

    :param extra: JSON text or a mapping
    :raises AirflowException: both ``uri`` and fields were given, or the URI cannot be read
    """

    EXTRA_KEY = "__extra__"

    def __init__(
        self,
        conn_id: str | None = None,
        conn_type: str | None = None,
        description: str | None = None,
        host: str | None = None,
        login: str | None = None,
        password: str | None = None,
        schema: str | None = None,
        port: int | None = None,
        extra: str | Mapping[str, Any] | None = None,
        uri: str | None = None,
        **_: Any,
    ) -> None:
        fields = (conn_type, host, login, password, schema, port, extra)
        if uri and any(f is not None for f in fields):
            raise AirflowException(
                "A connection is made from its uri or from its fields: leave out the uri, or "
                "conn_type, host, login, password, schema, port and extra."
            )
        self.conn_id = conn_id or ""
        self.conn_type = normalize_type(conn_type) if conn_type else conn_type
        self.description = description
        self.host = host
        self.login = login
        self.password = password
        self.schema = schema
        self.port = port
        self.extra: str | None = extra if isinstance(extra, str | None) else json.dumps(dict(extra))
        if uri:
            self._parse(uri)
        self._mask()

    def _mask(self) -> None:
        if self.password:
            mask_secret(self.password)
            mask_secret(quote(self.password))
        if self.extra and self.extra.lstrip().startswith("{"):
            mask_secret(self._extra_or_nothing())

    def _extra_or_nothing(self) -> dict[str, Any]:
        try:
            found = json.loads(self.extra or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _parse(self, uri: str) -> None:
        scheme_count = uri.count("://")
        if scheme_count > 2:
            raise AirflowException(f"Invalid connection string: {mask_uri(uri)}.")
        inner_scheme = ""
        if scheme_count == 2:
            # http://https://host: the second scheme is part of the host.
            outer, rest = uri.split("://", 1)
            inner_scheme, rest = rest.split("://", 1)
            if "@" in inner_scheme:
                raise AirflowException(f"Invalid connection string: {mask_uri(uri)}.")
            inner_scheme = f"{inner_scheme}://"
            uri = f"{outer}://{rest}"
        parts = urlsplit(uri)
        self.conn_type = normalize_type(parts.scheme)
        self.host = inner_scheme + unquote(_hostname(parts.netloc))
        self.schema = unquote(parts.path[1:]) if len(parts.path) > 1 else (parts.path[1:])
        self.login = unquote(parts.username) if parts.username else parts.username
        self.password = unquote(parts.password) if parts.password else parts.password
        self.port = parts.port
        if parts.query:
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            packed = query.get(self.EXTRA_KEY)
            self.extra = packed if packed is not None else json.dumps(query)

    # Reading

    @classmethod
    def get(cls, conn_id: str) -> Connection:
        """Return the connection of that id.

        :raises AirflowNotFoundException: there is none
        """
        from slipstream.sdk import secrets  # imports this module

        found: Connection | None = secrets.get_connection(conn_id)
        if found is None:
            raise AirflowNotFoundException(
                f"There is no connection {conn_id!r}: create it, or set "
                f"AIRFLOW_CONN_{conn_id.upper()}."
            )
        return found

    get_connection_from_secrets = get

    @classmethod
    async def async_get(cls, conn_id: str) -> Connection:
        """Return the connection of that id, from a coroutine."""
        import asyncio  # only coroutines call this

        return await asyncio.to_thread(cls.get, conn_id)

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra as a dict; empty when it is no JSON object."""
        return self.get_extra_dejson()

    def get_extra_dejson(self, nested: bool = False) -> dict[str, Any]:
        """Return the extra as a dict.

        :param nested: also decode values that are JSON text themselves
        """
        extra = self._extra_or_nothing()
        if nested:
            for key, value in extra.items():
                if isinstance(value, str):
                    try:
                        extra[key] = json.loads(value)
                    except ValueError:
                        continue
        mask_secret(extra)
        return extra

    async def aextra_dejson(self) -> dict[str, Any]:
        """Return the extra as a dict, from a coroutine."""
        return self.get_extra_dejson()

    def get_password(self) -> str | None:
        return self.password

    def get_extra(self) -> str | None:
        return self.extra

    def set_password(self, value: str | None) -> None:
        self.password = value
        self._mask()

    def set_extra(self, value: str) -> None:
        self.extra = value

    def get_hook(self, *, hook_params: dict[str, Any] | None = None) -> Any:
        """Return the hook of the connection's type, from the installed providers.

        :raises AirflowException: no installed provider has one
        """
        from slipstream.sdk.provider import hook_of  # reads installed packages

        return hook_of(self, hook_params or {})

    def test_connection(self) -> tuple[bool, str]:
        """Try to connect; return whether it worked, and a message."""
        try:
            hook = self.get_hook()
            if not hasattr(hook, "test_connection"):
                return (
                    False,
                    f"{type(hook).__name__} cannot test a connection: it has no test_connection().",
                )
            status, message = hook.test_connection()
        except Exception as e:
            return False, str(e)
        return status, message

    # Other forms

    def get_uri(self) -> str:
        """Return the connection as a URI that ``uri=`` reads back."""
        scheme = (self.conn_type or "").lower().replace("_", "-")
        host = self.host or ""
        if "://" in host:
            inner, host = host.split("://", 1)
            uri = f"{scheme}://{inner}://" if scheme else f"{inner}://"
        else:
            uri = f"{scheme}://" if scheme else "//"
        authority = ""
        if self.login is not None:
            authority += quote(self.login, safe="")
        if self.password is not None:
            authority += ":" + quote(self.password, safe="")
        if authority:
            authority += "@"
        host_part = quote(host, safe="")
        if self.port is not None:
            host_part += f":{self.port}" if host_part or authority else f"@:{self.port}"
        if self.schema:
            host_part += f"/{quote(self.schema, safe='')}"
        uri += authority + host_part
        if self.extra:
            uri += self._query(has_path="/" in host_part)
        return uri

    async def aget_uri(self) -> str:
        """Return the connection as a URI, from a coroutine."""
        return self.get_uri()

    def _query(self, *, has_path: bool) -> str:
        slash = "" if has_path else "/"
        extra = self._extra_or_nothing()
        pairs = {k: v for k, v in extra.items() if isinstance(v, str)}
        if extra and len(pairs) == len(extra):
            query = urlencode(pairs)
            if dict(parse_qsl(query, keep_blank_values=True)) == extra:
                return f"{slash}?{query}"
        return f"{slash}?{urlencode({self.EXTRA_KEY: self.extra})}"

    @classmethod
    def from_uri(cls, uri: str, conn_id: str) -> Connection:
        """Return the connection that a URI describes."""
        return cls(conn_id=conn_id, uri=uri)

    @classmethod
    def from_json(cls, value: str | bytes, conn_id: str | None = None) -> Connection:
        """Return the connection that a JSON object describes.

        :raises ValueError: it is no JSON object, has a field that no connection has, or its port
            is no number
        """
        fields = json.loads(value)
        if not isinstance(fields, dict):
            raise ValueError(f"Connection {conn_id!r}: the JSON must be an object")
        extra = fields.pop("extra", None)
        conn_type = fields.pop("conn_type", None)
        if "uri" in fields and conn_type is None and extra is None:
            return cls(conn_id=conn_id, uri=fields["uri"])
        port = fields.pop("port", None)
        if port == "":
            port = None
        elif port is not None:
            try:
                port = int(port)
            except ValueError:
                raise ValueError(f"port is {port!r}: it must be a whole number.") from None
        if extra is not None and not isinstance(extra, str):
            extra = json.dumps(extra)
        known = ("description", "host", "login", "password", "schema")
        unknown = fields.keys() - {*known, "conn_id", "uri", "team_name"}
        if unknown:
            raise ValueError(
                f"a connection has no field {min(unknown)!r}: its fields are conn_type, "
                f"{', '.join(known)}, port and extra."
            )
        values = {k: fields[k] for k in known if k in fields}
        return cls(
            conn_id=conn_id or fields.get("conn_id"),
            conn_type=normalize_type(conn_type) if conn_type else None,
            port=port,
            extra=extra or None,
            **values,
        )

    def as_json(self) -> str:
        """Return the connection as a JSON object, without its id."""
        fields = self.to_dict(prune_empty=True)
        fields.pop("conn_id", None)
        return json.dumps(fields)

    def to_dict(self, *, prune_empty: bool = False, validate: bool = True) -> dict[str, Any]:
        """Return the fields as a dict, the extra decoded."""
        fields: dict[str, Any] = {
            "conn_id": self.conn_id,
            "conn_type": self.conn_type,
            "description": self.description,
            "host": self.host,
            "login": self.login,
            "password": self.password,
            "schema": self.schema,
            "port": self.port,
            "extra": self.extra_dejson,
        }
        return {k: v for k, v in fields.items() if v} if prune_empty else fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Connection) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.conn_id

    def __repr__(self) -> str:
        names = ("conn_id", "conn_type", "description", "host", "schema", "login", "port")
        parts = [f"{name}={getattr(self, name)!r}" for name in names]
        parts.append("password='***'" if self.password else "password=None")
        return f"Connection({', '.join(parts)})"


def normalize_type(conn_type: str) -> str:
    """Return the connection type that a URI's scheme stands for."""
    if conn_type == "postgresql":
        return "postgres"
    return conn_type.replace("-", "_") if "-" in conn_type else conn_type


def _hostname(netloc: str) -> str:
    """Return the host of a URI's authority, in lower case."""
    host = netloc.rpartition("@")[2].lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def mask_uri(uri: str) -> str:
    """Return a URI for messages, without its password."""
    scheme, sep, rest = uri.partition("://")
    userinfo, at, host = rest.rpartition("@")
    login = userinfo.partition(":")[0]
    return f"{scheme}{sep}{login}:***{at}{host}" if at else uri
