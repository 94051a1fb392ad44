"""A save is seen at once, and nothing but changes costs anything."""

from __future__ import annotations

import os
import time
import zipfile

import pytest
from tests.engine.dagprocessor.home import Home, dag_text, eventually

from slipstream import command
from slipstream.clock import utcnow
from slipstream.store import inbox, job


def test_a_save_is_in_the_store_within_a_second(home: Home) -> None:
    home.write("d.py", dag_text("d"))
    with home.running():
        eventually(lambda: home.active() == {"d"}, "the file of before is seen")
        took = []
        for i in range(5):
            home.write("new.py", dag_text("new", task_id=f"t{i}"))
            took.append(eventually(lambda i=i: home.n_versions("new") == i + 1, "it is seen"))
    assert max(took) < 1.0


def test_a_deletion_is_seen_soon(home: Home) -> None:
    home.write("d.py", dag_text("d"))
    with home.running():
        eventually(lambda: home.active() == {"d"}, "the file is seen")
        (home.dags / "d.py").unlink()
        eventually(lambda: home.active() == set(), "its DAG is stale", 5)


def test_a_file_that_an_editor_replaces_keeps_its_dag(home: Home) -> None:
    path = home.write("d.py", dag_text("d"))
    with home.running():
        eventually(lambda: home.active() == {"d"}, "the file is seen")
        for i in range(3):
            path.unlink()
            eventually(lambda: not path.exists(), "it is gone")
            home.write("d.py", dag_text("d", task_id=f"t{i}"))
            eventually(lambda i=i: home.n_versions("d") == i + 2, "the new one is seen")
            assert home.active() == {"d"}


def test_a_folder_that_does_not_exist_yet_is_waited_for(home: Home) -> None:
    home.dags.rmdir()
    with home.running():
        eventually(lambda: _heartbeat(home) is not None, "the processor serves")
        home.write("sub/d.py", dag_text("d"))
        eventually(lambda: home.active() == {"d"}, "the DAG is seen", 5)
        home.write("sub/e.py", dag_text("e"))
        eventually(lambda: home.active() == {"d", "e"}, "the next one is seen", 1)


def test_a_new_and_a_moved_folder_are_seen(home: Home) -> None:
    with home.running():
        eventually(lambda: _heartbeat(home) is not None, "the processor serves")
        home.write("one/two/d.py", dag_text("d"))
        eventually(lambda: home.active() == {"d"}, "the DAG is seen", 5)
        (home.dags / "one").rename(home.path / "away")
        eventually(lambda: home.active() == set(), "the DAG is stale", 5)
        (home.path / "away").rename(home.dags / "back")
        eventually(lambda: home.active() == {"d"}, "the DAG is back", 5)


def test_a_change_of_an_ignore_file_is_seen(home: Home) -> None:
    home.write("d.py", dag_text("d"))
    with home.running():
        eventually(lambda: home.active() == {"d"}, "the DAG is seen")
        home.write(".airflowignore", "d.py\n")
        eventually(lambda: home.active() == set(), "the DAG is stale", 5)
        (home.dags / ".airflowignore").unlink()
        eventually(lambda: home.active() == {"d"}, "the DAG is back", 5)


def test_a_changed_module_has_its_importers_parsed(home: Home) -> None:
    home.write("lib/__init__.py", "")
    home.write("lib/names.py", "NAME = 'one'\n")
    home.write("lib/between.py", "from lib.names import NAME\n")
    home.write("tasks.txt", "four\n")
    home.write("d.py", "from lib.between import NAME\n" + dag_text("d").replace("'t'", "NAME"))
    home.write("e.py", dag_text("e").replace("'t'", f"open('{home.dags}/tasks.txt').read()[:4]"))
    with home.running():
        eventually(lambda: home.active() == {"d", "e"}, "the DAGs are seen")
        home.write("lib/names.py", "NAME = 'other'\n")
        eventually(lambda: home.n_versions("d") == 2, "the importer is parsed again", 5)
        home.write("tasks.txt", "five\n")
        eventually(lambda: home.n_versions("e") == 2, "the reader is parsed again", 5)
    assert home.n_versions("d") == 2


