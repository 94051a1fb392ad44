"""Transactions: committed whole or not at all, retried when that may help, clear when it does not."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, event, make_url, select, text
from sqlalchemy.exc import IntegrityError
from tests.databases import DATABASES, Server
from tests.store.build import AFTER, NOW, Spawn, changing, create_run, new_run
from tests.store.pair import go, race, result, wait_ready
from tests.store.proxy import Proxy

from slipstream.errors import StoreUnavailable
from slipstream.store import Store, decision, dialect, engine, pool, run, schema, spare

SERVERS = DATABASES[1:]


def _names(store: Store) -> list[str]:
    with store.read() as conn:
        return [p.name for p in pool.list_all(conn)]


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def fails(conn: Connection) -> None:
        pool.upsert(conn, "half", 1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.write(fails)
    assert _names(store) == ["default_pool"]
    store.write(pool.upsert, "whole", 1)
    assert _names(store) == ["default_pool", "whole"]


def _change(conn: Connection, row_id: int, note: str | None, state: str | None) -> None:
    rows = [{"id": row_id, "note": note, "state": state}]
    dialect.of(conn).update_many(conn, schema.dag_run, ("id",), rows)


def _note(conn: Connection, row_id: int) -> str | None:
    return conn.execute(
        select(schema.dag_run.c.note).where(schema.dag_run.c.id == row_id)
    ).scalar_one()


def test_what_was_sent_runs_before_the_next_read_of_its_transaction(store: Store) -> None:
    row = create_run(store)

    def change(conn: Connection) -> list[str | None]:
        seen = []
        for word in ("first", "second"):
            _change(conn, row.id, word, "queued")
            seen.append(_note(conn, row.id))
        _change(conn, row.id, "last", "queued")
        return seen

    assert store.write(change) == ["first", "second"]
    with store.read() as conn:
        assert _note(conn, row.id) == "last"


def test_what_was_sent_and_fails_leaves_nothing(store: Store) -> None:
    row = create_run(store)

    def change(conn: Connection) -> None:
        _change(conn, row.id, "half", "queued")
        _change(conn, row.id, "refused", None)

    with pytest.raises(Exception, match=r"(?i)null"):
        store.write(change)
    store.write(pool.upsert, "next", 1)
    with store.read() as conn:
        assert _note(conn, row.id) is None
    assert _names(store) == ["default_pool", "next"]


def test_errors_that_a_retry_cannot_help_are_raised_at_once(store: Store) -> None:
    calls = []

    def duplicate(conn: Connection) -> None:
        calls.append(1)
        conn.execute(
            schema.pool.insert().values(name="default_pool", slots=1, include_deferred=False)
        )

    with pytest.raises(IntegrityError):
        store.write(duplicate)
    assert calls == [1]


def test_a_reader_sees_what_was_committed_before_its_query(store: Store) -> None:
    with store.read() as conn:
        before = len(pool.list_all(conn))
        store.write(pool.upsert, "new", 1)
        assert len(pool.list_all(conn)) == before + 1


def test_readers_do_not_wait_for_a_writer(store: Store, store_url: str, spawn: Spawn) -> None:
    row = create_run(store)
    writer = spawn("hold", store_url, str(row.id))
    wait_ready(writer)
    with store.read() as conn:
        found = run.get_by_pk(conn, row.id)
    assert found is not None
    assert found.clear_number == 0
    go(writer)
    assert result(writer) == "released"


def test_two_processes_lose_no_update(store: Store, store_url: str, spawn: Spawn) -> None:
    row = create_run(store)
    race(spawn, "count_up", store_url, str(row.id), "50", hosts=False)
    with store.read() as conn:
        found = run.get_by_pk(conn, row.id)
    assert found is not None
    assert found.clear_number == 100


def test_threads_share_a_store(store: Store) -> None:
    def write(number: int) -> None:
        for i in range(10):
            store.write(pool.upsert, f"p{number}-{i}", 1)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(AFTER)
    assert len(_names(store)) == 41


def test_a_writer_that_is_killed_leaves_nothing_and_holds_nobody_up(
    store: Store, store_url: str, spawn: Spawn
) -> None:
    process = spawn("die_in_transaction", store_url)
    wait_ready(process)
    process.kill()
    process.wait(AFTER)
    began = time.monotonic()
    row = create_run(store, "d", "never")
    assert time.monotonic() - began < 2.0
    assert row.run_id == "never"


@pytest.mark.parametrize("dialect", SERVERS, indirect=True)
def test_a_deadlock_is_retried(store: Store) -> None:
    first, second = create_run(store, "d", "1"), create_run(store, "d", "2")
    both_hold_one = threading.Barrier(2, timeout=AFTER)
    calls = []

    def lock(conn: Connection, pk: int) -> None:
        query = select(schema.dag_run.c.id).where(schema.dag_run.c.id == pk)
        conn.execute(dialect.of(conn).lock_rows(query, of=schema.dag_run)).all()

    def crossing(conn: Connection, pks: tuple[int, int], name: str) -> None:
        calls.append(name)
        lock(conn, pks[0])
        if calls.count(name) == 1:
            both_hold_one.wait()
        lock(conn, pks[1])
        decided = changing([])
        decided.run = {"note": name}
        decision.save(conn, [(pks[1], decided)], [], NOW)

    threads = [
        threading.Thread(target=store.write, args=(crossing, (first.id, second.id), "a")),
        threading.Thread(target=store.write, args=(crossing, (second.id, first.id), "b")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(AFTER)
    with store.read() as conn:
        notes = {row.run_id: row.note for row in run.get_many(conn, [first.id, second.id]).values()}
    assert notes == {"1": "b", "2": "a"}
    assert len(calls) > 2


@pytest.mark.parametrize("dialect", DATABASES[:1], indirect=True)
def test_a_writer_that_is_not_ours_is_waited_for(store: Store, store_url: str) -> None:
    other = sqlite3.connect(
        store_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    store.write(pool.upsert, "waited", 1)
    timer.join(AFTER)
    other.close()
    assert "waited" in _names(store)


@pytest.mark.parametrize("dialect", DATABASES[:1], indirect=True)
def test_a_write_within_a_write_is_an_error_not_a_deadlock(store: Store) -> None:
    with pytest.raises(RuntimeError, match="pass the connection on"):
        store.write(lambda conn: store.write(pool.upsert, "inner", 1))
    store.write(pool.upsert, "outer", 1)
    assert _names(store) == ["default_pool", "outer"]


@pytest.mark.parametrize("dialect", DATABASES[:1], indirect=True)
def test_a_database_that_stays_locked_says_so(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_BUSY_RETRIES", 2)
    with store.engine.connect() as conn:
        conn.exec_driver_sql("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(store_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="stayed locked by other transactions"):
        store.write(pool.upsert, "p", 1)
    other.close()


@pytest.fixture
def proxied(store_url: str) -> Iterator[tuple[Proxy, Store]]:
    url = make_url(store_url)
    assert url.port is not None
    with Proxy(url.host or "127.0.0.1", url.port) as proxy:
        through = url.set(host="127.0.0.1", port=proxy.port)
        with Store.open(through.render_as_string(hide_password=False)) as opened:
            yield proxy, opened


@pytest.mark.parametrize("dialect", SERVERS, indirect=True)
def test_a_write_survives_a_lost_connection(proxied: tuple[Proxy, Store]) -> None:
    proxy, store = proxied
    for name in ("a", "b"):
        store.write(pool.upsert, name, 1)
        proxy.drop_connections()
    store.write(pool.upsert, "c", 1)
    assert _names(store) == ["a", "b", "c", "default_pool"]


@pytest.mark.parametrize("dialect", SERVERS, indirect=True)
def test_a_connection_lost_in_the_middle_runs_the_function_again(
    proxied: tuple[Proxy, Store],
) -> None:
    proxy, store = proxied
    calls = []

    def cut_once(conn: Connection) -> None:
        pool.upsert(conn, "once", len(calls))
        calls.append(1)
        if len(calls) == 1:
            proxy.drop_connections()
        pool.upsert(conn, "again", 1)

    store.write(cut_once)
    assert len(calls) == 2
    assert _names(store) == ["again", "default_pool", "once"]


@pytest.mark.parametrize("dialect", SERVERS, indirect=True)
def test_a_connection_that_broke_while_idle_is_replaced(
    proxied: tuple[Proxy, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, store = proxied
    assert _names(store) == ["default_pool"]
    proxy.drop_connections()
    monkeypatch.setattr(spare, "IDLE_CHECK_S", 0.0)
    assert _names(store) == ["default_pool"]
    store.write(_sent, "spare")
    proxy.drop_connections()
    assert _names(store) == ["default_pool"]


def _sent(conn: Connection, note: str) -> None:
    """Write as the hot path does, without a word of SQLAlchemy's."""
    dialect.of(conn).update_many(conn, schema.dag_run, ("id",), [{"id": 0, "note": note}])


