"""Answers tasks' requests in a few threads, so that the loop never waits for the store."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

from slipstream.task.protocol import Message
from slipstream.worker.task_api import ApiUnavailable, Caller, RequestRefused, TaskAPI

log = logging.getLogger(__name__)

N_THREADS = 4

Respond = Callable[[Message], None]
"""Called in the loop's thread with the ``reply`` message."""


class RequestPool:
    """A bounded pool of threads, started with the first request."""

    def __init__(self, api: TaskAPI, call_in_loop: Callable[[Callable[[], None]], None]) -> None:
        self._api = api
        self._call_in_loop = call_in_loop
        self._todo: queue.SimpleQueue[tuple[Caller, Message, Respond]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._n_open = 0

    def ask(self, caller: Caller, message: Message, respond: Respond) -> None:
        """Answer ``message`` for the caller; ``respond`` gets the reply."""
        self._n_open += 1
        if self._n_open > len(self._threads) and len(self._threads) < N_THREADS:
            thread = threading.Thread(target=self._serve, name="requests", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._todo.put((caller, message, respond))

    def _serve(self) -> None:
        while True:
            caller, message, respond = self._todo.get()
            reply: Message = {"m": "reply", "id": message["id"]}
            try:
                reply["value"] = self._api.request(caller, message["method"], message["params"])
            except RequestRefused as exc:
                reply["error"] = {"type": exc.kind, "message": str(exc)}
            except ApiUnavailable as exc:
                reply["error"] = {"type": "StoreUnavailable", "message": str(exc)}
            except Exception as exc:
                log.exception("request %s failed", message["method"])
                reply["error"] = {"type": type(exc).__name__, "message": str(exc)}
            self._call_in_loop(self._responder(respond, reply))

    def _responder(self, respond: Respond, reply: dict[str, Any]) -> Callable[[], None]:
        def run() -> None:
            self._n_open -= 1
            respond(reply)

        return run
