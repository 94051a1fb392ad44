"""The DAG processor as a process of its own: how it starts, stops and dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.engine.dagprocessor.home import DEADLINE_S, Home, dag_text, eventually

from slipstream.dagprocessor.service import DagProcessor
from slipstream.errors import StoreUnavailable, UserError
from slipstream.store import Store, job

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(home: Home) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(*args: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "slipstream.dagprocessor", *args],
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate(timeout=DEADLINE_S)


def _children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_sigterm_stops_it_and_its_zygote(home: Home, start: Start) -> None:
    home.write("d.py", dag_text("d"))
    process = start()
    eventually(lambda: home.active() == {"d"}, "the DAG is seen")
    zygotes = _children(process.pid)
    assert len(zygotes) == 1
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_S) == 0
    eventually(lambda: all(map(_is_gone, zygotes)), "the zygote ends")
    with home.store.read() as conn:
        row = job.latest(conn, "DagProcessorJob")
    assert row is not None
    assert row.state == "success"


def test_sigkill_leaves_nothing_behind(home: Home, start: Start) -> None:
    pid_file = home.path / "pid"
    home.write(
        "slow.py",
        "# airflow dag\nimport os, subprocess, time\n"
        "p = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        f"open('{pid_file}', 'w').write(f'{{os.getpid()}} {{p.pid}}')\n"
        "time.sleep(1000)\n",
    )
    process = start()
    eventually(lambda: pid_file.exists() and pid_file.read_text(), "the file is loading")
    processes = [*_children(process.pid), *map(int, pid_file.read_text().split())]
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: all(map(_is_gone, processes)), "all its processes end")


def test_a_database_without_tables_is_told_in_one_line(start: Start, home: Home) -> None:
    (home.path / "airflow.db").unlink()
    _, said = (process := start()).communicate(timeout=DEADLINE_S)
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "db migrate" in said.splitlines()[-1]


def test_a_bundle_that_there_is_not_is_named(start: Start) -> None:
    _, said = (process := start("-B", "mine")).communicate(timeout=DEADLINE_S)
    assert process.returncode == 1
    assert said.strip() == "There is no DAG bundle named 'mine'; there are 'dags-folder'."


def test_one_bundle_alone_leaves_the_others_dags(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "True")
    home.write("d.py", dag_text("d"))
    home.parse()
    assert len(home.active()) > 1
    before = home.active()
    DagProcessor(home.store, bundle_names=["dags-folder"]).parse_once()
    assert home.active() == before
    with pytest.raises(UserError, match="no DAG bundle named 'x'"):
        DagProcessor(home.store, bundle_names=["x"])


def test_what_is_parsed_while_the_store_is_away_is_written_when_it_is_back(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write("d.py", dag_text("d"))
    with home.running():
        eventually(lambda: home.active() == {"d"}, "the DAG is seen")
        n_refused = 0
        write = Store.write

        def refuse(self: Store, *args: object, **kwargs: object) -> None:
            nonlocal n_refused
            n_refused += 1
            raise StoreUnavailable("The database is away.")

        monkeypatch.setattr(Store, "write", refuse)
        home.write("e.py", dag_text("e"))
        eventually(lambda: n_refused >= 2, "it tries again")
        assert n_refused < 20
        monkeypatch.setattr(Store, "write", write)
        eventually(lambda: home.active() == {"d", "e"}, "the other DAG is seen", 5)


def test_a_dag_that_the_database_refuses_is_an_import_error(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from slipstream.store import dag

    save = dag.upsert_file

    def picky(conn, files, now):
        if any(each.spec["dag_id"] == "poison" for file in files for each in file.dags):
            raise ValueError("no such thing in my tables")
        return save(conn, files, now)

    monkeypatch.setattr(dag, "upsert_file", picky)
    for name in ("a", "b", "poison", "z"):
        home.write(f"{name}.py", dag_text(name))
    home.parse()
    assert home.active() == {"a", "b", "z"}
    assert "cannot be stored: ValueError: no such thing" in home.error("poison.py")
