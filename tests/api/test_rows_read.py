"""Lists page in the database: what a page costs does not grow with what is left out of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import CursorResult, Engine, event
from tests.api.build import START, trigger
from tests.api.running import Api
from tests.store.build import parsed_dag, parsed_file

from slipstream.clock import FakeClock
from slipstream.store import Store, audit, dag, variable

LIMIT = 5
N_MORE = 60
MOST_ROWS = 3 * LIMIT + 5
"""Of a page: its rows, their two tags or versions that are not remembered, and the counts."""
MOST_STATEMENTS = 5
LISTS = (
    *("/dags", "/dags?timetable_type=NullTimetable", "/dags?has_asset_schedule=false"),
    *("/dags?is_favorite=false", "/dags?tags=etl", "/dagTags", "/importErrors", "/dagWarnings"),
    *("/dags/~/dagRuns", "/dags/sales/dagRuns", "/dags/~/dagRuns?cursor="),
    *("/dags/~/dagRuns/~/taskInstances", "/dags/sales/dagRuns/done/taskInstances"),
    *("/dags/sales/dagVersions", "/dags/~/dagRuns/~/taskInstances/~/xcomEntries"),
    *("/variables", "/connections", "/pools", "/jobs", "/eventLogs", "/backfills?dag_id=sales"),
)


class Read:
    """What was asked of the database, and how many rows came of it."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.n_rows = 0


@contextlib.contextmanager
def reading() -> Iterator[Read]:
    """Count the statements and the rows of all engines."""
    found = Read()

    def executed(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.statements.append(statement)

    def counted(patch: pytest.MonkeyPatch, name: str) -> None:
        original = getattr(CursorResult, name)

        def fetch(self: Any, *args: Any, **kwargs: Any) -> Any:
            rows = original(self, *args, **kwargs)
            found.n_rows += len(rows) if isinstance(rows, list) else rows is not None
            return rows

        patch.setattr(CursorResult, name, fetch)

    event.listen(Engine, "after_cursor_execute", executed)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("_fetchall_impl", "_fetchone_impl", "_fetchmany_impl"):
                counted(patch, name)
            yield found
    finally:
        event.remove(Engine, "after_cursor_execute", executed)


def _fill(store: Store) -> None:
    files = [
        parsed_file(f"more{n}.py", parsed_dag(f"more{n}", spec={"tags": ["etl", f"t{n}"]}))
        for n in range(N_MORE)
    ]
    store.write(dag.upsert_file, files, START)
    clock = FakeClock(START)
    for n in range(N_MORE):
        trigger(store, clock, f"run{n}")
        store.write(variable.set, f"v{n}", "x", None)
        store.write(audit.add, event="e", now=START, owner="ann", dag_id="sales")


def test_no_list_reads_rows_that_it_does_not_return(filled: Api, store: Store) -> None:
    _fill(store)
    dear = []
    for path in LISTS:
        address = path + ("&" if "?" in path else "?") + f"limit={LIMIT}"
        filled.ok("GET", address)  # what is remembered from then on is not counted
        with reading() as read:
            answer = filled.ok("GET", address)
        rows = next(v for v in answer.values() if isinstance(v, list))
        assert len(rows) <= LIMIT
        assert read.n_rows >= len(rows), "the rows were not counted"
        if read.n_rows > MOST_ROWS or len(read.statements) > MOST_STATEMENTS:
            dear.append(f"{path}: {read.n_rows} rows, {len(read.statements)} statements")
        assert read.statements, path
    assert dear == []
