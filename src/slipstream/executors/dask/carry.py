"""What Dask runs: hand an attempt to this worker's host, and wait until it is over.

Each attempt occupies one of the worker's threads, which does nothing but wait. The host is a process of
its own, started with the first attempt; the link is its lease. When the Dask worker ends, by whatever
signal, the host begins nothing more, delivers what runs, and ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from distributed import Reschedule, Worker, WorkerPlugin, get_worker

from slipstream.errors import SlipstreamError
from slipstream.executors.linked_host import Event, LinkedHost, Restarts, Taking, in_words
from slipstream.worker.address import execution_api_url

log = logging.getLogger(__name__)

VERSION = 1
_NAME = "DaskExecutor"
_MAX_DEATHS = 3
_OFFER_S = 2.0
"""So long an attempt waits for an API server that is away; then Dask may give it to another worker. A
worker that is paused would also keep other people's work from running there."""
_ENDED = "its Dask worker has ended"


class CannotCarry(SlipstreamError):
    """This worker can begin no attempt, or not this one; people read why on the task instance."""


class GivenBack(SlipstreamError):
    """The host never began it."""


def carry(text: str, version: int) -> None:
    """Run the attempt in a workload's JSON; return when it is over, whatever became of it.

    Raises CannotCarry, GivenBack for one that is to be submitted again, and Dask's Reschedule.
    """
    if version != VERSION:
        raise CannotCarry(
            f"what was sent has version {version}, and the Dask worker on {socket.gethostname()} "
            f"understands {VERSION}: install the same release of Slipstream on both"
        )
    worker = get_worker()
    taking = _carrier_of(worker).take(json.loads(text))
    asyncio.run_coroutine_threadsafe(taking, worker.loop.asyncio_loop).result()


async def end(reasons: Mapping[str, str], *, dask_worker: Worker) -> None:
    """End attempts, by id, if this worker's host has them; each for its reason."""
    if (found := _carriers.get(dask_worker)) is not None:
        found.end(reasons)


async def stop(deadline_s: float, *, dask_worker: Worker) -> None:
    """End this worker's host; what still runs after the deadline is killed."""
    if (found := _carriers.get(dask_worker)) is not None:
        await found.stop(deadline_s)


class Carried:
    """An attempt that the host has."""

    __slots__ = ("is_unwanted", "n_deaths", "over", "workload")

    def __init__(self, workload: dict[str, Any], over: asyncio.Future[None]) -> None:
        self.workload: dict[str, Any] | None = workload
        """For the next host, should this one die; None once it has begun."""
        self.over = over
        self.is_unwanted = False
        self.n_deaths = 0


