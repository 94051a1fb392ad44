"""Whether the API server answers: asked before there is work, and again when a call has failed.

One slow answer is no outage: who was there is away when it fails to answer twice in a row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from slipstream.worker.http_client import ApiMisunderstood, Client
from slipstream.worker.task_api import ApiUnavailable, OtherVersion, TurnedAway

_SECOND_LOOK_S = 0.5
_LONGEST_PAUSE_S = 2.0

Tell = Callable[[bool, str], None]
"""Called with whether the server is there, and why not."""


class Reach:
    """Asks in a thread of its own, and tells of each change; the first answer is one."""

    def __init__(self, client: Client, tell: Tell, *, every_s: float) -> None:
        """``every_s`` is how long a server is believed to be there of which nothing is heard."""
        self._client = client
        self._tell = tell
        self._every_s = every_s
        self._is_there: bool | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reach", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask no more, and hang up."""
        self._ended.set()
        self._client.trouble.set()
        self._thread.join()

    def _run(self) -> None:
        pause_s = _SECOND_LOOK_S
        n_failed = 0
        while not self._ended.is_set():
            why = self._ask()
            if why is None:
                n_failed, pause_s = 0, _SECOND_LOOK_S
                self._now(True, "")
                if not self._ended.is_set():  # _ask may have cleared what stop has set
                    self._client.trouble.wait(self._every_s)
                continue
            n_failed += 1
            if n_failed > 1 or not self._is_there:
                self._now(False, why)
            self._ended.wait(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
        self._client.hang_up()

    def _ask(self) -> str | None:
        """Return why the server does not answer as one; None when it does."""
        if not self._client.trouble.is_set() and self._client.silent_s() < self._every_s:
            return None
        self._client.trouble.clear()
        try:
            self._client.call("health", None, "", method="GET")
        except OtherVersion:
            return None  # it is there, and each attempt can be refused with the reason
        except (ApiUnavailable, ApiMisunderstood, TurnedAway) as exc:
            return str(exc)
        return None

    def _now(self, is_there: bool, why: str) -> None:
        if is_there is not self._is_there:
            self._is_there = is_there
            self._tell(is_there, why)
