"""Migrations: they build what the schema says, on each database, whoever runs them at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text
from tests.databases import DATABASES
from tests.store.build import NOW, Spawn, parsed_dag, parsed_file
from tests.store.pair import race

from slipstream.errors import StoreUnavailable, UserError
from slipstream.store import Store, dag, migrate, pool, schema


def test_migrations_build_what_the_schema_module_says(store: Store) -> None:
    with store.engine.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_the_newest_revision_is_alembics_head(store: Store) -> None:
    with store.engine.connect() as conn:
        script = ScriptDirectory.from_config(migrate._config(conn))
    assert script.get_heads() == [migrate.head()]
    assert migrate.current(store) == migrate.head()


def test_a_fresh_database_is_built_with_the_default_pool(fresh_url: str) -> None:
    with Store.open(fresh_url) as store:
        assert migrate.upgrade(store) == migrate.head()
        migrate.check(store)
        with store.read() as conn:
            (only,) = pool.list_all(conn)
        assert (only.name, only.slots) == ("default_pool", 128)


def test_the_default_pool_is_as_large_as_the_option_says_when_it_is_made(
    fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT", "7")
    with Store.open(fresh_url) as store:
        migrate.upgrade(store)
    with Store.open(fresh_url) as store, store.read() as conn:
        assert [p.slots for p in pool.list_all(conn)] == [7]


def test_upgrading_twice_changes_nothing(store: Store) -> None:
    store.write(pool.upsert, "default_pool", 5)
    assert migrate.upgrade(store) == migrate.head()
    with store.read() as conn:
        assert [p.slots for p in pool.list_all(conn)] == [5]


def test_who_finds_the_database_upgraded_does_without_alembic(fresh_url: str) -> None:
    with Store.open(fresh_url) as store:
        migrate.upgrade(store)
    program = (
        "import sys; from slipstream.store import Store, migrate; "
        "print(migrate.upgrade(Store.open(sys.argv[1])), 'alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, fresh_url], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == [migrate.head(), "False"], done.stderr


def test_two_processes_may_upgrade_at_once(fresh_url: str, spawn: Spawn) -> None:
    if fresh_url.startswith("sqlite"):
        Path(fresh_url.removeprefix("sqlite:///")).touch()
    assert race(spawn, "upgrade", fresh_url, hosts=False) == [migrate.head()] * 2
    with Store.open(fresh_url) as store:
        migrate.check(store)


def test_an_upgrade_that_was_cut_short_is_finished(fresh_url: str) -> None:
    with Store.open(fresh_url) as store:
        migrate.upgrade(store)
        with store.engine.connect() as conn:
            # What MySQL has after a crash between two statements.
            for statement in (
                "DROP TABLE alembic_version",
                "DROP TABLE xcom",
                "DROP TABLE dag_tag",
                "DELETE FROM pool",
            ):
                conn.execute(text(statement))
        assert migrate.upgrade(store) == migrate.head()
        with store.engine.connect() as conn:
            context = MigrationContext.configure(conn, opts={"compare_type": True})
            assert compare_metadata(context, schema.metadata) == []


def test_reset_leaves_nothing_and_upgrade_builds_anew(fresh_url: str) -> None:
    with Store.open(fresh_url) as store:
        migrate.upgrade(store)
        migrate.reset(store)
        with store.engine.connect() as conn:
            assert inspect(conn).get_table_names() == []
        assert migrate.upgrade(store) == migrate.head()


def test_downgrade_to_base_drops_all_tables(fresh_url: str) -> None:
    with Store.open(fresh_url) as store:
        migrate.upgrade(store)
        with store.engine.connect() as conn:
            command.downgrade(migrate._config(conn), "base")
            assert inspect(conn).get_table_names() == ["alembic_version"]


def test_a_database_without_tables_says_what_to_do(fresh_url: str) -> None:
    if fresh_url.startswith("sqlite"):
        Path(fresh_url.removeprefix("sqlite:///")).touch()
    with Store.open(fresh_url) as store:
        with pytest.raises(UserError, match=r"no tables yet: run `slipstream db migrate`"):
            migrate.check(store)
        with (
            pytest.raises(StoreUnavailable, match="run `slipstream db migrate`"),
            store.read() as conn,
        ):
            pool.list_all(conn)
        with pytest.raises(StoreUnavailable, match="run `slipstream db migrate`"):
            store.write(pool.upsert, "p", 1)


@pytest.mark.parametrize(
    ("revision", "words"),
    [
        ("9999", "newer than this version of Slipstream"),
        ("509b94a1042d", "belongs to another program"),
    ],
)
def test_a_schema_that_is_not_ours_is_left_alone(fresh_url: str, revision: str, words: str) -> None:
    with Store.open(fresh_url) as store:
        migrate.upgrade(store)
        with store.engine.connect() as conn:
            conn.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
        for refuse in (migrate.check, migrate.upgrade, migrate.reset):
            with pytest.raises(UserError, match=words):
                refuse(store)


@pytest.mark.parametrize("dialect", DATABASES[:1], indirect=True)
def test_looking_at_a_missing_file_does_not_create_it(fresh_url: str) -> None:
    path = Path(fresh_url.removeprefix("sqlite:///"))
    with Store.open(fresh_url) as store:
        with pytest.raises(StoreUnavailable, match="db migrate"):
            migrate.check(store)
        with pytest.raises(StoreUnavailable, match="db migrate"):
            store.write(pool.upsert, "p", 1)
        assert not path.exists()


@pytest.mark.parametrize("dialect", DATABASES[:1], indirect=True)
def test_a_file_that_is_no_database_is_left_alone(fresh_url: str) -> None:
    path = Path(fresh_url.removeprefix("sqlite:///"))
    path.write_text("Dear diary, " * 100)
    with Store.open(fresh_url) as store:
        for refuse in (migrate.upgrade, migrate.reset):
            with pytest.raises(UserError, match="file is not a database"):
                refuse(store)
    assert path.read_text() == "Dear diary, " * 100


@pytest.mark.parametrize("dialect", DATABASES[:1], indirect=True)
def test_sqlite_is_in_wal_mode_and_keeps_its_foreign_keys(store: Store, store_url: str) -> None:
    with store.engine.connect() as conn:
        assert conn.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert conn.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    plain = sqlite3.connect(store_url.removeprefix("sqlite:///"))
    assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    plain.close()


def test_the_sql_of_all_revisions_can_be_printed(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate.print_sql(store, "base", migrate.head())
    printed = capsys.readouterr().out
    for table in schema.metadata.tables:
        assert f"CREATE TABLE {table} (" in printed or f"CREATE TABLE `{table}` (" in printed
    assert "default_pool" in printed
    with pytest.raises(UserError, match="nothing to do"):
        migrate.print_sql(store, None, migrate.head())


def test_a_schema_goes_back_and_forth(store: Store) -> None:
    first = migrate.revisions()[0]
    assert migrate.downgrade(store, first) == first
    assert migrate.upgrade(store) == migrate.head()
    with pytest.raises(UserError, match="There is no schema '9999'"):
        migrate.downgrade(store, "9999")


def test_task_names_of_versions_that_are_there_are_read_from_their_specs(store: Store) -> None:
    tasks = [{"task_id": "a", "display_name": "First"}, {"task_id": "b"}]
    store.write(dag.upsert_file, parsed_file("f.py", parsed_dag("d", spec={"tasks": tasks})), NOW)

    def names() -> list[tuple[str, str]]:
        with store.engine.connect() as conn:
            rows = conn.execute(select(schema.task_name.c.task_id, schema.task_name.c.display_name))
            return [(row.task_id, row.display_name) for row in rows]

    assert names() == [("a", "First")]
    migrate.downgrade(store, "0009")
    migrate.upgrade(store)
    assert names() == [("a", "First")]
    store.write(dag.delete, "d")
    assert names() == []


def test_a_database_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with (
        Store.open(f"sqlite:///{tmp_path}/gone/airflow.db") as store,
        pytest.raises(UserError, match=f"There is no folder {tmp_path}/gone"),
    ):
        migrate.upgrade(store)
    assert not (tmp_path / "gone").exists()