def test_a_dag_id_that_becomes_free_goes_to_the_file_that_wants_it(home: Home) -> None:
    home.write("a.py", dag_text("d"))
    home.write("b.py", dag_text("d", task_id="mine"))
    with home.running():
        eventually(lambda: set(home.errors()) == {"b.py"}, "the second file has an error")
        home.write("a.py", dag_text("other"))
        eventually(lambda: not home.errors(), "the error is gone", 5)
        eventually(lambda: home.rows()["d"].relative_fileloc == "b.py", "it has the DAG", 5)
    assert home.active() == {"d", "other"}


def test_a_file_that_asks_the_outside_is_parsed_again_and_again(home: Home) -> None:
    count = home.path / "count"
    home.write(
        "d.py",
        f"import subprocess\nsubprocess.run('echo >> {count}', shell=True)\n" + dag_text("d"),
    )
    home.write("quiet.py", f"open('{home.path}/quiet', 'a').write('x')\n" + dag_text("quiet"))
    with home.running(volatile_interval_s=0.5):
        eventually(lambda: count.exists() and count.stat().st_size >= 2, "it is parsed again")
    assert (home.path / "quiet").read_text() == "x"


def test_a_message_has_a_file_parsed(home: Home) -> None:
    home.write("d.py", dag_text("d"))
    with home.running():
        eventually(lambda: home.active() == {"d"}, "the DAG is seen")
        before = home.rows()["d"].last_parsed_at
        ids = [_ask(home, "d.py"), _ask(home, "no_such_file.py")]
        home.store.wake("dag_processor")
        eventually(lambda: not _pending(home, ids), "the messages had their effect", 2)
        assert home.rows()["d"].last_parsed_at > before


def test_the_slow_scan_brings_back_what_was_deleted_from_the_store(home: Home) -> None:
    from slipstream.store import dag

    home.write("d.py", dag_text("d"))
    with home.running(scan_interval_s=0.5):
        eventually(lambda: home.active() == {"d"}, "the DAG is seen")
        home.store.write(dag.delete, "d")
        eventually(lambda: home.active() == {"d"}, "it is back", 5)


def test_a_job_row_tells_that_the_processor_lives(home: Home) -> None:
    with home.running(heartbeat_interval_s=0.2):
        first = eventually(lambda: _heartbeat(home), "there is a heartbeat") and _heartbeat(home)
        eventually(lambda: _heartbeat(home) > first, "there is another", 5)
    with home.store.read() as conn:
        row = job.latest(conn, "DagProcessorJob")
    assert row is not None
    assert row.state == "success"
    assert row.pid == os.getpid()


@pytest.mark.alone
def test_idling_takes_next_to_nothing(home: Home) -> None:
    for i in range(20):
        home.write(f"d{i}.py", dag_text(f"d{i}"))
    with home.running():
        eventually(lambda: len(home.active()) == 20, "the DAGs are seen")
        began, cpu = time.monotonic(), time.process_time()
        eventually(lambda: time.monotonic() - began > 3, "three seconds pass")
        used = (time.process_time() - cpu) / 3
    # The test's own waiting is in it.
    assert used < 0.1


def _heartbeat(home: Home):
    with home.store.read() as conn:
        row = job.latest(conn, "DagProcessorJob")
    return row and row.heartbeat_at


def _ask(home: Home, relative: str) -> int:
    payload = {"bundle_name": "dags-folder", "relative_fileloc": relative}
    from slipstream.clock import utcnow

    return home.store.write(
        inbox.post, target="dag_processor", kind="reparse", payload=payload, now=utcnow()
    )


def _pending(home: Home, ids: list[int]) -> set[int]:
    with home.store.read() as conn:
        return inbox.pending(conn, ids)


@pytest.mark.parametrize("packed", [False, True])
def test_a_deleted_dag_comes_back_from_its_file(home: Home, packed: bool) -> None:
    if packed:
        with zipfile.ZipFile(home.dags / "d.zip", "w") as archive:
            archive.writestr("d.py", dag_text("d"))
    else:
        home.write("d.py", dag_text("d"))
    with home.running():
        eventually(lambda: home.active() == {"d"}, "the DAG is seen")
        home.store.write(command.delete_dag, "d", utcnow())
        home.store.wake("dag_processor")
        eventually(lambda: home.active() == {"d"}, "it is back", 5)
    with home.store.read() as conn:
        assert inbox.is_empty(conn, "dag_processor")