class Carrier(WorkerPlugin):
    """The host of one Dask worker, and which attempts it has. Lives in the worker's event loop."""

    def __init__(self, worker: Worker) -> None:
        queues = ",".join(worker.state.total_resources)
        self._words = ["--slots", str(worker.state.nthreads), "--executor", _NAME]
        self._words += ["--queues", queues]
        self._loop = worker.loop.asyncio_loop
        self._carried: dict[str, Carried] = {}
        self._host: LinkedHost | None = None
        self._restarts = Restarts()
        self._taking = Taking()
        self._is_taking = asyncio.Event()
        self._started_at = 0.0
        self._restarts_later = False
        self._is_stopped = False

    async def take(self, workload: dict[str, Any]) -> None:
        """Hand an attempt to the host, and wait for its end."""
        if self._is_stopped:
            raise GivenBack(_ENDED)
        attempt_id = workload["attempt_id"]
        if attempt_id not in self._carried:
            await self._until_taking()
        carried = self._carried.get(attempt_id)
        if carried is None:
            carried = Carried(workload, self._loop.create_future())
            self._carried[attempt_id] = carried
            if self._host is not None:
                self._send({"m": "submit", "workloads": [workload]})
            elif not self._restarts_later:
                self._start_host()
        # Dask may ask for an attempt that is here already, after its scheduler had lost sight of it.
        await asyncio.shield(carried.over)

    async def _until_taking(self) -> None:
        """Wait a little for an API server that is away, and then give up."""
        if not self._taking.is_known or self._taking.is_on:
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_taking.wait(), _OFFER_S)
        if self._is_stopped:
            raise GivenBack(_ENDED)
        if not self._taking.is_on:
            raise Reschedule  # perhaps Dask has another worker for it

    def end(self, reasons: Mapping[str, str]) -> None:
        """End those of these attempts that are here."""
        known = {id_: why for id_, why in reasons.items() if id_ in self._carried}
        for id_ in known:
            self._carried[id_].is_unwanted = True
        if known:
            self._send({"m": "cancel", "reasons": known})

    def teardown(self, worker: Worker) -> None:
        """Let go of everything: the worker ends. Its threads must not be waited for."""
        self._is_stopped = True
        if self._host is not None:
            self._drop_link(self._host)
        for attempt_id in list(self._carried):
            self._settle(attempt_id, GivenBack(_ENDED))

    async def stop(self, deadline_s: float) -> None:
        """End the host within ``deadline_s`` seconds, and all that it runs."""
        self._is_stopped = True
        host = self._host
        if host is not None:
            self._send({"m": "stop", "deadline_s": deadline_s})
            await asyncio.to_thread(host.end, deadline_s)

    # The host

    def _start_host(self) -> None:
        self._restarts_later = False
        if self._is_stopped:
            return
        try:
            self._host = LinkedHost([*self._words, "--api", execution_api_url()])
        except (OSError, SlipstreamError) as exc:
            self._give_up(f"its worker host cannot start: {exc}")
            return
        self._started_at = time.monotonic()
        self._loop.add_reader(self._host.link.fileno(), self._on_link)
        waiting = [c.workload for c in self._carried.values() if c.workload is not None]
        if waiting:
            self._send({"m": "submit", "workloads": waiting})

    def _send(self, message: dict[str, Any]) -> None:
        if self._host is not None and not self._host.link.send(message):
            self._loop.add_writer(self._host.link.fileno(), self._flush)

    def _flush(self) -> None:
        if self._host is not None and self._host.link.flush():
            self._loop.remove_writer(self._host.link.fileno())

    def _on_link(self) -> None:
        host = self._host
        if host is None:
            return
        news = host.news()
        if news.api is not None:
            self._taking.heard(news.api)
            if self._taking.is_on:
                self._is_taking.set()
            else:
                self._is_taking.clear()
                self._send({"m": "give_back"})
        for event in news.events:
            self._on_event(event)
        if not host.link.is_open:
            self._on_death(host)

    def _on_event(self, event: Event) -> None:
        attempt_id = event.attempt_id
        carried = self._carried.get(attempt_id)
        if carried is None:
            return
        if event.is_start:
            carried.workload = None
            return
        error: Exception | None = None
        if event.is_back and not carried.is_unwanted:
            is_away = not self._taking.is_on
            error = Reschedule() if is_away else GivenBack("its worker host never began it")
        self._settle(attempt_id, error)

    def _settle(self, attempt_id: str, error: Exception | None = None) -> None:
        over = self._carried.pop(attempt_id).over
        if over.done():
            return
        if error is None:
            over.set_result(None)
        else:
            over.set_exception(error)

    def _on_death(self, host: LinkedHost) -> None:
        """What it had begun is its lease's matter; what it had not goes to the next one."""
        self._drop_link(host)
        how = in_words(host.wait())
        for attempt_id, carried in list(self._carried.items()):
            carried.n_deaths += 1
            if carried.workload is None:
                self._settle(attempt_id)
            elif carried.n_deaths >= _MAX_DEATHS or self._is_stopped:
                self._settle(attempt_id, CannotCarry(f"its worker host ends at once ({how})"))
        if self._is_stopped:
            return
        log.error("the worker host (pid %d) ended with %s", host.pid, how)
        delay_s = self._restarts.delay_s(time.monotonic() - self._started_at)
        self._restarts_later = True
        self._loop.call_later(delay_s, self._start_host)

    def _drop_link(self, host: LinkedHost) -> None:
        self._loop.remove_reader(host.link.fileno())
        self._loop.remove_writer(host.link.fileno())
        host.link.close()
        self._host = None

    def _give_up(self, why: str) -> None:
        for attempt_id in list(self._carried):
            self._settle(attempt_id, CannotCarry(why))


_carriers: WeakKeyDictionary[Worker, Carrier] = WeakKeyDictionary()
_making = threading.Lock()


def _carrier_of(worker: Worker) -> Carrier:
    """Return the carrier of a Dask worker; the first attempt makes it. Any thread may ask."""
    with _making:
        if (found := _carriers.get(worker)) is None:
            found = _carriers[worker] = Carrier(worker)
            # Its teardown is called when the worker ends.
            worker.loop.add_callback(worker.plugin_add, found, _NAME)
        return found
