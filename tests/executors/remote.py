"""The whole path of a remote attempt on one machine, without a broker in between.

``RemoteLocalExecutor`` hands workloads over the link to a host that knows only the API server;
like a broker's worker it learns from the link only what never began. ``ApiServer`` is a real one,
in a process that can be killed.
"""

from __future__ import annotations

import contextlib
import http.client
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from slipstream.api.serve import serve
from slipstream.attempt import Workload
from slipstream.config import conf
from slipstream.executors.base import Capabilities
from slipstream.executors.host import HostProcess
from slipstream.executors.local import LocalExecutor
from slipstream.worker import journal

STARTS_WITHIN_S = 60.0


_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["slipstream.api.serve"])


def _serve(port: int, apps: str, environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    conf.reload()
    serve("127.0.0.1", port, n_workers=1, apps=apps)


class ApiServer:
    """An API server process on a port of its own, which it keeps over restarts."""

    def __init__(self, *, apps: str = "execution") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._apps = apps
        self._process: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/execution/"

    @property
    def pid(self) -> int:
        return int(self._process.pid)

    def start(self) -> None:
        """Start it and wait until it answers."""
        args = (self.port, self._apps, dict(os.environ))
        self._process = _processes.Process(target=_serve, args=args, daemon=True)
        self._process.start()
        ends_at = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            assert self._process.is_alive(), "the API server ended while starting"
            assert time.monotonic() < ends_at, "the API server does not answer"
            time.sleep(0.01)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/execution/v1/health")
            return connection.getresponse().status == 200
        return False

    def kill(self) -> None:
        """Kill it: whatever it was doing is left undone."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None


class RemoteLocalExecutor(LocalExecutor):
    """A Local executor whose host has an API server instead of a database."""

    def __init__(
        self, api_url: str, name: str = "RemoteLocalExecutor", *, env: dict[str, str] | None = None
    ) -> None:
        super().__init__(name, start_host=self._start_far)
        self.capabilities = Capabilities(is_remote=True, slots=self.capabilities.slots)
        self._api_url = api_url
        self._env = {} if env is None else env
        self.heard_of: list[str] = []

    def start(self, scheduler_id: str) -> None:
        self._scheduler_id = ""  # remote hosts belong to nobody
        self._start_host()

    def submit(self, workloads: Sequence[Workload]) -> None:
        assert all(w.token for w in workloads), "a workload for a remote host has a token"
        super().submit(workloads)

    def heard(self, attempt_ids: Sequence[str]) -> None:
        self.heard_of += attempt_ids

    def _journaled_outcomes(self) -> set[str]:
        # A scheduler finds a far host lost when its heartbeat lapses; by then its machine's next
        # host has delivered what is on disk.
        folder = conf.home / "run" / "remote"
        return {o.attempt_id for path in journal.paths(folder) for o in journal.read(path)}

    def _start_far(self, words: Sequence[str], link: socket.socket) -> HostProcess:
        command = [sys.executable, "-m", "slipstream.worker", "--link", str(link.fileno())]
        # No host may find its way to the database or to the key.
        hidden = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__API_AUTH__JWT_SECRET")
        return subprocess.Popen(
            [*command, *words, "--api", self._api_url],
            stdin=subprocess.DEVNULL,
            pass_fds=(link.fileno(),),
            start_new_session=True,
            env={k: v for k, v in os.environ.items() if k not in hidden} | self._env,
        )

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["e"] == "started":
            return
        if event["e"] == "finished":
            self._forget(event["outcome"]["attempt_id"])
            return
        if event["e"] == "callback_done":
            self._forget(event["attempt_id"])
            return
        super()._on_event(event)
