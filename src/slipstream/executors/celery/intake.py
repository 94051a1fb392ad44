"""What a worker does with a message: look at it, and hand what it holds to the pool.

This takes the place of Celery's own strategy and request, which send a function to a pool; all that
remote control, events and revocation expect of them is here.

A message that is none of ours is taken out of its queue for good, with a line in the log; where it
brings a token, its task instance is told the reason.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import Celery
from celery.worker import state
from celery.worker.control import Panel
from celery.worker.request import Request as CeleryRequest

from slipstream.clock import SyncedClock
from slipstream.config.host import hostname
from slipstream.errors import SlipstreamError
from slipstream.executors.celery.message import END, Garbage, read
from slipstream.executors.celery.pool import Carried, HostPool
from slipstream.worker.address import execution_api_url
from slipstream.worker.http_client import Client

log = logging.getLogger(__name__)

_TIMEOUT_S = 5.0
Handler = Callable[[Any, Any, Any, Any, Any], None]


class Request(CeleryRequest):
    """A message that a worker has and has not acknowledged."""

    _carried: Carried | None = None

    def __init__(self, message: Any, workload: dict[str, Any], **options: Any) -> None:
        super().__init__(message, **options)
        self._workload = workload

    def execute_using_pool(self, pool: HostPool, **kwargs: Any) -> None:
        """Hand the attempt over; Celery calls this once the message is admitted."""
        self._carried = pool.take(
            self._workload, self.on_accepted, self._on_done, self._on_handed_back
        )

    def terminate(self, pool: HostPool, signal: Any = None) -> None:
        """End the attempt: somebody revoked it by Celery's own means."""
        self.end("it was revoked in Celery")

    def end(self, why: str) -> None:
        """End the attempt if the host has it."""
        if self._carried is not None:
            self._carried.end(why)

    def cancel(self, pool: HostPool, signal: Any = None, emit_retry: bool = True) -> None:
        """Nothing to do: Celery says so before a cold shutdown, which ends what runs."""

    def _on_done(self) -> None:
        self._carried = None
        state.task_ready(self)
        self.acknowledge()
        self.send_event("task-succeeded", result=None, runtime=0)

    def _on_handed_back(self) -> None:
        self._carried = None
        state.task_ready(self)
        self.reject(requeue=True)


def end_attempts(panel: Any, reasons: dict[str, str]) -> None:
    """End attempts, each for its reason, and begin none of them."""
    state.revoked.update(list(reasons))
    for attempt_id, why in reasons.items():
        request = state.requests.get(attempt_id)
        if request is not None:
            request.end(why)


Panel.register(name=END, visible=False)(end_attempts)


def strategy(task: Any, app: Celery, consumer: Any) -> Handler:
    """Return what is done with each message; Celery calls it with the parts of a worker."""
    options = {
        "app": app,
        "hostname": consumer.hostname,
        "eventer": consumer.event_dispatcher,
        "task": task,
        "connection_errors": consumer.connection_errors,
    }
    revoked = consumer.controller.state.revoked

    def on_message(message: Any, body: Any, ack: Any, reject: Any, callbacks: Any) -> None:
        try:
            workload = read(message.headers, message.payload)
        except Garbage as garbage:
            refuse(message, garbage, consumer.connection_errors)
            return
        attempt_id = workload["attempt_id"]
        if consumer.pool.has(attempt_id):
            log.info("attempt %s is here already: the message is a copy", attempt_id)
            message.ack_log_error(log, consumer.connection_errors)
            return
        request = Request(message, workload, on_ack=ack, on_reject=reject, **options)
        if request.id in revoked and request.revoked():
            return
        request.send_event("task-received", name=request.name, args=request.argsrepr)
        state.task_reserved(request)
        for callback in callbacks:
            callback(request)
        consumer.on_task_request(request)

    return on_message


def refuse(message: Any, garbage: Garbage, connection_errors: Any) -> None:
    """Take a message out of its queue that nobody can use."""
    where = (message.delivery_info or {}).get("routing_key")
    log.error("A message in queue %s is refused: %s.", where, garbage)
    message.reject_log_error(log, connection_errors)
    if garbage.token is not None:
        tell = partial(
            _tell,
            garbage.token,
            f"The Celery worker on {hostname()} refuses its message: {garbage}.",
        )
        threading.Thread(target=tell, name="refuse", daemon=True).start()


def _tell(token: str, reason: str) -> None:
    """Have the task instance say why it cannot run. If nobody hears it, the message comes again."""
    try:
        client = Client(execution_api_url(), SyncedClock(), timeout_s=_TIMEOUT_S)
        client.call("refused", {"reason": reason}, token, version=1)
    except SlipstreamError as exc:
        log.error("nobody could be told of the refusal: %s", exc)
