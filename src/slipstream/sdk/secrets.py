"""Where variables and connections are looked up: backends of the user's, environment, database."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from slipstream.config import conf
from slipstream.sdk import environment, taskapi
from slipstream.sdk.exceptions import AirflowException, AirflowNotFoundException
from slipstream.sdk.taskapi import ConnectionData

log = logging.getLogger(__name__)

T = TypeVar("T")


class BaseSecretsBackend:
    """Base of secrets backends; providers subclass it."""

    @staticmethod
    def build_path(path_prefix: str, secret_id: str, sep: str = "/") -> str:
        """Return the name of a secret in the backend."""
        return f"{path_prefix}{sep}{secret_id}"

    def get_conn_value(self, conn_id: str) -> str | None:
        """Return a connection as URI or JSON."""
        raise NotImplementedError

    def deserialize_connection(self, conn_id: str, value: str) -> Any:
        """Return the connection that ``get_conn_value`` gave."""
        from slipstream.sdk.connection import Connection  # imports this module

        value = value.strip()
        if value.startswith("{"):
            return Connection.from_json(value, conn_id=conn_id)
        return Connection(conn_id=conn_id, uri=value)

    def get_connection(self, conn_id: str) -> Any:
        """Return the connection, or None."""
        value = self.get_conn_value(conn_id=conn_id)
        return self.deserialize_connection(conn_id=conn_id, value=value) if value else None

    def get_variable(self, key: str) -> str | None:
        """Return a variable's text, or None."""
        raise NotImplementedError

    def get_config(self, key: str) -> str | None:
        """Return a setting that ``…_SECRET`` names, or None."""
        return None


class EnvironmentVariablesBackend(BaseSecretsBackend):
    """``AIRFLOW_CONN_…`` and ``AIRFLOW_VAR_…``."""

    def get_conn_value(self, conn_id: str) -> str | None:
        return environment.get_connection(conn_id)

    def get_connection(self, conn_id: str) -> Any:
        """Return the connection, or None.

        :raises AirflowNotFoundException: the variable is set, and describes no connection
        """
        try:
            return super().get_connection(conn_id)
        except (AirflowException, ValueError) as error:
            # As in Airflow, where such a connection is one that is not defined.
            raise AirflowNotFoundException(
                f"{environment.connection_name(conn_id)} describes no connection: {error} "
                "Give it a URI, type://login:password@host:port/schema, or a JSON object of fields."
            ) from error

    def get_variable(self, key: str) -> str | None:
        return environment.get_variable(key)


class MetastoreBackend(BaseSecretsBackend):
    """The metadata database, through the task API."""

    def get_connection(self, conn_id: str) -> Any:
        from slipstream.sdk.connection import Connection  # imports this module

        data: ConnectionData | None = taskapi.current().get_connection(conn_id)
        if data is None:
            return None
        fields: dict[str, Any] = {**data, "conn_id": conn_id}
        return Connection(**fields)

    def get_variable(self, key: str) -> str | None:
        return taskapi.current().get_variable(key)


@functools.cache
def backends() -> tuple[BaseSecretsBackend, ...]:
    """Return the backends in the order in which they are asked."""
    found: list[BaseSecretsBackend] = []
    for section in ("workers", "secrets"):
        key = "secrets_backend" if section == "workers" else "backend"
        if conf.get(section, key, fallback=""):
            cls: Any = conf.getimport(section, key)
            kwargs = conf.getjson(section, f"{key}_kwargs", fallback={}) or {}
            found.append(cls(**kwargs))
            break
    return (*found, EnvironmentVariablesBackend(), MetastoreBackend())


def get_variable(key: str) -> str | None:
    """Return a variable's text from the first backend that has it, or None."""
    for backend in backends():
        value = _ask(backend, backend.get_variable, f"the variable {key!r}", key=key)
        if value is not None:
            return value
    return None


def get_connection(conn_id: str) -> Any:
    """Return a connection from the first backend that has it, or None."""
    for backend in backends():
        what = f"the connection {conn_id!r}"
        found = _ask(backend, backend.get_connection, what, conn_id=conn_id)
        if found is not None:
            return found
    return None


def _ask(backend: BaseSecretsBackend, read: Callable[..., T], what: str, **secret: str) -> T | None:
    """Return what a backend has, or None; one of the user's that fails has nothing, as in Airflow.

    A vault that is away, or forbids one name, must not hide what the environment and the database
    have.
    """
    if isinstance(backend, EnvironmentVariablesBackend | MetastoreBackend):
        return read(**secret)
    try:
        return read(**secret)
    except Exception:
        log.warning(
            "The secrets backend %s failed to look up %s; the next one is asked.",
            type(backend).__name__,
            what,
            exc_info=True,
        )
        return None
