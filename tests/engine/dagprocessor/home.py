"""A home with DAG files and a store, and processors that work on it for real."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from slipstream.dagprocessor.service import DagProcessor
from slipstream.dagprocessor.settings import Settings
from slipstream.dagprocessor.workshop import Report
from slipstream.store import Store, dag, import_error
from slipstream.store.row import DagRow, ImportErrorRow

DEADLINE_S = 20.0

HEADER = (
    "from airflow.sdk import DAG\n"
    "from airflow.providers.standard.operators.empty import EmptyOperator\n"
)


def dag_text(dag_id: str, *, schedule: str = "None", task_id: str = "t") -> str:
    """Return a DAG file's text."""
    return (
        f"{HEADER}with DAG({dag_id!r}, schedule={schedule}) as dag:\n"
        f"    EmptyOperator(task_id={task_id!r})\n"
    )


class Home:
    """One AIRFLOW_HOME: its DAG files, its store, and what the store says."""

    def __init__(self, path: Path, store: Store) -> None:
        self.path = path
        self.dags = path / "dags"
        self.store = store
        self.settings = Settings(soft_limit_s=10.0, hard_limit_s=15.0)

    def write(self, relative: str, text: str) -> Path:
        """Write a DAG file, as an editor would, and return its path."""
        path = self.dags / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def parse(self, *, force: bool = False, **changes: Any) -> Report:
        """Run a processor until it has nothing to do; ``changes`` are of the settings."""
        return self.processor(**changes).parse_once(force=force)

    def processor(self, **changes: Any) -> DagProcessor:
        return DagProcessor(self.store, settings=replace(self.settings, **changes))

    @contextmanager
    def running(self, **changes: Any) -> Iterator[DagProcessor]:
        """Keep a processor running beside the test; it must end well."""
        processor, stop = self.processor(**changes), threading.Event()
        failures: list[BaseException] = []

        def serve() -> None:
            try:
                processor.run(stop)
            except BaseException as e:
                failures.append(e)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield processor
        finally:
            stop.set()
            thread.join(DEADLINE_S)
        assert not thread.is_alive()
        assert failures == []

    def active(self) -> set[str]:
        """Return the ids of the DAGs that are not stale."""
        return {row.dag_id for row in self.rows().values() if not row.is_stale}

    def rows(self) -> dict[str, DagRow]:
        with self.store.read() as conn:
            return {row.dag_id: row for row in dag.list_all(conn)}

    def errors(self) -> dict[str, ImportErrorRow]:
        """Return the import errors by file name."""
        with self.store.read() as conn:
            return {row.filename: row for row in import_error.list_all(conn)}

    def error(self, relative: str) -> str:
        """Return the text of a file's import error."""
        return self.errors()[relative].stacktrace

    def n_versions(self, dag_id: str) -> int:
        with self.store.read() as conn:
            return len(dag.versions(conn, dag_id))

    def log(self, relative: str) -> str:
        """Return what a file printed in its newest parse."""
        path = self.path / "logs" / "dag_processor" / "dags-folder" / f"{relative}.log"
        return path.read_text() if path.exists() else ""


def eventually(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> float:
    """Wait until the condition holds; return after how many seconds it did."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < deadline_s, f"not within {deadline_s:g} s: {what}"
        time.sleep(0.005)
    return time.monotonic() - began
