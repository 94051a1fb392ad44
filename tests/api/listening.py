"""A client of the event stream: reads events as they come, each with a deadline."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from tests.api.running import Api

WITHIN_S = 30.0


@dataclass(frozen=True)
class Event:
    name: str
    id: str
    data: Any


class Ear:
    """Events of one stream, in order; ``ended`` is set when the server closed it."""

    def __init__(self) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.ended = threading.Event()

    def next(self, name: str = "changes") -> Event:
        event = self.events.get(timeout=WITHIN_S)
        assert event.name == name, event
        return event

    def until(self, matches: Callable[[Any], bool]) -> Event:
        """Return the first ``changes`` event whose data matches."""
        deadline = time.monotonic() + WITHIN_S
        while True:
            event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            assert event.name == "changes", event
            if matches(event.data):
                return event

    def is_silent(self, for_s: float) -> bool:
        try:
            self.events.get(timeout=for_s)
        except queue.Empty:
            return True
        return False

    def hear(self, reply: httpx.Response) -> None:
        fields: dict[str, str] = {}
        with contextlib.suppress(httpx.HTTPError, httpx.StreamClosed):
            for line in reply.iter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                    continue
                if "event" in fields:
                    data = json.loads(fields["data"])
                    self.events.put(Event(fields["event"], fields["id"], data))
                fields = {}
        self.ended.set()


@contextlib.contextmanager
def listening(api: Api, last_id: str | None = None, **params: str) -> Iterator[Ear]:
    """Listen to the stream; it has said hello when this yields."""
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    ear = Ear()
    with api.stream("GET", "/stream", params=params, headers=headers, timeout=60) as reply:
        assert reply.status_code == 200, reply.read()
        thread = threading.Thread(target=ear.hear, args=(reply,), daemon=True)
        thread.start()
        ear.next("hello")
        try:
            yield ear
        finally:
            # Else the thread's read keeps the connection open, however often it is closed here.
            connection = reply.extensions["network_stream"].get_extra_info("socket")
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(WITHIN_S)
