"""A limit to failed logins, by user name and by address: in memory, each process its own."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict, deque
from datetime import datetime

from slipstream.config import conf
from slipstream.errors import ConfigError

_MAX_KEYS = 20_000
"""So many names and addresses are remembered; beyond, the one seen longest ago is forgotten."""
_FORM = re.compile(r"\s*(\d+)\s+per\s+(\d+)\s*(second|minute|hour)s?\s*$", re.IGNORECASE)
_UNITS = {"second": 1, "minute": 60, "hour": 3600}
_PER_ADDRESS = 4
"""An address may fail so many times as often as a name: people share one behind a router."""


class Throttle:
    """Counts logins that failed, or have not succeeded yet, within a sliding window."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._tries: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def configured(cls) -> Throttle:
        """Return the limit of ``[fab] auth_rate_limit``; raise ConfigError."""
        if not conf.getboolean("fab", "auth_rate_limited", fallback=True):
            return cls(0, 1.0)
        text = conf.get("fab", "auth_rate_limit", fallback="") or "5 per 40 second"
        found = _FORM.match(text)
        if found is None or not int(found[1]) or not int(found[2]):
            raise ConfigError(
                f"[fab] auth_rate_limit is {text!r}: it must be like 5 per 40 second."
            )
        return cls(int(found[1]), float(int(found[2]) * _UNITS[found[3].lower()]))

    def begin(self, name: str, address: str, now: datetime) -> float:
        """Count a try; return 0, or the seconds to wait when there were too many already."""
        if not self._limit:
            return 0.0
        at = now.timestamp()
        with self._lock:
            wait = 0.0
            keys = (
                (("name", name), self._limit),
                (("address", address), self._limit * _PER_ADDRESS),
            )
            for key, limit in keys:
                tries = self._of(key, at)
                if len(tries) >= limit:
                    wait = max(wait, tries[-limit] + self._window_s - at)
            if wait <= 0:
                for key, _ in keys:
                    self._tries[key].append(at)
            return max(wait, 0.0)

    def succeeded(self, name: str, address: str) -> None:
        """Forget a name's tries, and the last one of the address: it was good."""
        with self._lock:
            self._tries.pop(("name", name), None)
            tries = self._tries.get(("address", address))
            if tries:
                tries.pop()

    def _of(self, key: tuple[str, str], at: float) -> deque[float]:
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        while len(self._tries) > _MAX_KEYS:
            self._tries.popitem(last=False)
        # A clock that was set back must not lock anybody out for long.
        while tries and not at - self._window_s < tries[0] <= at + self._window_s:
            tries.popleft()
        return tries
