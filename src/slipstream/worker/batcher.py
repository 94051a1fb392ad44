"""Group commit: one writer thread, and a batch of whatever came in while it wrote the last one.

When idle, a start or finish is committed at once; under load, a transaction carries all that
accumulated during the one before, so the batch size adjusts itself. While the store is away or
takes long, outcomes go to the journal, the batch waits, and the rest of the host goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from slipstream.attempt import Outcome
from slipstream.errors import SlipstreamError
from slipstream.state import TaskInstanceState
from slipstream.worker.journal import Journal
from slipstream.worker.task_api import ApiUnavailable, Batch, Committed, TaskAPI, TurnedAway

log = logging.getLogger(__name__)

_RETRY_FIRST_S = 0.1
_RETRY_MAX_S = 2.0

OnDone = Callable[[Batch, Committed], None]
OnRefused = Callable[[TurnedAway], None]


class Batcher:
    """Writes starts, finishes and heartbeats in the order in which they were given."""

    def __init__(
        self,
        api: TaskAPI,
        journal: Journal,
        on_done: OnDone,
        on_refused: OnRefused = lambda _: None,
    ) -> None:
        """``on_done`` is called in the writer thread after each commit.

        ``on_refused`` is called there when nothing of this host will ever be taken; what it had to
        say is in the journal then, and the thread has ended.
        """
        self._on_refused = on_refused
        self._api = api
        self._journal = journal
        self._on_done = on_done
        self._pending = Batch()
        self._writing: Batch | None = None
        self._writing_since = 0.0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self.notify = False
        """Leave the scheduler word of finishes in the store (its socket is gone)."""

    def start(self) -> None:
        self._thread.start()

    def add(self, batch: Batch) -> None:
        """Hand over a batch for the next transaction."""
        with self._changed:
            self._pending.extend(batch)
            self._changed.notify_all()

    @property
    def is_idle(self) -> bool:
        """Whether everything handed over has been written."""
        with self._changed:
            return self._writing is None and not self._pending

    def safeguard(self, after_s: float) -> None:
        """Journal what is not written yet, if the write at hand has taken longer than this.

        A database that is locked or does not answer holds the writer thread without an error.
        """
        with self._changed:
            is_slow = time.monotonic() - self._writing_since > after_s
            if self._writing is not None and is_slow:
                self._journal.add(self._writing.finishes + self._pending.finishes)

    def close(self, timeout_s: float) -> bool:
        """Write what is left, end the thread; False when the store did not take it in time.

        What it did not take is in the journal then.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            self.safeguard(0.0)
            return False
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._writing = None
                while not self._pending and not self._closed:
                    self._changed.wait()
                if not self._pending:
                    return
                batch, self._pending = self._pending, Batch()
                self._writing, self._writing_since = batch, time.monotonic()
            if not self._write(batch):
                return

    def _write(self, batch: Batch) -> bool:
        """Write until it is written; False when the host closed first (the journal has it)."""
        delay_s = _RETRY_FIRST_S
        while True:
            try:
                committed = self._api.commit(batch, notify=self.notify)
            except ApiUnavailable as exc:
                if delay_s == _RETRY_FIRST_S:
                    log.warning("the store is away; keeping outcomes until it is back: %s", exc)
                self.safeguard(0.0)
                if not self._pause(delay_s):
                    self.safeguard(0.0)
                    return False
                self._take_pending_into(batch)
                delay_s = min(delay_s * 2, _RETRY_MAX_S)
            except TurnedAway as exc:
                self.safeguard(0.0)
                self._on_refused(exc)
                return False
            except Exception as exc:
                # What a person did wrong has its words; a traceback is for what nobody foresaw.
                log.error(
                    "a batch was refused as a whole; writing its parts one by one: %s",
                    exc,
                    exc_info=not isinstance(exc, SlipstreamError),
                )
                self._write_one_by_one(batch)
                break
            else:
                if delay_s > _RETRY_FIRST_S:
                    log.warning("the store is back; wrote %d outcome(s)", len(batch.finishes))
                self._on_done(batch, committed)
                break
        with self._changed:
            self._journal.clear(keep=self._pending.finishes)
        return True

    def _pause(self, delay_s: float) -> bool:
        """Wait before the next try; False when the host closed."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._closed, timeout=delay_s)

    def _take_pending_into(self, batch: Batch) -> None:
        with self._changed:
            batch.extend(self._pending)
            self._pending = Batch()

    def _write_one_by_one(self, batch: Batch) -> None:
        """Find the part that the store refuses, so that the others are not lost with it."""
        for start in batch.starts:
            self._write_part(Batch(starts=[start]))
        for start in batch.callback_starts:
            self._write_part(Batch(callback_starts=[start]))
        for rendered in batch.rendered:
            self._write_part(Batch(rendered=[rendered]))
        for outcome in batch.finishes:
            error = self._write_part(Batch(finishes=[outcome]))
            if error is not None:
                self._write_part(Batch(finishes=[_unsaved(outcome, error)]))
        if batch.callbacks:
            self._write_part(Batch(callbacks=batch.callbacks))

    def _write_part(self, part: Batch) -> Exception | None:
        """Write a part until it is written; return why the store refuses it."""
        while True:
            try:
                committed = self._api.commit(part, notify=self.notify)
            except ApiUnavailable:
                self.safeguard(0.0)
                if not self._pause(_RETRY_MAX_S):
                    self.safeguard(0.0)
                    return None  # the journal has it
            except Exception as exc:
                ids = [s.attempt_id for s in [*part.starts, *part.callback_starts]]
                ids += [o.attempt_id for o in part.finishes]
                log.error(
                    "the store refuses what there is of %s: %s",
                    ", ".join(ids),
                    exc,
                    exc_info=not isinstance(exc, SlipstreamError),
                )
                self._on_done(part, Committed(refused=dict.fromkeys(ids, _words_of(exc))))
                return exc
            else:
                self._on_done(part, committed)
                return None


def _unsaved(outcome: Outcome, error: Exception) -> Outcome:
    """Return the outcome of an attempt whose real one the store cannot take."""
    return replace(
        outcome,
        state=TaskInstanceState.FAILED,
        xcoms=None,
        rendered_fields=None,
        defer=None,
        error=f"The task ended, but its result could not be saved: {_words_of(error)}",
    )


def _words_of(error: Exception) -> str:
    """Return what people may read: a driver's error shows statements and values."""
    return str(error) if isinstance(error, SlipstreamError) else "the worker host's log says why."
