"""The hot path's own way to the database: nothing lost, nothing twice, few round trips."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, event, select
from tests.databases import DATABASES
from tests.store.build import create_run, outcome, queue, starting

from slipstream.state import TaskInstanceState
from slipstream.store import Store, attempt, dialect, schema
from slipstream.store.dialect import packet, pipeline

SERVERS = DATABASES[1:]
POSTGRESQL = DATABASES[1:2]
AWKWARD = [
    '"',
    "\\",
    "\\N",
    "'",
    "{a,b}",
    "NULL",
    "null",
    "",
    " ",
    "%s $1 %%",
    "a\nb\t",
    "é\u2028😀",
]


@pytest.mark.parametrize("n_times", [1, 2], ids=["row_by_row", "as_one"])
def test_text_arrives_as_it_was_sent(store: Store, n_times: int) -> None:
    rows = [create_run(store, "d", str(i)) for i in range(n_times * len(AWKWARD))]
    values = [
        {
            "id": row.id,
            "note": text,
            "clear_number": -i,
            "queued_at": datetime(2024, 1, 1, tzinfo=UTC),
        }
        for i, (row, text) in enumerate(zip(rows, AWKWARD * n_times, strict=True))
    ]

    def save(conn: Connection) -> None:
        update_many = dialect.of(conn).update_many
        for some in [values] if n_times > 1 else [[value] for value in values]:
            update_many(conn, schema.dag_run, ("id",), some)

    store.write(save)
    columns = [schema.dag_run.c[name] for name in values[0]]
    with store.read() as conn:
        found = conn.execute(select(*columns).order_by(schema.dag_run.c.id)).all()
    assert [row._asdict() for row in found] == values


def test_the_hour_that_a_clock_repeats_is_stored_as_two(store: Store) -> None:
    first = datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    second = first.replace(fold=1)
    assert first == second, "which is why no text of theirs may be kept by the moment"
    for moment in (first, second):
        row = create_run(store, "d", str(moment.fold))
        values = {"id": row.id, "queued_at": moment}
        store.write(_update, values)
        with store.read() as conn:
            found = conn.scalar(
                select(schema.dag_run.c.queued_at).where(schema.dag_run.c.id == row.id)
            )
        assert found == moment.astimezone(UTC)
    assert pipeline.encoded([first, second]) == [
        b"2024-10-27 02:30:00+02:00",
        b"2024-10-27 02:30:00+01:00",
    ]


def _update(conn: Connection, values: dict[str, Any]) -> None:
    dialect.of(conn).update_many(conn, schema.dag_run, ("id",), [values])


def test_enumerations_are_sent_as_what_they_stand_for(store: Store) -> None:
    row = create_run(store)
    states = [TaskInstanceState.SUCCESS, None]
    for state in states:
        store.write(_set_note, row.id, state)
        with store.read() as conn:
            assert conn.scalar(select(schema.dag_run.c.note)) == state


def _set_note(conn: Connection, pk: int, note: Any) -> None:
    dialect.of(conn).update_many(conn, schema.dag_run, ("id",), [{"id": pk, "note": note}])


@pytest.mark.parametrize("dialect", SERVERS, indirect=True)
def test_what_has_no_form_is_an_error_and_the_connection_goes_on(store: Store) -> None:
    row = create_run(store)
    with pytest.raises(Exception, match="no form"):
        store.write(_set_note, row.id, b"bytes")
    if store.dialect == "postgresql":
        with pytest.raises(Exception, match="NUL"):
            store.write(_set_note, row.id, "a\0b")
    store.write(_set_note, row.id, "next")
    with store.read() as conn:
        assert conn.scalar(select(schema.dag_run.c.note)) == "next"


@pytest.mark.parametrize("dialect", SERVERS, indirect=True)
@pytest.mark.parametrize("n", [1, 3, 20])
def test_a_start_and_a_finish_are_a_round_trip_each(
    store: Store, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = list(queue(store, create_run(store), [f"t{i}" for i in range(n)]).values())
    trips: list[Any] = []
    module = {"postgresql": pipeline, "mysql": packet}[store.dialect]
    run = module.run

    def counted(*args: Any) -> Any:
        trips.append(args)
        return run(*args)

    monkeypatch.setattr(module, "run", counted)
    event.listen(store.engine, "before_cursor_execute", lambda *args: trips.append(args))
    assert store.write(attempt.start, starting(ids)) == set(ids)
    assert store.write(attempt.finish, [outcome(id, rendered_fields={}) for id in ids]) == set(ids)
    assert len(trips) == 2


@pytest.mark.parametrize("dialect", DATABASES[2:], indirect=True)
@pytest.mark.parametrize("size", [1, 300])
def test_statements_that_fill_several_packets_run_once_each(
    store: Store, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packet, "PACKET", size)
    ids = list(queue(store, create_run(store), ["a", "b", "c"]).values())
    assert store.write(attempt.start, starting(ids)) == set(ids)
    assert store.write(attempt.finish, [outcome(id) for id in ids[:2]]) == set(ids[:2])
    assert store.write(attempt.finish, [outcome(id, xcoms=[]) for id in ids]) == set(ids)


@pytest.mark.parametrize("dialect", POSTGRESQL, indirect=True)
def test_nothing_is_prepared_for_who_forbids_it(store: Store) -> None:
    def forbid(connection: Any, _: Any) -> None:
        connection.prepare_threshold = None  # as people set it in front of some poolers

    event.listen(store.engine, "connect", forbid)
    row = create_run(store)
    for word in ("a", "b", "c"):
        store.write(_set_note, row.id, word)
    with store.read() as conn:
        assert conn.scalar(select(schema.dag_run.c.note)) == "c"
        assert conn.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar() == 0


@pytest.mark.parametrize("dialect", POSTGRESQL, indirect=True)
def test_a_connection_keeps_few_statements_prepared(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_MAX_PREPARED", 2)
    row = create_run(store)
    for name in ("note", "triggering_user", "partition_key", "triggered_by") * 2:
        store.write(
            lambda conn, name=name: dialect.of(conn).update_many(
                conn, schema.dag_run, ("id",), [{"id": row.id, name: name}]
            )
        )
    with store.read() as conn:
        assert conn.scalar(select(schema.dag_run.c.triggered_by)) == "triggered_by"
        count = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'slipstream%%'"
        assert conn.exec_driver_sql(count).scalar() <= 3


def test_a_condition_that_fails_fails_the_transaction_whole(store: Store) -> None:
    row = create_run(store)

    def save(conn: Connection) -> None:
        dialect.of(conn).require(conn, schema.job, "no such job", "running")
        _set_note(conn, row.id, "refused")

    with pytest.raises(dialect.NotHeld):
        store.write(save)
    store.write(_set_note, row.id, "next")
    with store.read() as conn:
        assert conn.scalar(select(schema.dag_run.c.note)) == "next"
