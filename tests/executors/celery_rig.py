"""A rig whose attempts go through a real broker to real Celery workers.

The workers are processes that know neither the database nor the key; their hosts ask a real API server.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.engine.worker.rig import Rig
from tests.executors.brokers import Corner
from tests.executors.program import Program
from tests.executors.remote import ApiServer

from slipstream.executors.celery.app import create_app
from slipstream.executors.celery.broker import Broker
from slipstream.executors.celery.executor import CeleryExecutor
from slipstream.store import Store
from slipstream.worker import sweeper

N_SLOTS = 4


class WorkerProcess(Program):
    """``slipstream celery worker``."""

    stop_signal = signal.SIGQUIT

    def __init__(self, home: Path, name: str, *words: str, env: dict[str, str]) -> None:
        command = [sys.executable, "-m", "slipstream.cli.main", "celery", "worker"]
        command += ["--celery-hostname", f"{name}@test", "--pid", str(home / f"{name}.pid")]
        super().__init__(home, name, [*command, *words], env)

    @property
    def host_pids(self) -> list[int]:
        return sweeper.children(self.pid)


class CeleryRig(Rig):
    """A rig with workers instead of a host of its own."""

    hosts_are_ours = False

    def __init__(
        self, home: Path, store: Store, corner: Corner, stack: contextlib.ExitStack
    ) -> None:
        super().__init__(home, store, CeleryExecutor())  # type: ignore[arg-type]
        self.corner = corner
        self.broker = Broker(create_app(), timeout_s=10.0)
        """A connection of the test's own."""
        self.api_server = ApiServer()
        self.workers: list[WorkerProcess] = []
        self._stack = stack
        stack.callback(self.broker.close)
        stack.callback(self.api_server.kill)
        self.api_server.start()

    @property
    def n_slots(self) -> int:
        return N_SLOTS

    @property
    def host_pid(self) -> int:
        [pid] = self.workers[0].host_pids
        return pid

    def worker(self, *words: str, n_slots: int = N_SLOTS, **env: str) -> WorkerProcess:
        """Start a worker."""
        more = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": self.api_server.url, **env}
        name = f"w{len(self.workers)}"
        words = ("--concurrency", str(n_slots), *words)
        worker = WorkerProcess(self.home, name, *words, env=more)
        self.workers.append(worker)
        self._stack.callback(worker.stop)
        return worker

    def queue_length(self, queue: str = "default") -> int:
        """Return how many messages wait in the broker."""
        try:
            return self.broker.n_waiting(queue)
        except self.broker.errors:  # it was restarted
            self.broker.close()
            return self.broker.n_waiting(queue)

    def revoked_on(self, worker: WorkerProcess) -> list[str]:
        """Return the attempts that a worker was told to leave alone."""
        name = f"{worker.name}@test"
        app = create_app()
        app.control.mailbox.producer_pool = None  # which would open a connection that nobody closes
        with app.connection_for_write() as connection:
            inspect = app.control.inspect([name], timeout=2.0, connection=connection)
            answers = inspect.revoked() or {}
        return list(answers.get(name, ()))

    def until_logged(self, worker: WorkerProcess, text: str) -> None:
        self.until(
            lambda: text in worker.log, f"{text!r} in the log of {worker.name}: {worker.log}"
        )


@contextlib.contextmanager
def celery_rig(home: Path, corner: Corner, monkeypatch: Any, **env: str) -> Iterator[CeleryRig]:
    """Yield a started rig without workers."""
    from slipstream.config import conf

    for name, value in {**corner.environment(), **env}.items():
        monkeypatch.setenv(name, value)
    conf.reload()
    with Store.open() as store, contextlib.ExitStack() as stack:
        rig = CeleryRig(home, store, corner, stack)
        rig.start()
        stack.callback(lambda: rig.executor.stop(3.0))
        try:
            yield rig
        finally:
            for worker in rig.workers:
                print(f"--- {worker.name}\n{worker.log}")


def wait_for(condition: Any, what: str, patience_s: float = 60.0) -> Any:
    ends_at = time.monotonic() + patience_s
    while not (found := condition()):
        assert time.monotonic() < ends_at, f"not within {patience_s} s: {what}"
        time.sleep(0.02)
    return found
