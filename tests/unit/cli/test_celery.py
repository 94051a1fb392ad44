"""``celery``'s words: what is wrong is said in one line, before anything is started."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipstream.cli.main import main
from slipstream.cli.service.daemon import write_pid
from slipstream.config import conf


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    conf.reload()
    yield tmp_path
    conf.reload()


@pytest.mark.parametrize("words", [["worker"], ["list-workers"], ["flower"]])
def test_without_the_extra_each_command_says_what_to_install(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.find_spec

    def without_celery(name: str, *more: Any) -> Any:
        return None if name == "celery" else found(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", without_celery)
    assert main(["celery", *words]) == 1
    assert "pip install 'slipstream-orchestrator[celery]'" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["16", "4,16", "a,b", "0,0", "4,-1"])
def test_an_impossible_autoscale_is_refused(
    text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipstream.cli.celery.worker.begin", lambda *_: None)
    assert main(["celery", "worker", "--autoscale", text]) == 1
    assert "must be like 16,4" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", ",", " , "])
def test_a_worker_without_queues_is_refused(
    text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipstream.cli.celery.worker.begin", lambda *_: None)
    assert main(["celery", "worker", "--queues", text]) == 1
    assert "must name a queue" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "one", "0", "-1", "9" * 30, "1 2"])
def test_only_one_process_is_ever_stopped(
    text: str, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _: killed.append(pid))
    (home / "airflow-worker.pid").write_text(text)
    assert main(["celery", "stop"]) == 1
    assert "does not hold a process id" in capsys.readouterr().err
    assert not killed


def test_stopping_where_no_worker_runs_is_an_error(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["celery", "stop"]) == 1
    assert "No worker runs here" in capsys.readouterr().err
    (home / "airflow-worker.pid").write_text("999999999\n")
    assert main(["celery", "stop"]) == 1
    assert not (home / "airflow-worker.pid").exists()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1//"])
@pytest.mark.parametrize(
    "words",
    [
        ["list-workers"],
        ["shutdown-all-workers", "--yes"],
        ["shutdown-worker", "-H", "a@b"],
        ["add-queue", "-H", "a@b", "-q", "q"],
    ],
)
def test_a_broker_that_is_away_is_said_in_one_line(
    url: str,
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", url)
    conf.reload()
    assert main(["celery", *words]) == 1
    said = capsys.readouterr().err
    assert "The broker does not answer" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--concurrency", "0"], "--concurrency is 0; it must be 1 at least"),
        (["--concurrency", "-3"], "it must be 1 at least"),
        (["--umask", "9x"], "must be an octal number"),
        (["--umask", "-1"], "must be an octal number"),
        (["--umask", "1000"], "must be an octal number"),
    ],
)
def test_an_impossible_number_is_refused_before_anything_starts(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["celery", "worker", *words]) == 1
    assert said in capsys.readouterr().err


def test_a_port_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["celery", "flower", "--port", "99999"]) == 1
    assert "1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "is empty"),
        ("nonsense", "is no URL ('nonsense')"),
        ("foo://host", "No such transport: foo"),
        ("redis://127.0.0.1:6379/x", "'x'"),
    ],
)
def test_a_broker_that_cannot_be_is_said_in_one_line(
    url: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", url)
    conf.reload()
    assert main(["celery", "list-workers"]) == 1
    found = capsys.readouterr().err
    assert "[celery] broker_url" in found
    assert said in found


def test_a_pid_file_s_folder_is_made(home: Path) -> None:
    path = home / "not" / "there" / "yet" / "worker.pid"
    write_pid(str(path), "worker")
    assert path.read_text() == f"{os.getpid()}\n"
