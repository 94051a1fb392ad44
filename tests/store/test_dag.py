"""DAGs: what the processor parsed is what the store shows, and versions follow the spec's hash."""

from __future__ import annotations

from tests.store.build import NOW, count, create_run, later, parsed_dag, parsed_file

from slipstream.store import Store, backfill, dag, dag_file, import_error, inbox, run, schema
from slipstream.timetable.base import DataInterval, NextRun


def _next(seconds: float) -> NextRun:
    at = later(seconds)
    return NextRun(at, DataInterval(at, later(seconds + 60)), later(seconds + 60))


def _told(store: Store) -> list[str | None]:
    messages = store.write(inbox.take, "scheduler", 1000)
    store.write(inbox.delete, [m.id for m in messages])
    assert {m.kind for m in messages} <= {"dag_changed"}
    return [m.dag_id for m in messages]


def test_a_new_dag_is_all_there(store: Store) -> None:
    spec = {
        "display_name": "Dé",
        "description": "what",
        "owners": ["a", "b"],
        "tags": ["t2", "t1"],
        "timetable": {"type": "custom", "class_path": "m.T"},
        "timetable_summary": "T",
    }
    parsed = parsed_dag(
        "d",
        spec=spec,
        next_run=_next(0),
        is_paused_upon_creation=True,
        warnings=[("non-existent pool", "no pool p")],
    )
    saved = store.write(dag.upsert_file, parsed_file("f.py", parsed), NOW)
    assert (saved.created, set(saved.new_version), saved.changed) == ({"d"}, {"d"}, {"d"})
    assert _told(store) == ["d"]
    with store.read() as conn:
        row = dag.get(conn, "d")
        assert dag.tags(conn, ["d"]) == {"d": ["t1", "t2"]}
        assert [(w.warning_type, w.message) for w in dag.warnings(conn)] == [
            ("non-existent pool", "no pool p")
        ]
        version_id, stored = dag.latest_spec(conn, "d") or ("", {})
        assert stored == parsed.spec == dag.spec(conn, version_id)
        assert dag.source(conn, version_id) == "# source\n"
        (version,) = dag.versions(conn, "d")
        assert [f.relative_fileloc for f in dag_file.list_all(conn)] == ["f.py"]
        known = dag_file.get(conn, "dags-folder", "f.py")
    assert row is not None
    assert (row.display_name, row.owners, row.is_paused) == ("Dé", "a, b", True)
    assert row.has_custom_timetable
    assert (row.next_logical_date, row.next_run_after) == (NOW, later(60))
    assert (version.id, version.version_number) == (version_id, 1)
    assert known is not None
    assert known.mtime == 1772366000.25


def test_an_unchanged_dag_tells_nobody(store: Store) -> None:
    file = parsed_file("f.py", parsed_dag("d"))
    store.write(dag.upsert_file, file, NOW)
    _told(store)
    saved = store.write(dag.upsert_file, [file], later(5))
    assert saved.changed == set()
    assert _told(store) == []


def test_a_changed_dag_gets_a_version_and_keeps_its_pause_and_next_run(store: Store) -> None:
    store.write(dag.upsert_file, parsed_file("f.py", parsed_dag("d", next_run=_next(0))), NOW)
    store.write(dag.set_paused, "d", True)
    changed = parsed_dag("d", "h2", spec={"tags": ["new"], "description": "new"})
    store.write(dag.upsert_file, parsed_file("f.py", changed), NOW)
    with store.read() as conn:
        row = dag.get(conn, "d")
        assert [v.version_number for v in dag.versions(conn, "d")] == [1, 2]
        assert dag.tags(conn, ["d"]) == {"d": ["new"]}
    assert row is not None
    assert (row.is_paused, row.description, row.next_run_after) == (True, "new", later(60))


def test_a_changed_comment_shows_in_the_source_without_a_version(store: Store) -> None:
    store.write(dag.upsert_file, parsed_file("f.py", parsed_dag("d")), NOW)
    store.write(dag.upsert_file, parsed_file("f.py", parsed_dag("d"), source="# other\n"), NOW)
    with store.read() as conn:
        (version,) = dag.versions(conn, "d")
        assert dag.source(conn, version.id) == "# other\n"


def test_a_dag_that_left_its_file_is_stale_and_may_come_back(store: Store) -> None:
    both = parsed_file("f.py", parsed_dag("a", next_run=_next(0)), parsed_dag("b"))
    store.write(dag.upsert_file, both, NOW)
    _told(store)
    saved = store.write(dag.upsert_file, parsed_file("f.py", parsed_dag("b")), NOW)
    assert saved.stale == {"a"}
    assert _told(store) == ["a"]
    with store.read() as conn:
        gone = dag.get(conn, "a")
        assert [d.dag_id for d in dag.list_all(conn, stale=False)] == ["b"]
        assert dag.in_files(conn, "dags-folder") == {"b": "f.py"}
        assert dag.due(conn, later(1000)) == []
    assert gone is not None
    assert (gone.is_stale, gone.next_run_after) == (True, None)
    saved = store.write(dag.upsert_file, both, NOW)
    assert saved.revived == {"a"}
    assert saved.new_version == {}


def test_a_dag_that_moved_to_another_file_is_not_stale(store: Store) -> None:
    store.write(dag.upsert_file, parsed_file("old.py", parsed_dag("d")), NOW)
    files = [parsed_file("old.py"), parsed_file("new.py", parsed_dag("d", "h2"))]
    saved = store.write(dag.upsert_file, files, NOW)
    assert saved.stale == set()
    with store.read() as conn:
        row = dag.get(conn, "d")
    assert row is not None
    assert (row.relative_fileloc, row.is_stale) == ("new.py", False)


