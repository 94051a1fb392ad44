"""An executor with a real host and a real store, and attempts to feed it, without a scheduler.

Of a remote executor's attempts the rig hears as a scheduler would: from the store's inbox.
"""

from __future__ import annotations

import json
import select
import textwrap
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from tests.executors.remote import RemoteLocalExecutor

from slipstream.attempt import Outcome, Workload, new_id
from slipstream.executors.base import (
    AttemptFinished,
    AttemptHandedBack,
    AttemptLost,
    AttemptRefused,
    AttemptStarted,
    CallbackDone,
    ExecutorEvent,
)
from slipstream.executors.local import LocalExecutor
from slipstream.state import DagRunType
from slipstream.store import Connection, Store, attempt, decision, inbox, run, schema, xcom
from slipstream.store.decision import NewAttempt
from slipstream.store.row import AttemptRow
from slipstream.store.run import NewRun
from slipstream.token import ExecutionTokens, Scope
from slipstream.worker import commit, journal, sweeper

PATIENCE_S = 45.0

HEADER = """
import os
import sys
import time
from datetime import datetime, timedelta
from airflow.sdk import DAG, task
from slipstream.sdk.exceptions import *

HOME = os.environ["AIRFLOW_HOME"]

def prove(word):
    fd = os.open(os.path.join(HOME, "proof"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, (word + "\\n").encode())
    os.close(fd)
"""

E = TypeVar("E", bound=ExecutorEvent)


