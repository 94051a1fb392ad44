"""A task process: from the fork to ``os._exit``.

Takes one assignment from its host, waits for leave to start, runs it (``run``) with its output
in the attempt's log file, and sends the outcome. Whatever goes wrong in it, it sends exactly one
outcome or dies, and its host sees which.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from slipstream.attempt import Outcome, Workload
from slipstream.state import TaskInstanceState
from slipstream.task import output, run
from slipstream.task.client import HostClient
from slipstream.task.loading import LoadedFile, load_alone
from slipstream.task.protocol import Message, PeerGone, Stream

ATTEMPT_MARK = "SLIPSTREAM_ATTEMPT"


def main(sock: socket.socket, loaded: LoadedFile | None) -> NoReturn:
    """Run one attempt; ``loaded`` is the zygote's DAG file, None in the base zygote's children.

    Everything before the assignment is done ahead of time, while the process is a spare.
    """
    os.setsid()
    signal.signal(signal.SIGTERM, _leave_quietly)
    run.warm_up()
    stream = Stream(sock)
    try:
        attempt = _Attempt(stream, stream.receive(), loaded)
        attempt.prepare()
        message = stream.receive()
    except PeerGone:
        os._exit(0)  # not needed after all, or the start was refused
    gc.enable()
    try:
        attempt.go(datetime.fromisoformat(message["started_at"]))
    except PeerGone:
        os._exit(1)
    output.flush()
    os._exit(0)


def _leave_quietly(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)


class _Attempt:
    """One assignment, and how it went."""

    def __init__(self, stream: Stream, message: Message, loaded: LoadedFile | None) -> None:
        self._stream = stream
        self._workload = Workload.from_json(message["workload"])
        self._path = Path(message["path"])
        self._log = message["log"]
        self._load_error: str | None = message.get("load_error")
        self._loaded = loaded
        self._running: run.Run | None = None

    def prepare(self) -> None:
        """Do what needs no leave: nothing here runs user code."""
        os.environ[ATTEMPT_MARK] = self._workload.attempt_id
        if self._log and (reason := output.redirect_to(self._log)):
            sys.__stderr__ and print(reason, file=sys.__stderr__)
        output.install(run.mask, run.log_level())

    def go(self, started_at: datetime) -> None:
        """Run it, send its outcome, and run the callbacks that follow."""
        client = HostClient(self._stream)
        run.use_client(client, self._workload)
        outcome = self._outcome(started_at)
        outcome.ended_at = datetime.now(UTC)
        outcome.max_rss_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        client.send({"m": "finish", "outcome": outcome.to_json()})
        if self._running is not None:
            self._running.after_finish()

    def _outcome(self, started_at: datetime) -> Outcome:
        if self._load_error is not None:
            output.write_record("error", self._load_error)
            return self._failed(self._load_error)
        dag = self._dag()
        if dag is None:
            return self._failed(self._loaded.error)
        self._running = run.Run(self._workload, dag)
        return self._running.execute(started_at)

    def _dag(self):
        if self._loaded is None:
            self._loaded = load_alone(self._path, 30.0)
        return self._loaded.dags.get(self._workload.dag_id)

    def _failed(self, error):
        return Outcome(
            attempt_id=self._workload.attempt_id, state=TaskInstanceState.FAILED, error=error
        )
