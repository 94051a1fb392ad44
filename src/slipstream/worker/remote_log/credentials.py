"""A connection as fsspec's storage options, one small function per kind of store.

As Airflow: the connection is ``[logging] remote_log_conn_id``, of the type that the provider has (aws,
wasb or adls, google_cloud_platform), or ``generic``, whose extra is taken as it is. Without one, the
store's own library finds the credentials of its environment.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from slipstream.config import conf
from slipstream.errors import UserError
from slipstream.sdk import secrets
from slipstream.sdk.connection import Connection
from slipstream.store import Store
from slipstream.store import connection as stored
from slipstream.worker.remote_log.target import Target

Options = dict[str, Any]

_OPTION = "[logging] remote_log_conn_id"
_S3_CLIENT = {"connect_timeout": 5, "read_timeout": 30, "retries": {"max_attempts": 2}}
"""Botocore's own patience is minutes; ours is the uploader's."""


def find(conn_id: str, store: Store | None = None) -> Connection:
    """Return a connection from where connections are found; raise UserError when there is none.

    Without a ``store``, the database is opened only if no secrets backend and no variable has it.
    """
    for backend in secrets.backends():
        if isinstance(backend, secrets.MetastoreBackend):
            continue
        found: Connection | None = backend.get_connection(conn_id=conn_id)
        if found is not None:
            return found
    if store is not None:
        return _stored(conn_id, store)
    with Store.open() as opened:
        return _stored(conn_id, opened)


def _stored(conn_id: str, store: Store) -> Connection:
    with store.read() as conn:
        row = stored.get(conn, conn_id)
    if row is None:
        raise UserError(f"{_OPTION} is {conn_id!r}, but there is no such connection.")
    return Connection(
        conn_id=conn_id,
        conn_type=row.conn_type,
        host=row.host,
        login=row.login,
        password=row.password,
        schema=row.schema,
        port=row.port,
        extra=row.extra,
    )


def options(target: Target, connection: Connection | None) -> Options:
    """Return the storage options of a target's file system; raise UserError."""
    read = _READERS.get(target.kind.protocol)
    found: Options = {}
    if connection is not None and connection.conn_type == "generic":
        found = dict(connection.extra_dejson)
    elif connection is not None and read is not None:
        types, reader = read
        if connection.conn_type not in types:
            raise UserError(
                f"{_OPTION} is {connection.conn_id!r}, a connection of type "
                f"{connection.conn_type!r}; for {target.shown} it must be "
                f"{' or '.join((*types, 'generic'))}."
            )
        found = {k: v for k, v in reader(connection).items() if v not in (None, "")}
    return {**_defaults(target), **found}


def _defaults(target: Target) -> Options:
    match target.kind.protocol:
        case "s3":
            found: Options = {"config_kwargs": dict(_S3_CLIENT)}
            if conf.getboolean("logging", "encrypt_s3_logs", fallback=False):
                found["s3_additional_kwargs"] = {"ServerSideEncryption": "AES256"}
            return found
        case "abfs":
            # Without an account, adlfs takes AZURE_STORAGE_…; anonymous access is never meant here.
            named: Options = {"account_name": target.account} if target.account else {}
            return {**named, "anon": False}
        case "gcs":
            key = conf.get("logging", "google_key_path", fallback="")
            return {"token": key} if key else {}
        case _:
            return {"auto_mkdir": True}


def _aws(connection: Connection) -> Options:
    extra = connection.extra_dejson
    if "role_arn" in extra:
        raise UserError(
            f"Connection {connection.conn_id!r} has a role_arn, which is not assumed for logs: give "
            "the environment that role (AWS_ROLE_ARN or a profile), or a connection with keys."
        )
    service: Any = (extra.get("service_config") or {}).get("s3") or {}
    client: Options = {}
    if region := extra.get("region_name"):
        client["region_name"] = region
    if (verify := extra.get("verify")) is not None:
        client["verify"] = verify
    return {
        "key": connection.login or extra.get("aws_access_key_id"),
        "secret": connection.password or extra.get("aws_secret_access_key"),
        "token": extra.get("aws_session_token"),
        "profile": extra.get("profile_name") or extra.get("profile"),
        "endpoint_url": service.get("endpoint_url")
        or extra.get("endpoint_url")
        or extra.get("host"),
        "client_kwargs": {**client, **(extra.get("client_kwargs") or {})} or None,
        "config_kwargs": {**_S3_CLIENT, **(extra.get("config_kwargs") or {})},
    }


def _azure(connection: Connection) -> Options:
    extra = _short_names(connection.extra_dejson)
    if text := extra.get("connection_string"):
        return {"connection_string": text}
    account = extra.get("account_name") or _account_of(connection)
    tenant = extra.get("tenant_id") or extra.get("tenant")
    if tenant:
        return {
            "account_name": account,
            "tenant_id": tenant,
            "client_id": extra.get("client_id") or connection.login,
            "client_secret": extra.get("client_secret") or connection.password,
        }
    return {
        "account_name": account or connection.login,
        "sas_token": extra.get("sas_token"),
        "account_key": extra.get("account_key")
        or extra.get("shared_access_key")
        or (None if extra.get("sas_token") else connection.password),
    }


def _account_of(connection: Connection) -> str | None:
    """Return the account that the host names: ``https://ACCOUNT.blob.core.windows.net`` or its name."""
    host = (connection.host or "").partition("://")[2] or (connection.host or "")
    return host.partition("/")[0].partition(".")[0] or None


def _google(connection: Connection) -> Options:
    extra = _short_names(connection.extra_dejson)
    token: Any = extra.get("token") or extra.get("key_path")
    key: Any = extra.get("keyfile_dict")
    if key:
        try:
            token = json.loads(key) if isinstance(key, str) else key
        except ValueError as error:
            raise UserError(
                f"The keyfile_dict of connection {connection.conn_id!r} is no JSON."
            ) from error
    return {"token": token, "project": extra.get("project") or extra.get("project_id")}


def _short_names(extra: Options) -> Options:
    """Return an extra without the prefix that Airflow's forms once gave its keys."""
    return {key.rpartition("__")[2]: value for key, value in extra.items()}


_READERS: dict[str, tuple[tuple[str, ...], Callable[[Connection], Options]]] = {
    "s3": (("aws", "s3"), _aws),
    "abfs": (("wasb", "adls", "azure_data_lake"), _azure),
    "gcs": (("google_cloud_platform",), _google),
}


def of(target: Target, store: Store | None = None) -> Options:
    """Return the storage options that a target's configuration asks for; raise UserError."""
    return options(target, find(target.conn_id, store) if target.conn_id else None)
