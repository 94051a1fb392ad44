"""db clean: what is old goes, what something alive needs stays."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pytest
from tests.store.build import (
    NOW,
    changing,
    count,
    create_run,
    later,
    outcome,
    parsed_dag,
    parsed_file,
    queue,
    starting,
)

from slipstream.errors import UserError
from slipstream.store import (
    Store,
    archive,
    attempt,
    audit,
    clean,
    dag,
    decision,
    job,
    migrate,
    run,
    schema,
)


def _finish(store: Store, pk: int, state: str = "success") -> None:
    decided = changing([])
    decided.run = {"state": state, "end_date": NOW}
    store.write(decision.save, [(pk, decided)], [], NOW)


def _runs(store: Store) -> set[str]:
    with store.read() as conn:
        return {r.run_id for r in run.list_by_logical_date(conn, "d")}


def test_old_finished_runs_go_with_all_their_rows(store: Store) -> None:
    for name, seconds in (("old", -100), ("active", -100), ("young", 100)):
        row = create_run(store, "d", name, run_after=later(seconds))
        ids = queue(store, row, ["a"])
        store.write(attempt.start, starting(ids.values()))
        store.write(attempt.finish, [outcome(ids["a"], xcoms=[{"key": "k", "value": 1}])])
        if name != "active":
            _finish(store, row.id)
    assert clean.count(store, NOW, tables=["dag_run"]) == {"dag_run": 1}
    assert clean.clean(store, NOW, tables=["dag_run"]) == {"dag_run": 1}
    assert _runs(store) == {"active", "young"}
    with store.read() as conn:
        assert count(conn, schema.task_instance) == count(conn, schema.xcom) == 2


def test_the_newest_automated_run_of_a_dag_stays(store: Store) -> None:
    for number in range(3):
        at = later(-1000 + number)
        row = create_run(
            store, "d", str(number), run_type="scheduled", logical_date=at, run_after=at
        )
        _finish(store, row.id)
    clean.clean(store, NOW, tables=["dag_run"])
    assert _runs(store) == {"2"}


def test_batches_go_on_until_nothing_is_left(store: Store) -> None:
    for number in range(7):
        store.write(audit.add, event="e", now=later(-number - 1), dag_id=f"d{number % 2}")
    assert clean.clean(store, NOW, tables=["log"], dag_ids=["d0"], batch_size=2) == {"log": 4}
    assert clean.clean(store, NOW, tables=["log"], exclude_dag_ids=["d1"]) == {"log": 0}
    assert clean.clean(store, NOW)["log"] == 3
    with store.read() as conn:
        assert count(conn, schema.audit_log) == 0


def test_rows_of_active_runs_stay_in_every_table(store: Store) -> None:
    row = create_run(store, run_after=later(-100))
    ids = queue(store, row, ["a"])
    store.write(attempt.start, starting(ids.values()))
    store.write(attempt.finish, [outcome(ids["a"], xcoms=[{"key": "k", "value": 1}])])
    story = changing(["a"], state="success", start_date=NOW, story=True)
    store.write(decision.save, [(row.id, story)], [], NOW)
    assert set(clean.clean(store, later(1000)).values()) == {0}
    _finish(store, row.id)
    deleted = clean.clean(
        store, later(1000), tables=["task_instance", "task_instance_history", "xcom", "task_event"]
    )
    assert deleted == {
        "task_instance": 1,
        "task_instance_history": 1,
        "xcom": 1,
        "task_event": 1,
    }


def test_versions_and_dags_in_use_stay(store: Store) -> None:
    for spec_hash in ("h1", "h2", "h3"):
        parsed = [parsed_dag("d", spec_hash), parsed_dag("gone", spec_hash)]
        store.write(dag.upsert_file, parsed_file("f.py", *parsed), NOW)
    with store.read() as conn:
        first = dag.versions(conn, "d")[0]
    create_run(store, dag_version_id=first.id)
    store.write(dag.mark_stale, ["gone"])
    assert clean.clean(store, later(1), tables=["dag_version", "dag"]) == {
        "dag_version": 3,
        "dag": 1,
    }
    with store.read() as conn:
        assert [v.version_number for v in dag.versions(conn, "d")] == [1, 3]


def test_running_jobs_stay(store: Store) -> None:
    ended = store.write(job.register, job_type="SchedulerJob", now=NOW)
    store.write(job.register, job_type="SchedulerJob", now=NOW)
    store.write(job.end, ended, "success", NOW)
    assert clean.clean(store, later(1), tables=["job"]) == {"job": 1}


def test_what_cannot_be_cleaned_is_refused(store: Store) -> None:
    with pytest.raises(UserError, match="no table pool; it knows backfill"):
        clean.count(store, NOW, tables=["pool"])
    with pytest.raises(UserError, match="with a zone"):
        clean.count(store, datetime(2026, 1, 1))
    with pytest.raises(UserError, match="batch size"):
        clean.clean(store, NOW, batch_size=0)


def test_what_is_deleted_is_archived_first_and_can_be_exported(
    store: Store, tmp_path: Path
) -> None:
    row = create_run(store, "d", "old", run_after=later(-100))
    ids = queue(store, row, ["a"])
    store.write(attempt.start, starting(ids.values()))
    store.write(attempt.finish, [outcome(ids["a"], xcoms=[{"key": "k", "value": 1}])])
    _finish(store, row.id)
    assert clean.clean(store, NOW, tables=["dag_run"], archive_as="20260101000000") == {
        "dag_run": 1
    }
    names = archive.names(store)
    kept = {name.split("__")[1] for name in names}
    assert {"dag_run", "task_instance", "task_instance_history", "xcom"} <= kept
    assert all(name.startswith("_airflow_deleted__") for name in names)
    assert all(name.endswith("__20260101000000") for name in names)
    assert archive.names(store, ["xcom"]) == ["_airflow_deleted__xcom__20260101000000"]
    (path,) = archive.export(store, archive.names(store, ["dag_run"]), tmp_path)
    with path.open(newline="") as file:
        (found,) = csv.DictReader(file)
    assert (found["dag_id"], found["run_id"]) == ("d", "old")
    migrate.check(store)
    archive.drop(store, names)
    assert archive.names(store) == []
