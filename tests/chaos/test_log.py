"""Logs that cannot be written: the run ends all the same, and the loop goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.chaos.stage import Stage

from slipstream.config import conf
from slipstream.store import Store, migrate, run


@pytest.fixture
def sqlite_store(home: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    url = f"sqlite:///{home}/airflow.db"
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", url)
    conf.reload()
    store = Store.open(url)
    migrate.upgrade(store)
    return store


def _ends(stage: Stage) -> None:
    stage.prepare()
    stage.start("scheduler")
    row = stage.trigger("chaos_fail")
    stage.settle([row], 30)
    with stage.store.read() as conn:
        now = run.get_by_pk(conn, row.id)
    assert now is not None
    assert now.state == "failed"
    assert stage.n_started["scheduler"] == 1
    # The scheduler and its host are alive and well: the next run ends too.
    stage.settle([stage.trigger("chaos_fail")], 30)


def test_a_log_folder_that_cannot_be_written(
    home: Path, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "a_file").touch()
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(home / "a_file" / "logs"))
    conf.reload()
    stage = Stage(home, sqlite_store)
    try:
        _ends(stage)
    finally:
        stage.close()
        sqlite_store.close()


def test_a_full_disk(home: Path, sqlite_store: Store) -> None:
    # /dev/full answers every write with ENOSPC, as a full disk does.
    folder = home / "logs" / "dag_id=chaos_fail"
    stage = Stage(home, sqlite_store)
    try:
        stage.prepare()
        row = stage.trigger("chaos_fail")
        for task_id in ("wrong", "never"):
            place = folder / f"run_id={row.run_id}" / f"task_id={task_id}"
            place.mkdir(parents=True)
            (place / "attempt=1.log").symlink_to("/dev/full")
        stage.start("scheduler")
        stage.settle([row], 30)
        assert stage.n_started["scheduler"] == 1
    finally:
        stage.close()
        sqlite_store.close()
