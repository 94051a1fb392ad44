"""``celery``'s words: what is wrong is said in one line, before anything is started."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipstream.cli.main import main
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


def test_stopping_where_no_worker_runs_is_an_error(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["celery", "stop"]) == 1
    assert "No worker runs here" in capsys.readouterr().err
    (home / "airflow-worker.pid").write_text("999999999\n")
    assert main(["celery", "stop"]) == 1
    assert not (home / "airflow-worker.pid").exists()


def test_a_broker_that_is_away_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", "redis://127.0.0.1:1/0")
    conf.reload()
    assert main(["celery", "list-workers"]) == 1
    said = capsys.readouterr().err
    assert "The broker does not answer" in said
    assert "Traceback" not in said
