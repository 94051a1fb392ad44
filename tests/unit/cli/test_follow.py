"""Following the logs of a run's tries while they grow."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipstream.cli.dags.follow import Follower

RUN: Any = SimpleNamespace(dag_id="d", run_id="r")


def instance(try_number: int, state: str | None = "running", map_index: int = -1) -> Any:
    return SimpleNamespace(task_id="t", map_index=map_index, try_number=try_number, state=state)


class Logs:
    def __init__(self, base: Path) -> None:
        self._folder = base / "dag_id=d/run_id=r/task_id=t"
        self._folder.mkdir(parents=True)
        self._follower = Follower(RUN)

    def add(self, number: int, text: str) -> None:
        with (self._folder / f"attempt={number}.log").open("a", encoding="utf-8") as file:
            file.write(text)

    def news(self, ti: Any, *, is_over: bool = False) -> list[tuple[int, str]]:
        said = self._follower.news([ti], is_over=is_over)
        return [(each.try_number, each.line) for each in said]


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Logs:
    monkeypatch.setenv("AIRFLOW__LOGGING__BASE_LOG_FOLDER", str(tmp_path))
    return Logs(tmp_path)


def record(text: str) -> str:
    return json.dumps({"event": text, "logger": "task.stdout"}, ensure_ascii=False)


def test_a_line_is_told_once_and_when_it_is_whole(logs: Logs) -> None:
    assert logs.news(instance(1)) == []  # no log yet
    half = record("sép\u2028arate")
    logs.add(1, "raw words\n" + half[:20])
    assert logs.news(instance(1)) == [(1, "raw words")]
    logs.add(1, half[20:] + "\n")
    assert logs.news(instance(1)) == [(1, " sép\u2028arate")]
    assert logs.news(instance(1)) == []


def test_a_last_line_without_an_end_is_told_when_nothing_follows(logs: Logs) -> None:
    logs.add(1, "killed amid")
    assert logs.news(instance(1)) == []
    assert logs.news(instance(1, "failed"), is_over=True) == [(1, "killed amid")]


def test_the_rest_of_a_try_comes_before_the_next_one(logs: Logs) -> None:
    logs.add(1, "a\n")
    assert logs.news(instance(1)) == [(1, "a")]
    logs.add(1, "b\n")
    logs.add(2, "c\n")
    assert logs.news(instance(2)) == [(1, "b"), (2, "c")]
    logs.add(1, "late\n")
    assert logs.news(instance(2)) == []  # tries that are over are not looked at again and again
    assert logs.news(instance(2, "success"), is_over=True) == [(1, "late")]


def test_a_line_longer_than_a_part_is_told_in_parts(logs: Logs) -> None:
    logs.add(1, "x" * 3_000_000 + "\nnext\n")
    lines = [line for _, line in logs.news(instance(1))]
    assert ("".join(lines[:-1]), lines[-1]) == ("x" * 3_000_000, "next")
