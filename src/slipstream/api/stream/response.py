"""The response that does not end: hello, changes, and a comment when there are none.

Plain ASGI. It ends when the client goes, when the server stops, when the caller may no longer
listen, and when the client takes nothing any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from slipstream.api.protocol import CONNECTION
from slipstream.api.stream.filter import Renderer, Wanted, message
from slipstream.api.stream.hub import Hub, Listener

KEEP_ALIVE_S = 15.0
SEND_S = 20.0
"""A client that takes nothing for so long is cut off."""
_RETRY = b"retry: 1000\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # for proxies that would collect the events
]

Recheck = Callable[[], Awaitable[Wanted | None]]
"""Says what the caller may know now; None: nothing any more."""


class EventStream(Response):
    """Tells a listener, which it takes over, until one of the two goes."""

    def __init__(
        self, hub: Hub, listener: Listener, renderer: Renderer, wanted: Wanted, recheck: Recheck
    ) -> None:
        super().__init__(media_type="text/event-stream")
        self._hub = hub
        self._listener = listener
        self._renderer = renderer
        self._wanted = wanted
        self._recheck = recheck

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection: Any = scope.get(CONNECTION)
        if connection is not None:
            connection.on_shutdown = self._listener.close
        gone = asyncio.create_task(self._until_gone(receive))
        try:
            await self._tell(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            if connection is not None:
                connection.abort()
        finally:
            gone.cancel()
            self._hub.leave(self._listener)
            if connection is not None:
                connection.on_shutdown = None

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._listener.close()

    async def _tell(self, send: Send) -> None:
        listener = self._listener
        await _within(send, {"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _body(send, _RETRY + message("hello", listener.cursor, {}))
        loop = asyncio.get_running_loop()
        check_at = loop.time() + KEEP_ALIVE_S
        said_at = loop.time()
        while not listener.is_closed:
            changes = await listener.next(
                max(0.0, min(check_at, said_at + KEEP_ALIVE_S) - loop.time())
            )
            event = None
            if changes is not None:
                event = self._renderer.event(changes, self._wanted)
            if loop.time() >= check_at or (changes is not None and "users" in changes.flags):
                allowed = await self._recheck()
                if allowed is None:
                    return
                if allowed != self._wanted:
                    self._wanted = allowed
                    event = message("reset", listener.cursor, {})
                check_at = loop.time() + KEEP_ALIVE_S
            if event is None and loop.time() - said_at >= KEEP_ALIVE_S:
                # No event, but the place to resume from.
                event = f":\nid: {listener.cursor}\n\n".encode()
            if event is not None and not listener.is_closed:
                await _body(send, event)
                said_at = loop.time()


async def _body(send: Send, body: bytes) -> None:
    await _within(send, {"type": "http.response.body", "body": body, "more_body": True})


async def _within(send: Send, sent: Message) -> None:
    async with asyncio.timeout(SEND_S):
        await send(sent)
