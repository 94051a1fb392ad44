"""``BaseHook``: base of the clients of other systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipstream.sdk.log import LoggingMixin

if TYPE_CHECKING:
    from slipstream.sdk.connection import Connection


class BaseHook(LoggingMixin):
    """Finds connections; subclasses write ``get_conn``."""

    def __init__(self, logger_name: str | None = None) -> None:
        super().__init__()
        self._log_config_logger_name = "airflow.task.hooks"
        self._logger_name = logger_name

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Return the connection of that id.

        :raises AirflowNotFoundException: there is none
        """
        from slipstream.sdk.connection import Connection  # start-up path: most hooks need none

        return Connection.get(conn_id)

    @classmethod
    async def aget_connection(cls, conn_id: str) -> Connection:
        """Return the connection of that id, from a coroutine."""
        import asyncio  # only coroutines call this

        return await asyncio.to_thread(cls.get_connection, conn_id)

    @classmethod
    def get_hook(cls, conn_id: str, hook_params: dict[str, Any] | None = None) -> BaseHook:
        """Return the hook that belongs to the connection's type."""
        hook: BaseHook = cls.get_connection(conn_id).get_hook(hook_params=hook_params)
        return hook

    @classmethod
    async def aget_hook(cls, conn_id: str, hook_params: dict[str, Any] | None = None) -> BaseHook:
        """Return the hook that belongs to the connection's type, from a coroutine."""
        connection = await cls.aget_connection(conn_id)
        hook: BaseHook = connection.get_hook(hook_params=hook_params)
        return hook

    def get_conn(self) -> Any:
        """Return a connected client."""
        raise NotImplementedError(f"{type(self).__name__} must define get_conn()")

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        return {}