def test_an_import_error_marks_the_files_dags_as_broken_until_it_is_mended(store: Store) -> None:
    store.write(dag.upsert_file, parsed_file("f.py", parsed_dag("d")), NOW)
    error = dag.ParsedError(stacktrace="Traceback\nNameError: x\x00", line=7)
    saved = store.write(dag.upsert_file, parsed_file("f.py", errors=[error]), NOW)
    assert saved.stale == set()
    with store.read() as conn:
        row = dag.get(conn, "d")
        (shown,) = import_error.list_all(conn)
        assert import_error.count(conn) == 1
        assert import_error.of_file(conn, "dags-folder", "f.py") == shown
        assert import_error.get(conn, shown.id) == shown
    assert row is not None
    assert (row.has_import_errors, row.is_stale) == (True, False)
    assert (shown.filename, shown.line) == ("f.py", 7)
    saved = store.write(dag.upsert_file, parsed_file("f.py", parsed_dag("d")), NOW)
    assert (saved.healed, saved.changed) == ({"d"}, set())
    with store.read() as conn:
        row = dag.get(conn, "d")
        assert import_error.count(conn) == 0
    assert row is not None
    assert not row.has_import_errors


def test_files_that_are_gone_are_forgotten(store: Store) -> None:
    error = dag.ParsedError(stacktrace="no")
    files = [parsed_file("f.py", parsed_dag("d")), parsed_file("g.py", errors=[error])]
    store.write(dag.upsert_file, files, NOW)
    store.write(dag_file.delete, "dags-folder", ["f.py", "g.py"])
    store.write(import_error.delete, "dags-folder", ["g.py"])
    assert store.write(dag.mark_stale, ["d", "none"]) == {"d"}
    assert store.write(dag.mark_stale, ["d"]) == set()
    with store.read() as conn:
        assert dag_file.list_all(conn, "dags-folder") == []
        assert import_error.list_all(conn) == []


def test_due_dags_come_the_longest_overdue_first(store: Store) -> None:
    dags = [
        parsed_dag("late", next_run=_next(-200)),
        parsed_dag("later", next_run=_next(-100)),
        parsed_dag("paused", next_run=_next(-100)),
        parsed_dag("future", next_run=_next(100)),
        parsed_dag("never", next_run=None),
    ]
    store.write(dag.upsert_file, parsed_file("f.py", *dags), NOW)
    store.write(dag.set_paused, "paused", True)
    with store.read() as conn:
        assert [d.dag_id for d in dag.due(conn, NOW)] == ["late", "later"]
        assert [d.dag_id for d in dag.due(conn, NOW, limit=1)] == ["late"]
    store.write(dag.set_next_run, "late", None)
    store.write(dag.set_next_run, "later", _next(0))
    with store.read() as conn:
        assert dag.due(conn, NOW) == []
    assert not store.write(dag.set_paused, "none", True)


def test_five_hundred_files_are_one_transaction(store: Store) -> None:
    files = [parsed_file(f"f{n}.py", parsed_dag(f"d{n}", f"h{n}")) for n in range(500)]
    store.write(dag.upsert_file, files, NOW)
    again = [parsed_file(f"f{n}.py", parsed_dag(f"d{n}", f"i{n % 2 * n}")) for n in range(500)]
    saved = store.write(dag.upsert_file, again, NOW)
    assert len(saved.new_version) == 500
    with store.read() as conn:
        assert len(dag.list_all(conn)) == 500
        assert len(dag.latest_specs(conn, [f"d{n}" for n in range(500)])) == 500
        assert count(conn, schema.dag_version) == 1000
        assert count(conn, schema.dag_source) == 1


def test_deleting_a_dag_takes_all_its_rows_and_no_others(store: Store) -> None:
    warned = parsed_dag("d", spec={"tags": ["t"]}, warnings=[("w", "m")])
    store.write(dag.upsert_file, parsed_file("f.py", warned, source="# one"), NOW)
    store.write(dag.upsert_file, parsed_file("g.py", parsed_dag("e"), source="# two"), NOW)
    row, other = create_run(store, "d"), create_run(store, "e")
    new = backfill.NewBackfill(dag_id="d", from_date=NOW, to_date=later(60))
    store.write(backfill.create, new, NOW)
    assert store.write(dag.delete, "d") >= 4
    with store.read() as conn:
        assert dag.get(conn, "d") is None
        assert run.get_by_pk(conn, row.id) is None
        assert run.get_by_pk(conn, other.id) is not None
        assert dag.versions(conn, "d") == []
        assert backfill.list_all(conn) == []
        assert count(conn, schema.dag_source) == 1
        assert count(conn, schema.dag_tag) == 0
        assert len(dag.versions(conn, "e")) == 1


def test_a_backfill_lives_until_it_is_completed(store: Store) -> None:
    new = backfill.NewBackfill(dag_id="d", from_date=NOW, to_date=later(60), dag_run_conf={"a": 1})
    row = store.write(backfill.create, new, NOW)
    create_run(store, "d", "b", backfill_id=row.id)
    store.write(backfill.set_paused, row.id, True, later(1))
    with store.read() as conn:
        found = backfill.get(conn, row.id)
        assert backfill.count_runs(conn, row.id) == {"queued": 1}
    assert found is not None
    assert (found.is_paused, found.dag_run_conf, found.max_active_runs) == (True, {"a": 1}, 10)
    assert store.write(backfill.complete, row.id, later(2))
    assert not store.write(backfill.complete, row.id, later(3))
    with store.read() as conn:
        assert backfill.list_all(conn, "d", active=True) == []
        assert [b.completed_at for b in backfill.list_all(conn, active=False)] == [later(2)]
