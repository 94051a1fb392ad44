"""A worker's connection to its broker: waits for one that is away, and survives what it delivers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from celery.worker.consumer import Consumer as CeleryConsumer
from celery.worker.state import maybe_shutdown

from slipstream.executors.celery.intake import refuse
from slipstream.executors.celery.message import Garbage
from slipstream.executors.celery.trouble import refusal

log = logging.getLogger(__name__)

_FIRST_RETRY_S, _RETRY_STEP_S, _LONGEST_RETRY_S = 0.2, 0.2, 2.0
_SAME_TROUBLE_S = 10.0
"""So soon after the last time, the same refusal is not told again."""


class Consumer(CeleryConsumer):
    """Celery's consumer with a shorter patience, and without a weak spot for odd messages."""

    _refusal = ""
    _refused_at = float("-inf")

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, however long it takes; until then the pool's news is read all the same."""
        is_away = False

        def on_error(exc: BaseException, interval_s: float) -> None:
            nonlocal is_away
            if not is_away:
                is_away = True
                log.error("The broker %s is away: %s. Waiting for it.", conn.as_uri(), exc)

        while True:
            try:
                found = conn.ensure_connection(
                    on_error,
                    None,
                    interval_start=_FIRST_RETRY_S,
                    interval_step=_RETRY_STEP_S,
                    interval_max=_LONGEST_RETRY_S,
                    callback=self._meanwhile,
                )
                break
            except (*conn.connection_errors, *conn.channel_errors) as exc:
                # No such user or vhost: RabbitMQ may get them soon after it has started.
                on_error(exc, _LONGEST_RETRY_S)
                self._wait(_LONGEST_RETRY_S)
        self.first_connection_attempt = False
        if is_away:
            log.info("The broker %s is there.", conn.as_uri())
        _survive_non_messages(found.transport)
        return found

    def loop_args(self) -> tuple[Any, ...]:
        """Return what Celery's loop works with; it is to open the queues by way of us."""
        me, connection, task_consumer, *rest = super().loop_args()
        self.pool.on_taking = self.open_or_close
        return me, connection, _Gate(task_consumer, self.open_or_close), *rest

    def open_or_close(self) -> None:
        """Take messages while the pool takes attempts, and only then."""
        if self.task_consumer is None:
            return
        if self.pool.taking.is_on:
            self.task_consumer.consume()
        else:
            self.task_consumer.cancel()

    def add_task_queue(self, *args: Any, **kwargs: Any) -> None:
        """Take messages of one more queue; Celery would begin with all of them at once."""
        super().add_task_queue(*args, **kwargs)
        self.open_or_close()

    def on_connection_error_after_connected(self, exc: BaseException) -> None:
        """Drop the connection; what runs goes on, and is not ended as Celery can be told to.

        What the broker refuses now (Redis that may not write, or is a replica since a failover; a queue
        of another kind on RabbitMQ) it may take later: the next try is to be no busy loop.
        """
        is_refused = not isinstance(exc, self.connection_errors)
        if is_refused:
            self._tell_refusal(refusal(exc))
        else:
            log.error("The connection to the broker is lost: %s.", exc)
        try:
            self.connection.collect()
        except Exception as error:
            log.debug("it does not even close: %s", error)
        self.pool.forget_messages()
        if is_refused:
            self._wait(_LONGEST_RETRY_S)

    def _tell_refusal(self, why: str) -> None:
        now = time.monotonic()
        if why != self._refusal or now - self._refused_at > _SAME_TROUBLE_S:
            log.error(
                "The broker %s refuses what is asked of it: %s. Trying again every %g s.",
                *(self.connection.as_uri(), why, _LONGEST_RETRY_S),
            )
        self._refusal, self._refused_at = why, now

    def _meanwhile(self) -> None:
        """Do what cannot wait for the broker."""
        maybe_shutdown()
        self.pool.poll()

    def _wait(self, for_s: float) -> None:
        ends_at = time.monotonic() + for_s
        while time.monotonic() < ends_at:
            self._meanwhile()
            time.sleep(0.1)

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Callable[[Any], None]:
        """Return Celery's handler, kept from ending the worker over one message."""
        handle = super().create_task_handler(*args, **kwargs)
        fatal = (*self.connection_errors, *self.channel_errors, MemoryError)

        def on_message(message: Any) -> None:
            try:
                handle(message)
            except fatal:
                raise
            except Exception as exc:
                refuse(message, Garbage(f"it is no task message ({exc!r})"), self.connection_errors)

        return on_message

    def on_unknown_message(self, body: Any, message: Any) -> None:
        """Refuse what is no Celery task at all."""
        refuse(message, Garbage("it is no task message"), self.connection_errors)

    def on_unknown_task(self, body: Any, message: Any, exc: BaseException) -> None:
        """Refuse another application's task."""
        name = str(message.headers.get("task"))[:100]
        refuse(message, Garbage(f"it is another application's ({name!r})"), self.connection_errors)

    def on_invalid_task(self, body: Any, message: Any, exc: BaseException) -> None:
        """Refuse a task message in a form that is not taken, such as pickle."""
        refuse(message, Garbage(f"its content is not accepted ({exc})"), self.connection_errors)

    def on_decode_error(self, message: Any, exc: BaseException) -> None:
        """Refuse a body that cannot be decoded."""
        refuse(message, Garbage(f"it cannot be decoded ({exc})"), self.connection_errors)


class _Gate:
    """Celery's loop sees the consumer of the tasks through this."""

    def __init__(self, consumer: Any, consume: Callable[[], None]) -> None:
        self.__dict__.update(_consumer=consumer, consume=consume)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._consumer, name, value)


def _survive_non_messages(transport: Any) -> None:
    """Keep what is not even an envelope from ending the worker: anybody may push to a Redis list."""
    read = getattr(transport, "on_readable", None)
    if read is None:
        return

    def on_readable(*args: Any) -> None:
        try:
            read(*args)
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            log.error("Something in the broker is no message and is dropped: %r", exc)

    transport.on_readable = on_readable