class Rig:
    """One executor on one home; the tests play the scheduler."""

    hosts_are_ours = True
    """The executor launches its hosts and sees them die."""

    def __init__(self, home: Path, store: Store, executor: LocalExecutor | None = None) -> None:
        self.home = home
        self.store = store
        self.executor = executor or LocalExecutor()
        self.events: list[ExecutorEvent] = []
        self.api_server: Any = None
        """Of a remote executor's host."""
        self._read: set[int] = set()
        self._begun: set[str] = set()
        self._ended: set[str] = set()
        self.run = self._create_run()
        self.run_id = self.run.run_id

    def _create_run(self) -> Any:
        now = datetime.now(UTC)
        new = NewRun(
            dag_id="d", run_id=f"manual__{new_id()}", run_type=DagRunType.MANUAL, run_after=now
        )
        return self.store.write(lambda conn: run.create(conn, new, now, notify=False))

    def successor(self) -> Rig:
        """Return a rig on the same home and store, with an executor of the same kind."""
        executor = RemoteLocalExecutor(self.api_server.url) if self.is_remote else None
        return Rig(self.home, self.store, executor)

    @property
    def n_slots(self) -> int:
        """How many attempts run at a time."""
        return self.executor.capabilities.slots or 1

    @property
    def is_remote(self) -> bool:
        return self.executor.capabilities.is_remote

    def start(self) -> None:
        self.executor.start("")

    def dag(self, body: str, name: str = "d", header: str = HEADER) -> Path:
        """Write a DAG file; the body is indented into ``with DAG("d")``."""
        path = self.home / "dags" / f"{name}.py"
        inside = textwrap.indent(textwrap.dedent(body), "    ")
        text = (
            f'{header}\nwith DAG("d", schedule=None, start_date=datetime(2024, 1, 1)):\n{inside}\n'
        )
        path.write_text(text)
        return path

    def raw(self, text: str, name: str = "d") -> Path:
        """Write a DAG file as it is."""
        path = self.home / "dags" / f"{name}.py"
        path.write_text(textwrap.dedent(text))
        return path

    def workload(self, task_id: str, **values: Any) -> Workload:
        """Return a workload whose attempt is committed as queued."""
        attempt_id = new_id()
        row = NewAttempt(
            id=attempt_id,
            dag_run_id=self.run.id,
            task_id=task_id,
            map_index=values.get("map_index", -1),
            try_number=values.get("try_number", 1),
        )
        if values.get("kind", "task") == "task":
            now = datetime.now(UTC)
            self.store.write(lambda conn: decision.save(conn, [], [row], now))
        defaults: dict[str, Any] = {
            "attempt_id": attempt_id,
            "dag_id": "d",
            "run_id": self.run_id,
            "dag_run_pk": self.run.id,
            "task_id": task_id,
            "relative_fileloc": "d.py",
            "log_path": f"{task_id}-{attempt_id}.log",
        }
        workload = Workload(**{**defaults, **values})
        if workload.kind != "task":
            self.store.write(_request_callback, workload)
        if self.is_remote:
            scope = Scope.START if workload.kind == "task" else Scope.CALLBACK
            now = datetime.now(UTC)
            workload.token = ExecutionTokens.configured().issue(
                scope, attempt_id, now, 3600, workload.log_path
            )
        return workload

    def submit(self, task_id: str, **values: Any) -> str:
        workload = self.workload(task_id, **values)
        self.executor.submit([workload])
        return workload.attempt_id

    # Waiting

    def turn(self, timeout_s: float = 0.05) -> None:
        select.select([self.executor], [], [], timeout_s)
        events = self.executor.events()
        if self.is_remote:
            events = [e for e in events if not isinstance(e, AttemptLost) or self._is_lost(e)]
            for event in events:
                if isinstance(event, AttemptRefused):
                    self._refuse(event)
            events += self.news()
        self.events += events

    def _is_lost(self, event: AttemptLost) -> bool:
        """Close an attempt whose host is gone; False when it was done before."""
        lost = [event.attempt_id]
        now = datetime.now(UTC)
        if not self.store.write(lambda conn: attempt.finish_lost(conn, lost, event.reason, now)):
            return False
        self._ended.add(event.attempt_id)
        return True

    def _refuse(self, event: AttemptRefused) -> None:
        reasons = {event.attempt_id: event.reason}
        self.store.write(lambda conn: commit.refuse(conn, reasons, datetime.now(UTC)))

    def news(self) -> list[ExecutorEvent]:
        """Return what remote hosts have left in the inbox, as events."""
        with self.store.read() as conn:
            return self._read_news(conn)

    def _read_news(self, conn: Connection) -> list[ExecutorEvent]:
        found: list[ExecutorEvent] = []
        for message in inbox.take(conn, "scheduler", 1000):
            if message.id in self._read:
                continue
            self._read.add(message.id)
            if message.kind == "attempts_handed_back":
                found += [AttemptHandedBack(id_) for id_ in message.payload["ids"]]
            elif message.kind == "callback_done":
                for id_, end in message.payload["ended"].items():
                    found.append(CallbackDone(id_, end["ok"], end["error"]))
            elif message.kind == "attempts_changed":
                self.executor.heard(message.payload["ids"])
                rows = attempt.get_many(conn, message.payload["ids"])
                for row in (rows[id_] for id_ in message.payload["ids"]):
                    found += self._news_of(row)
        return found

    def _news_of(self, row: AttemptRow) -> list[ExecutorEvent]:
        found: list[ExecutorEvent] = []
        if row.started_at is not None and row.id not in self._begun:
            self._begun.add(row.id)
            found.append(AttemptStarted(row.id, row.started_at, row.hostname or "", row.pid))
        if row.state == "done" and row.outcome is not None and row.id not in self._ended:
            self._ended.add(row.id)
            found.append(AttemptFinished(row.id, row.outcome))
        return found

    def until(self, condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
        ends_at = time.monotonic() + patience_s
        while not (found := condition()):
            if time.monotonic() > ends_at:
                raise AssertionError(f"not within {patience_s} s: {what}; events: {self.events}")
            self.turn()
        return found

    def of(self, kind: type[E], attempt_id: str) -> list[E]:
        return [e for e in self.events if isinstance(e, kind) and e.attempt_id == attempt_id]

    def started(self, attempt_id: str) -> AttemptStarted:
        found = self.until(lambda: self.of(AttemptStarted, attempt_id), f"start of {attempt_id}")
        return found[0]

    def finished(self, attempt_id: str, patience_s: float = PATIENCE_S) -> Outcome:
        found = self.until(
            lambda: self.of(AttemptFinished, attempt_id), f"end of {attempt_id}", patience_s
        )
        assert len(found) == 1
        print(found[0].outcome)
        return found[0].outcome

    def lost(self, attempt_id: str) -> AttemptLost:
        return self.until(lambda: self.of(AttemptLost, attempt_id), f"loss of {attempt_id}")[0]

    def outcome(self, task_id: str, **values: Any) -> Outcome:
        """Run a task to its end; what it logged is in the test's captured output."""
        attempt_id = self.submit(task_id, **values)
        outcome = self.finished(attempt_id)
        print(self.log_text(attempt_id))
        return outcome

    # Looking

    def proof(self) -> list[str]:
        path = self.home / "proof"
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def proven(self, word: str) -> None:
        self.until(lambda: word in self.proof(), f"proof {word!r}")

    def log_text(self, attempt_id: str) -> str:
        return "".join(
            path.read_text() for path in (self.home / "logs").glob(f"**/*{attempt_id}.log")
        )

    def log(self, attempt_id: str) -> list[dict[str, Any]]:
        """Return the log's records; a raw line is ``{"raw": line}``."""
        records = []
        for line in self.log_text(attempt_id).splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                records.append({"raw": line})
        return records

    def messages(self, attempt_id: str) -> list[str]:
        return [record.get("event", record.get("raw")) for record in self.log(attempt_id)]

    def row(self, attempt_id: str) -> Any:
        with self.store.read() as conn:
            return attempt.get(conn, attempt_id)

    def xcom(self, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        with self.store.read() as conn:
            row = xcom.get(conn, self.run.id, task_id, key, map_index)
        return None if row is None else row.value

    @property
    def journals(self) -> list[str]:
        """The attempts whose outcomes are on disk."""
        folder = self.home / "run" / ("remote" if self.is_remote else "")
        return [o.attempt_id for path in journal.paths(folder) for o in journal.read(path)]

    # Processes

    @property
    def host_pid(self) -> int:
        assert self.executor._process is not None
        return self.executor._process.pid

    def processes(self) -> dict[int, str]:
        """Return the processes below the host, by their names."""
        return {pid: name_of(pid) for pid in sweeper.descendants(self.host_pid)}

    def base_zygote(self) -> int:
        """Return the pid of the base zygote: the host's one child."""
        return self._only_child(self.host_pid)

    def dag_zygote(self) -> int:
        """Return the pid of the one DAG zygote."""
        return self._only_child(self.base_zygote())

    def _only_child(self, pid: int) -> int:
        found = sweeper.children(pid)
        assert len(found) == 1, self.processes()
        return found[0]


def _request_callback(conn: Connection, workload: Workload) -> None:
    conn.execute(
        schema.callback_request.insert().values(
            id=workload.attempt_id,
            dag_run_id=workload.dag_run_pk,
            kind=f"{workload.kind.partition('_')[0]}_{workload.callback}",
            task_id=workload.task_id or None,
            map_index=workload.map_index,
            state="running",
            created_at=datetime.now(UTC),
        )
    )


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
