"""A rig whose attempts go through a real Dask cluster: ``dask scheduler`` and ``dask worker`` on loopback.

The workers are processes that know neither the database nor the key; their hosts ask a real API server.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.engine.worker.rig import Rig, name_of
from tests.executors.brokers import free_port
from tests.executors.celery_rig import wait_for
from tests.executors.program import Program
from tests.executors.remote import ApiServer

from slipstream.executors.dask.executor import DaskExecutor
from slipstream.store import Store
from slipstream.worker import sweeper

N_SLOTS = 4
STARTS_WITHIN_S = 60.0


class DaskScheduler(Program):
    """``dask scheduler``, on a port that it keeps over restarts."""

    def __init__(
        self, home: Path, *words: str, protocol: str = "tcp", env: dict[str, str] | None = None
    ) -> None:
        self.port = free_port()
        self.address = f"{protocol}://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "dask", "scheduler", "--host", self.address]
        super().__init__(home, "dask-scheduler", [*command, "--no-dashboard", *words], env or {})

    def start(self) -> None:
        """Start it and wait until it listens."""
        super().start()
        wait_for(self._listens, f"the Dask scheduler: {self.log}", STARTS_WITHIN_S)

    def _listens(self) -> bool:
        assert self.popen.poll() is None, self.log
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class DaskWorker(Program):
    """``dask worker``."""

    def __init__(
        self, home: Path, name: str, address: str, words: Sequence[str], env: dict[str, str]
    ) -> None:
        command = [sys.executable, "-m", "dask", "worker", address, "--no-dashboard"]
        command += ["--name", name, "--local-directory", str(home / name), *words]
        super().__init__(home, name, command, env)

    @property
    def host_pids(self) -> list[int]:
        """The worker hosts below it."""
        return [pid for pid in sweeper.descendants(self.pid) if name_of(pid) == "worker-host"]

    def stop(self) -> None:
        """End it, and its hosts, which would finish what they run."""
        hosts = self.host_pids
        super().stop()
        for pid in hosts:
            for below in (pid, *sweeper.descendants(pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(below, signal.SIGKILL)


class DaskRig(Rig):
    """A rig with Dask workers instead of a host of its own."""

    hosts_are_ours = False

    def __init__(self, home: Path, store: Store, address: str, stack: contextlib.ExitStack) -> None:
        super().__init__(home, store, DaskExecutor())  # type: ignore[arg-type]
        self.address = address
        self.api_server = ApiServer()
        self.workers: list[DaskWorker] = []
        self._stack = stack
        stack.callback(self.api_server.kill)
        self.api_server.start()

    @property
    def n_slots(self) -> int:
        return N_SLOTS

    @property
    def host_pid(self) -> int:
        [pid] = self.workers[0].host_pids
        return pid

    def worker(
        self, *words: str, n_slots: int = N_SLOTS, nanny: bool = False, **env: str
    ) -> DaskWorker:
        """Start a worker."""
        more = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": self.api_server.url, **env}
        all_words = ["--nthreads", str(n_slots), *([] if nanny else ["--no-nanny"]), *words]
        worker = DaskWorker(self.home, f"w{len(self.workers)}", self.address, all_words, more)
        self.workers.append(worker)
        self._stack.callback(worker.stop)
        return worker

    def until_logged(self, worker: Program, text: str) -> None:
        self.until(
            lambda: text in worker.log, f"{text!r} in the log of {worker.name}: {worker.log}"
        )


@contextlib.contextmanager
def dask_rig(home: Path, address: str, monkeypatch: Any, **env: str) -> Iterator[DaskRig]:
    """Yield a started rig without workers."""
    from slipstream.config import conf

    for name, value in {"AIRFLOW__DASK__CLUSTER_ADDRESS": address, **env}.items():
        monkeypatch.setenv(name, value)
    conf.reload()
    with Store.open() as store, contextlib.ExitStack() as stack:
        rig = DaskRig(home, store, address, stack)
        rig.start()
        stack.callback(lambda: rig.executor.stop(3.0))
        try:
            yield rig
        finally:
            for worker in rig.workers:
                print(f"--- {worker.name}\n{worker.log}")


@pytest.fixture(scope="session")
def dask_scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskScheduler]:
    """One that all tests share which leave it alone."""
    scheduler = DaskScheduler(tmp_path_factory.mktemp("dask"))
    yield scheduler
    scheduler.stop()