def test_writes_one_after_the_other_share_a_connection_with_reads(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE", "1")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW", "0")
    taken: list[object] = []
    with Store.open(store_url) as store:
        event.listen(store.engine, "checkout", lambda *args: taken.append(args))
        for note in ("first", "second", "third"):
            store.write(_sent, note)
        assert len(taken) == 1
        assert _names(store) == ["default_pool"]
        assert len(taken) == 1, "a pool of one connection has none left"
        store.write(_sent, "fourth")
        with pytest.raises(ZeroDivisionError):
            store.write(lambda conn: 1 // 0)
        assert _names(store) == ["default_pool"]


@pytest.mark.parametrize("dialect", SERVERS, indirect=True)
def test_many_connections_that_broke_cost_one_try(proxied: tuple[Proxy, Store]) -> None:
    proxy, store = proxied
    barrier = threading.Barrier(5)

    def together(conn: Connection) -> None:
        _sent(conn, "together")
        barrier.wait(AFTER)

    threads = [threading.Thread(target=store.write, args=(together,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(AFTER)
    proxy.drop_connections()
    tries: list[None] = []

    def again(conn: Connection) -> None:
        tries.append(None)
        _sent(conn, "again")

    store.write(again)
    assert len(tries) == 2


@pytest.mark.parametrize("dialect", SERVERS, indirect=True)
def test_a_database_that_goes_away_and_comes_back(proxied: tuple[Proxy, Store]) -> None:
    proxy, store = proxied
    store.write(pool.upsert, "before", 1)
    proxy.cut()
    with pytest.raises(StoreUnavailable) as caught:
        store.write(pool.upsert, "lost", 1)
    assert "\n" not in str(caught.value)
    assert f"@127.0.0.1:{proxy.port}/" in str(caught.value)
    assert " is away: " in str(caught.value)
    with pytest.raises(StoreUnavailable), store.read() as conn:
        pool.list_all(conn)
    store.wake("scheduler")  # best effort: no error
    proxy.restore()
    store.write(pool.upsert, "after", 1)
    assert _names(store) == ["after", "before", "default_pool"]


@pytest.mark.parametrize("scheme", ["postgres", "mysql"])
def test_messages_hide_the_password(scheme: str, unused_port: int) -> None:
    with Store.open(f"{scheme}://me:s3cret@127.0.0.1:{unused_port}/db") as store:
        assert "s3cret" not in store.url
        with pytest.raises(StoreUnavailable, match=r"://me:\*\*\*@127\.0\.0\.1") as caught:
            store.write(pool.upsert, "p", 1)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that is taken but not listened on: connections are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("dialect", SERVERS, indirect=True)
def test_a_database_that_does_not_exist_says_so(
    dialect: str, database_server: Callable[[str], Server]
) -> None:
    url = database_server(dialect).admin.set(database="no_such_database_here")
    with Store.open(url.render_as_string(hide_password=False)) as store:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"no_such_database_here.*cannot be used"):
            store.write(pool.upsert, "p", 1)
        assert time.monotonic() - began < 1.0


@pytest.mark.parametrize("dialect", DATABASES[:1], indirect=True)
def test_a_file_that_is_no_database_says_so(dialect: str, fresh_url: str) -> None:
    with open(fresh_url.removeprefix("sqlite:///"), "w") as file:
        file.write("no database\n" * 100)
    with Store.open(fresh_url) as store:
        with pytest.raises(StoreUnavailable, match="not a database"), store.read() as conn:
            pool.list_all(conn)
        with pytest.raises(StoreUnavailable, match="not a database"):
            store.write(pool.upsert, "p", 1)


def test_a_run_created_twice_after_a_lost_answer_is_one_run(store: Store) -> None:
    new = new_run("d", "r", logical_date=NOW)
    first = store.write(run.create, new, NOW, notify=False)
    assert store.write(run.create, new, NOW, notify=False) == first


def test_the_session_is_set_up(store: Store) -> None:
    with store.read() as conn:
        if store.dialect == "postgresql":
            assert conn.execute(text("SHOW transaction_isolation")).scalar() == "read committed"
            assert conn.execute(text("SHOW timezone")).scalar() == "UTC"
        elif store.dialect == "mysql":
            row = conn.execute(
                text("SELECT @@session.sql_mode, @@tx_isolation, @@character_set_client")
            ).one()
            assert "STRICT_TRANS_TABLES" in row[0]
            assert row[1:] == ("READ-COMMITTED", "utf8mb4")
        else:
            assert conn.execute(text("PRAGMA busy_timeout")).scalar() == 5_000
