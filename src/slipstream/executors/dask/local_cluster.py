"""The cluster of those who have none: a process of ours that lives as long as its link to us."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

from distributed import Security

from slipstream.config import conf
from slipstream.errors import SlipstreamError
from slipstream.worker.address import execution_api_url

_START_S = 60.0
_END_S = 2.0
_DEFAULT_SLOTS = 32


class NoCluster(SlipstreamError):
    """The process ended before it had a cluster."""


class LocalCluster:
    """A Dask cluster on this machine, started when it is asked for and again when it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._facts: dict[str, Any] = {}

    async def started(self) -> tuple[str, Security]:
        """Return its address, and what to show there; raises NoCluster."""
        if self._process is None or self._process.poll() is not None:
            self.close()
            await self._start()
        return self._facts["address"], Security(**self._facts["security"])

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        n_threads = conf.getint("core", "parallelism", fallback=_DEFAULT_SLOTS) or _DEFAULT_SLOTS
        words = ["--link", str(theirs.fileno()), "--threads", str(n_threads)]
        words += ["--api", execution_api_url()]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "slipstream.executors.dask.embedded", *words],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,  # Ctrl-C in the terminal is for us, and we end it
        )
        theirs.close()
        self._link = ours
        reader, writer = await asyncio.open_connection(sock=ours.dup())
        try:
            line = await asyncio.wait_for(reader.readline(), _START_S)
        finally:
            writer.close()
        if not line:
            raise NoCluster("its process ended while it started; its output says why")
        self._facts = json.loads(line)

    def close(self) -> None:
        """End it, and with it its workers."""
        if self._link is not None:
            with suppress(OSError):
                self._link.shutdown(socket.SHUT_RDWR)
            self._link.close()
            self._link = None
        if self._process is not None:
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
