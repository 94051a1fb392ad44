"""One connection to the broker, for the thread that publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celery import Celery
from kombu import Producer

from slipstream.executors.celery.message import END, N_LEVELS, Envelope

_CONNECT_S = 5.0


class Broker:
    """Publishes, looks at queues and tells the workers what to end. Connects when used.

    Any call may raise one of ``errors``; call ``close`` then, and the next one connects anew.
    """

    def __init__(self, app: Celery, *, timeout_s: float) -> None:
        """``timeout_s`` is how long a call to a broker that does not answer may take."""
        self._app = app
        # What the workers are told goes over our connection: a pool would open one of its own, which
        # has none of these timeouts and which nobody closes.
        app.control.mailbox.producer_pool = None
        self._connection = app.connection_for_write(
            connect_timeout=min(_CONNECT_S, max(1.0, timeout_s)),
            transport_options={
                **app.conf.broker_transport_options,
                **_timeouts(app, timeout_s),
            },
        )
        self._is_redis = self._connection.transport.driver_type == "redis"
        self._producer: Producer | None = None
        self._declared: set[str] = set()
        self.lost: tuple[type[Exception], ...] = (*self._connection.connection_errors, OSError)
        """Errors after which the broker is away; the others say that it refuses something."""
        self.errors: tuple[type[Exception], ...] = (*self.lost, *self._connection.channel_errors)

    @property
    def address(self) -> str:
        """The broker's URL without its password."""
        return str(self._connection.as_uri())

    def publish(self, envelope: Envelope) -> None:
        """Put a message into its queue, which is made if there is none."""
        producer = self._connected()
        if envelope.queue not in self._declared:
            self._declare(envelope.queue)
        producer.publish(
            envelope.body,
            exchange="",
            routing_key=envelope.queue,
            priority=self._priority(envelope.level),
            headers=envelope.headers,
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=envelope.id,
        )

    def n_waiting(self, queue: str) -> int:
        """Return how many messages no worker has taken out of the queue yet."""
        self._connected()
        return int(self._declare(queue).message_count)

    def end(self, reasons: Mapping[str, str]) -> None:
        """Tell all workers to end these attempts, each for its reason, and not to begin them."""
        self._connected()
        told = {"reasons": dict(reasons)}
        self._app.control.broadcast(END, arguments=told, connection=self._connection)

    def close(self) -> None:
        """Hang up, whatever state the connection is in."""
        self._producer = None
        self._declared.clear()
        try:
            self._connection.close()
        except self.errors:
            self._connection.collect()

    def _connected(self) -> Producer:
        if self._producer is None:
            self._connection.connect()
            # Not persistent in the sense of waiting for it: what a broker loses is published again.
            self._producer = Producer(self._connection.channel(), auto_declare=False)
        return self._producer

    def _declare(self, queue: str) -> Any:
        producer = self._connected()
        found = self._app.amqp.queues[queue](producer.channel)
        if queue not in self._declared:
            found.declare()
            self._declared.add(queue)
        return found.queue_declare()

    def _priority(self, level: int) -> int:
        """Return the level as the broker counts: Redis serves 0 first, RabbitMQ the highest."""
        return N_LEVELS - 1 - level if self._is_redis else level


def _timeouts(app: Celery, timeout_s: float) -> dict[str, Any]:
    if app.connection_for_write().transport.driver_type == "redis":
        return {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
    return {"read_timeout": timeout_s, "write_timeout": timeout_s}
