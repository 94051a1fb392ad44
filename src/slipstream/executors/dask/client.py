"""The Dask client, in a thread with an event loop of its own.

A connection lasts until it breaks; then all futures are gone, what nobody has begun is due again, and
the next one is made, however long that takes: one line in the log when the cluster goes, one when it is
there. Nothing is gathered. That an attempt is over in Dask's eyes changes nothing here, but for what
Dask lost or gave back, which is submitted again, and for what cannot be run, which is told.
"""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
from collections.abc import Awaitable, Coroutine, Iterable
from contextlib import suppress
from itertools import groupby
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker, Security

from slipstream.attempt import Workload
from slipstream.config import conf
from slipstream.errors import SlipstreamError
from slipstream.executors.dask import carry
from slipstream.executors.dask.courier import Courier, Parcel
from slipstream.executors.dask.local_cluster import LocalCluster
from slipstream.executors.dask.target import Target
from slipstream.executors.ledger import Entry

log = logging.getLogger(__name__)

_CONNECT_S, _SHAKE_HANDS_S = 3.0, 5.0
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.1, 2.0
_SHARE = 256
"""Attempts in one message, between two looks at what else there is to do."""
_RELEASE_S = 0.05
"""Before a key is used again, so that Dask has forgotten what became of it."""
_WATCH_S = 1.0
"""How soon a connection that broke while nothing was under way is noticed."""
_BROADCAST_S = 10.0

_KEY_PREFIX = "attempt-"
"""Dask takes keys that begin alike for one kind of task, and keeps those until a worker is free."""
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
T = TypeVar("T")


