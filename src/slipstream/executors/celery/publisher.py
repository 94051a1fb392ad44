"""The thread that talks to the broker on the scheduler's behalf.

The scheduler only appends to memory. While the broker is away everything waits there, with one line
in the log when it goes and one when it takes them again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping

from slipstream.clock import Clock
from slipstream.executors.base import Trouble
from slipstream.executors.celery.broker import Broker
from slipstream.executors.celery.message import Envelope
from slipstream.executors.celery.trouble import refusal
from slipstream.executors.ledger import Ledger
from slipstream.token import start_lifetime_s

log = logging.getLogger(__name__)

_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.1, 2.0
_SHARE = 256
"""Messages between two looks at what else there is to do."""


class Publisher:
    """Publishes what is handed to it, in a thread. Every method may be called from any thread."""

    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock
        # With its token, an attempt's message expires.
        self._ledger: Ledger[Envelope] = Ledger(start_lifetime_s())
        self._unwanted: dict[str, str] = {}
        self._changed = threading.Condition()
        self._is_stopping = False
        self._retry_s = 0.0
        """How long the broker is given before the next try; 0: it is there."""
        self.trouble: Trouble | None = None
        self._thread = threading.Thread(target=self._run, name="celery-publisher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, envelopes: Iterable[tuple[Envelope, bool]]) -> None:
        """Take messages; each with whether it was published before."""
        now = self._clock.monotonic()
        with self._changed:
            for envelope, was_published in envelopes:
                self._ledger.add(envelope, now, was_published=was_published)
            self._changed.notify()

    def heard(self, attempt_ids: Iterable[str]) -> None:
        """Forget attempts that have begun or ended."""
        with self._changed:
            self._ledger.forget(attempt_ids, begun=True)

    def end(self, reasons: Mapping[str, str]) -> list[str]:
        """Tell the workers to end attempts, and why each; return those that nobody had begun."""
        with self._changed:
            known = self._ledger.forget(reasons)
            self._unwanted |= reasons
            self._changed.notify()
        return known

    def known(self, attempt_ids: Iterable[str]) -> set[str]:
        """Return those that are in its care."""
        with self._changed:
            return {id_ for id_ in attempt_ids if id_ in self._ledger}

    def stop(self, deadline_s: float) -> None:
        """Publish what is left, if the broker takes it in time, and end."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(deadline_s)

    # The thread

    def _run(self) -> None:
        while self._wait():
            try:
                self._work()
            except self._broker.errors as exc:
                self._away(exc)
            except Exception as exc:
                log.exception("publishing failed")
                self._away(exc)
            else:
                self._back()
        self._broker.close()

    def _wait(self) -> bool:
        """Wait for something to do; False when it is time to end."""
        with self._changed:
            if self._retry_s:
                self._changed.wait_for(lambda: self._is_stopping, self._retry_s)
                return not self._is_stopping
            while not (self._ledger.has_due or self._unwanted):
                if self._is_stopping:
                    return False
                left_s = self._ledger.next_look_at() - self._clock.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(min(left_s, threading.TIMEOUT_MAX))
        return True

    def _work(self) -> None:
        with self._changed:
            due = self._ledger.take_due()[:_SHARE]
            unwanted = dict(self._unwanted)
        if unwanted:
            self._broker.end(unwanted)
            with self._changed:
                for attempt_id in unwanted:
                    self._unwanted.pop(attempt_id, None)
        for entry in due:
            self._broker.publish(entry.letter)
            with self._changed:
                self._ledger.published(entry, self._clock.monotonic())
        self._look()

    def _look(self) -> None:
        """Ask the broker about what has waited long."""
        with self._changed:
            now = self._clock.monotonic()
            if self._ledger.next_look_at() > now:
                return
            suspects = self._ledger.suspects(now)
        for queue, entries in suspects.items():
            n_waiting = self._broker.n_waiting(queue)
            with self._changed:
                n_again = self._ledger.looked(entries, self._clock.monotonic(), n_waiting=n_waiting)
            if n_again:
                log.info("queue %s: %d attempts that nobody has begun go out again", queue, n_again)

    def _away(self, error: Exception) -> None:
        is_refused = not isinstance(error, self._broker.lost)
        what = "refuses what is asked of it" if is_refused else "is away"
        text = f"The broker {self._broker.address} {what}: {refusal(error)}"
        if self.trouble is None:
            log.error("%s. Attempts wait here until it takes them.", text)
            with self._changed:
                self._ledger.connection_broke(self._clock.monotonic())
        since = self._clock.now() if self.trouble is None else self.trouble.since
        self.trouble = Trouble(text, since)
        self._broker.close()
        self._retry_s = min(_LONGEST_RETRY_S, (self._retry_s or _FIRST_RETRY_S / 2) * 2)

    def _back(self) -> None:
        if self.trouble is not None:
            self._retry_s = 0.0
            self.trouble = None
            log.info("The broker %s takes attempts again.", self._broker.address)
