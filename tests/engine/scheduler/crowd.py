"""Several real scheduler processes on one installation."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from tests.engine.scheduler.site import Site

from slipstream.store import job, lease
from slipstream.store.row import JobRow


class Crowd:
    """Scheduler processes by name, their output in files beside the DAGs."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, **env: str) -> None:
        """Start a scheduler and wait until it is registered."""
        with open(self.site.home / f"{name}.log", "ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "slipstream.scheduler"],
                cwd=self.site.home,
                env=os.environ | env,
                stderr=output,
                start_new_session=True,
            )
        self._processes[name] = process
        self.site.until(lambda: self.job(name) is not None, f"the registration of {name}")

    def job(self, name: str) -> JobRow | None:
        """Return the running job of a process."""
        pid = self._processes[name].pid
        with self.site.store.read() as conn:
            running = job.list_running(conn, "SchedulerJob")
        return next((row for row in running if row.pid == pid), None)

    def id(self, name: str) -> str:
        found = self.job(name)
        assert found is not None, f"{name} has no running job"
        return found.id

    def dags(self, name: str) -> set[str]:
        """Return the DAGs that a process owns."""
        found = self.job(name)
        with self.site.store.read() as conn:
            return lease.owned_dags(conn, found.id) if found is not None else set()

    def counts(self, *names: str) -> list[int]:
        return sorted(len(self.dags(name)) for name in names)

    def shared_out(self, n: int, *names: str) -> None:
        """Wait until ``n`` DAGs are shared out, evenly."""
        part, odd = divmod(n, len(names))
        due = [part] * (len(names) - odd) + [part + 1] * odd
        self.site.until(lambda: self.counts(*names) == due, f"{due} DAGs each")

    def send(self, name: str, number: signal.Signals) -> None:
        self._processes[name].send_signal(number)

    def wait(self, name: str) -> int:
        return self._processes[name].wait(15)

    def log(self, name: str) -> str:
        return (self.site.home / f"{name}.log").read_text()

    def stop(self) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def took(condition: Callable[[], object], site: Site, what: str, patience_s: float) -> float:
    """Wait for a condition; return how many seconds it took."""
    began = time.monotonic()
    site.until(condition, what, patience_s)
    return time.monotonic() - began