def run(courier: Courier, target: Target | None) -> None:
    """Serve the courier until it is stopping; without a target, by a cluster of our own."""
    # What it has to say at these levels is said here, once and in our words.
    for name in ("distributed.client", "distributed.comm", "distributed.batched"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    asyncio.run(_Session(courier, target).run())


class _Call:
    """Becomes a call of ``carry`` when it is unpickled.

    That is what the task does. The Dask scheduler, which looks into tasks, never needs our package, and a
    worker without it fails the attempt; a worker that cannot even read a message would end.
    """

    def __init__(self, workload: Workload) -> None:
        self._text = _encode(workload.to_json())

    def __reduce__(self) -> tuple[Any, ...]:
        return carry.carry, (self._text, carry.VERSION)


class _Away(SlipstreamError):
    """The cluster is gone, or cannot be reached; the message says why."""


class _Session:
    def __init__(self, courier: Courier, target: Target | None) -> None:
        self._courier = courier
        self._target = target
        self._cluster = None if target is not None else LocalCluster()
        self._default_queue = conf.get("operators", "default_queue")
        self._news = asyncio.Event()
        self._futures: dict[str, Future[None]] = {}
        """What is in the cluster, begun or not."""
        self._over: list[Future[None]] = []
        """What has ended, until the cluster is told to forget it."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._retry_s = 0.0
        """How long the cluster is given before the next try; 0: it is there."""

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._courier.wake_by(lambda: loop.call_soon_threadsafe(self._news.set))
        try:
            while not self._courier.is_stopping:
                await self._connect_and_serve()
        finally:
            self._courier.wake_by(None)
            if self._cluster is not None:
                self._cluster.close()

    async def _connect_and_serve(self) -> None:
        if self._cluster is not None and not self._courier.has_due:
            self._courier.take_unwanted()  # none of it can be here
            await self._wait(None)  # it is started when it is needed
            return
        try:
            client = await self._unless_stopping(self._connect())
            if client is not None:
                self._is_back()
                async with client:
                    await self._serve(client)
        except (OSError, SlipstreamError) as error:
            self._is_away(str(error) or repr(error))
        except Exception as error:
            log.exception("the Dask client failed")
            self._is_away(repr(error))
        self._drop_tasks()
        if self._retry_s:
            await self._unless_stopping(asyncio.sleep(self._retry_s))

    async def _connect(self) -> Client:
        if self._cluster is not None:
            address, security = await self._cluster.started()
        else:
            assert self._target is not None
            address, security = self._target.address, _security(self._target)
        options = {"asynchronous": True, "set_as_default": False, "timeout": _CONNECT_S}
        client = Client(address, security=security, **options)
        try:
            async with asyncio.timeout(_SHAKE_HANDS_S):
                return await client
        except asyncio.CancelledError:
            await client.close()  # else it complains when it is collected
            raise
        except Exception as error:
            await client.close()
            if isinstance(error, OSError | ImportError) and str(error):  # ImportError: versions
                raise _Away(str(error)) from error
            raise _Away(f"what answers there is no Dask scheduler ({error!r})") from error

    # Waiting

    async def _wait(self, at_most_s: float | None) -> bool:
        """Wait for news; say whether there are any."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), at_most_s)
        found = self._news.is_set()
        self._news.clear()
        return found

    async def _unless_stopping(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Return what comes of the work; None when the courier stops before."""
        task = asyncio.create_task(work)
        while not task.done() and not self._courier.is_stopping:
            self._news.clear()
            news = asyncio.create_task(self._news.wait())
            await asyncio.wait({task, news}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
        self._news.set()  # it may have been about something else
        if task.done():
            return task.result()
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
        return None

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _drop_tasks(self) -> None:
        """Let go of what was in a cluster to which the connection is over."""
        for task in list(self._tasks):
            task.cancel()
        for attempt_id in list(self._futures):
            self._futures.pop(attempt_id)
            self._courier.lost(attempt_id)
        self._over.clear()

    # A connection

    async def _serve(self, client: Client) -> None:
        courier = self._courier
        while not courier.is_stopping:
            if client.status != "running":
                raise _Away("the connection is lost")
            if due := courier.take_due()[:_SHARE]:
                self._submit(client, due)
            unwanted, never_begun = courier.take_unwanted()
            # Others are another executor's, or began under a scheduler before this one.
            if here := {id_: why for id_, why in unwanted.items() if id_ in self._futures}:
                self._keep(self._end(client, here, never_begun))
            next_look_s = courier.look(self._futures)
            has_news = await self._wait(max(0.0, min(next_look_s, _WATCH_S)))
            # A Dask client sends at most every 10 ms. When a task ends, its successor is next.
            if not has_news or len(self._over) > _SHARE:
                self._over.clear()
        if self._cluster is not None:
            await self._broadcast(client, carry.stop, courier.stop_within_s)

    def _submit(self, client: Client, due: list[Entry[Parcel]]) -> None:
        new = [entry for entry in due if entry.letter.id not in self._futures]
        for (queue, level), group in groupby(
            sorted(new, key=lambda e: (-e.letter.level, e.letter.queue, e.number)),
            key=lambda e: (e.letter.queue, e.letter.level),
        ):
            parcels = [entry.letter for entry in group]
            futures = client.map(
                pickle.loads,
                [pickle.dumps(_Call(parcel.workload)) for parcel in parcels],
                key=[_KEY_PREFIX + parcel.id for parcel in parcels],
                resources=self._resources(queue),
                priority=level,
                fifo_timeout="0 ms",
                retries=0,
                pure=False,
            )
            for parcel, future in zip(parcels, futures, strict=True):
                self._futures[parcel.id] = future
                self._keep(self._watch(parcel, future))
        self._courier.submitted(due)

    def _resources(self, queue: str) -> dict[str, float] | None:
        """Return what a worker must offer; as Airflow 2: a resource of the queue's name."""
        if queue in ("", self._default_queue) or self._cluster is not None:
            return None
        return {queue: 1}

    async def _watch(self, parcel: Parcel, future: Future[None]) -> None:
        """Wait until Dask is done with an attempt, and see whether that is all."""
        error = await future.exception()
        if self._futures.pop(parcel.id, None) is None:
            return
        if future.status == "finished":
            self._over.append(future)
            return  # the store tells how, and if it does not, it is looked after
        if error is None or isinstance(error, carry.GivenBack | KilledWorker):
            future.release()
            await asyncio.sleep(_RELEASE_S)
            self._courier.lost(parcel.id)
            return
        is_task = parcel.workload.kind == "task"
        self._courier.refused(parcel.id, _in_words(error), is_task=is_task)

    async def _end(
        self, client: Client, unwanted: dict[str, str], never_begun: Iterable[str]
    ) -> None:
        """Take out of the cluster what has not begun, and tell the workers to end the rest."""
        waiting = [self._futures[id_] for id_ in never_begun if id_ in self._futures]
        if waiting:
            await client.cancel(waiting)
        await self._broadcast(client, carry.end, unwanted)

    async def _broadcast(self, client: Client, function: Any, *args: Any) -> None:
        call: Awaitable[Any] = client.run(function, *args, on_error="ignore")
        try:
            await asyncio.wait_for(call, _BROADCAST_S)
        except Exception as error:
            # A host hears it from its next heartbeat, too.
            log.info("not all Dask workers could be told at once: %r", error)

    # The log

    @property
    def _name(self) -> str:
        return "on this machine" if self._target is None else self._target.address

    def _is_away(self, why: str) -> None:
        text = f"The Dask cluster {self._name} is away: {why.rstrip('.')}"
        if self._courier.is_away(text):
            log.error("%s. Attempts wait here until it is there.", text)
        self._retry_s = min(_LONGEST_RETRY_S, (self._retry_s or _FIRST_RETRY_S / 2) * 2)

    def _is_back(self) -> None:
        self._retry_s = 0.0
        if self._courier.is_back():
            log.info("The Dask cluster %s is there.", self._name)


def _security(target: Target) -> Security:
    """Return the certificates to show, by default those of Dask's own configuration; raises _Away."""
    if target.tls is None:
        ours = Security()
        if target.address.startswith("tls:") and not (ours.tls_ca_file and ours.tls_client_cert):
            raise _Away(
                "it is encrypted, and there are no certificates for it: set [dask] tls_ca, tls_cert "
                "and tls_key"
            )
        return ours
    return Security(
        tls_ca_file=target.tls.ca,
        tls_client_cert=target.tls.cert,
        tls_client_key=target.tls.key or None,
        require_encryption=True,
    )


def _in_words(error: BaseException) -> str:
    """Return what a task failed with, its cause first: Dask wraps what its scheduler cannot read."""
    cause = error.__cause__ or error
    if isinstance(cause, carry.CannotCarry):
        return str(cause)
    return f"a Dask worker, or its scheduler, answers {type(cause).__name__}: {cause}"
