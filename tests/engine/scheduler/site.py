"""A small installation in a temporary folder: DAG files, database, scheduler, local worker host."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from slipstream import command, executors
from slipstream.clock import SystemClock
from slipstream.dagprocessor.service import DagProcessor
from slipstream.executors.base import Executor
from slipstream.scheduler.service import Scheduler
from slipstream.scheduler.settings import Settings
from slipstream.state import DagRunState, DagRunTriggeredByType
from slipstream.store import (
    Connection,
    Store,
    attempt,
    inbox,
    pool,
    run,
    schema,
    story,
    task_instance,
    xcom,
)
from slipstream.store.row import AttemptRow, RunRow, StoryRow

ENDED = (DagRunState.SUCCESS, DagRunState.FAILED)
PATIENCE_S = 30.0

HEADER = """
import os
from datetime import datetime, timedelta
from airflow.sdk import DAG, task

PROOF = os.path.join(os.environ["AIRFLOW_HOME"], "proof")

def prove(word):
    fd = os.open(PROOF, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, (word + "\\n").encode())
    os.close(fd)
"""


class Site:
    """An installation on one database. The scheduler runs in the test's own thread."""

    def __init__(self, home: Path, store: Store, **settings: Any) -> None:
        self.home = home
        self.store = store
        self.clock = SystemClock()
        self.settings = Settings(**{"sweep_s": 1.0, "poll_s": 0.5, **settings})
        self.scheduler: Scheduler | None = None

    def write_dag(self, name: str, body: str, *, parse: bool = True) -> None:
        """Write a DAG file of the header and ``body``, and have it parsed."""
        path = self.home / "dags" / f"{name}.py"
        path.write_text(HEADER + textwrap.dedent(body))
        if parse:
            self.parse()

    def parse(self) -> None:
        DagProcessor(self.store, self.clock).parse_once()

    def start(self, carriers: Mapping[str, Executor] | None = None) -> Scheduler:
        carriers = carriers or executors.create("LocalExecutor")
        self.scheduler = Scheduler(self.store, carriers, self.clock, settings=self.settings)
        self.scheduler.start()
        return self.scheduler

    def stop(self) -> None:
        if self.scheduler is not None:
            self.scheduler.stop(deadline_s=3.0)
            self.scheduler = None

    def until(
        self, condition: Callable[[], object], what: str, patience_s: float = PATIENCE_S
    ) -> None:
        """Turn the scheduler until the condition holds."""
        ends_at = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < ends_at, f"not within {patience_s} s: {what}"
            if self.scheduler is not None:
                self.scheduler.turn(0.05)
            else:
                time.sleep(0.02)

    def trigger(self, dag_id: str, **values: Any) -> RunRow:
        return command.trigger_run(
            self.store,
            self.clock,
            dag_id=dag_id,
            triggered_by=DagRunTriggeredByType.TEST,
            wait_s=0,
            **values,
        )

    def finish(self, row: RunRow, patience_s: float = PATIENCE_S) -> str:
        """Wait for the run's end and return its state."""
        self.until(lambda: self.row(row).state in ENDED, f"the end of {row.run_id}", patience_s)
        return self.row(row).state

    def row(self, row: RunRow) -> RunRow:
        with self.store.read() as conn:
            found = run.get_by_pk(conn, row.id)
        assert found is not None
        return found

    def states(self, row: RunRow) -> dict[str, str | None]:
        with self.store.read() as conn:
            found = task_instance.states(conn, row.id)
        return {t if i < 0 else f"{t}[{i}]": s for (t, i), s in found.items()}

    def xcom(self, row: RunRow, task_id: str, key: str = "return_value") -> Any:
        with self.store.read() as conn:
            found = xcom.get(conn, row.id, task_id, key=key)
        return None if found is None else found.value

    def tries(self, row: RunRow, task_id: str) -> list[AttemptRow]:
        with self.store.read() as conn:
            return attempt.list_tries(conn, row.id, task_id)

    def story(self, row: RunRow) -> list[StoryRow]:
        with self.store.read() as conn:
            return story.of_run(conn, row.id)

    def task_story(self, row: RunRow, task_id: str) -> list[StoryRow]:
        with self.store.read() as conn:
            return story.of_task_instance(conn, row.id, task_id)

    def story_of_instances(self, row: RunRow) -> list[StoryRow]:
        """Return all events of a run's task instances, in order."""
        with self.store.read() as conn:
            keys = task_instance.states(conn, row.id)
            events = [e for t, i in keys for e in story.of_task_instance(conn, row.id, t, i)]
        return sorted(events)

    def change_pool(self, name: str, slots: int) -> None:
        """Set a pool's size as people do."""

        def change(conn: Connection) -> None:
            pool.upsert(conn, name, slots)
            inbox.post(conn, target="scheduler", kind="pool_changed", now=self.clock.now())

        self.store.write(change)
        self.store.wake("scheduler")

    def callbacks(self) -> list[str]:
        """Return the callback requests that are not settled."""
        with self.store.read() as conn:
            return list(conn.scalars(select(schema.callback_request.c.id)))

    def proof(self) -> list[str]:
        """Return the words that tasks have written down."""
        path = self.home / "proof"
        return path.read_text().split("\n")[:-1] if path.exists() else []
