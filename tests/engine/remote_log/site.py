"""A host, an API server and the log of a try, from the task to who reads it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.api.running import Api
from tests.engine.remote_log.stores import ObjectStore
from tests.engine.worker.rig import Rig

from slipstream.config import conf
from slipstream.machine.decision import Decision, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.store import decision

CHATTY = """
@task
def t():
    print("first words")
    prove("begun")
    while os.path.exists(os.path.join(HOME, "wait")):
        time.sleep(0.02)
    for n in range(2000):
        print(f"line {n}")
t()
"""


@dataclass
class Site:
    rig: Rig
    api: Api
    _is_known: bool = False
    """The task instance has its row."""

    @property
    def name(self) -> str:
        """The log's path below every log folder."""
        return f"dag_id=d/run_id={self.rig.run_id}/task_id=t/attempt=1.log"

    @property
    def here(self) -> Path:
        """The log's file where the API server looks."""
        return Path(conf.get("logging", "base_log_folder")) / self.name

    def submit(self) -> str:
        """Have an attempt of the one try run; return its id."""
        workload = self.rig.workload("t", log_path=self.name)
        values = {"state": "running", "attempt_id": workload.attempt_id, "try_number": 1}
        self._save(values, is_new=True)
        self.rig.executor.submit([workload])
        return workload.attempt_id

    def run(self) -> str:
        """Run an attempt to its end."""
        attempt_id = self.submit()
        self.rig.finished(attempt_id)
        self._save({"state": "success"}, is_new=False)
        return attempt_id

    def end(self, attempt_id: str, state: str = "success") -> None:
        self.rig.finished(attempt_id)
        self._save({"state": state}, is_new=False)

    def _save(self, values: dict[str, Any], *, is_new: bool) -> None:
        key = TIKey("t")
        decided = Decision()
        is_new = is_new and not self._is_known
        self._is_known = True
        decided.changes[key] = TaskInstanceChange(key, values, is_new=is_new)
        self.rig.store.write(decision.save, [(self.rig.run.id, decided)], [], datetime.now(UTC))

    def events(self) -> list[str]:
        """Return what people read."""
        url = f"/dags/d/dagRuns/{self.rig.run_id}/taskInstances/t/logs/1"
        reply = self.api.ok("GET", url, headers={"Accept": "application/json"})
        return [record["event"] for record in reply["content"]]

    def uploaded(
        self, store: ObjectStore, word: bytes = b"line 1999", patience_s: float = 30
    ) -> bytes:
        """Wait until the log in the store has a word; return it."""
        found = self.rig.until(
            lambda: (data := store.read(self.name)) is not None and word in data and data,
            f"{word!r} in the store",
            patience_s,
        )
        return bytes(found)


def helpers() -> list[int]:
    """Return the pids of the upload helpers of this machine that belong to this home."""
    home = os.environ["AIRFLOW_HOME"].encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                mine = b"AIRFLOW_HOME=" + home in (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"slipstream.worker.remote_log.helper" in command and mine:
                found.append(int(entry.name))
    return found


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    ends_at = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and _state(pid) != "Z":
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"
