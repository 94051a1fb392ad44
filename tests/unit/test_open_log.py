"""Logs whose last part does not come are uploaded as far as they are here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipstream.api.execution.open_log import QUIET_S, OpenLogs

NOW = 1_800_000_000.0


@pytest.fixture
def asked() -> list[tuple[str, str, int]]:
    return []


@pytest.fixture
def logs(tmp_path: Path, asked: list[tuple[str, str, int]]) -> OpenLogs:
    return OpenLogs(tmp_path / "requests", lambda *request: asked.append(request))


def _write(path: Path, at: float) -> Path:
    path.write_text("words")
    os.utime(path, (at, at))
    return path


def test_a_log_that_has_gone_quiet_is_uploaded_once(
    logs: OpenLogs, tmp_path: Path, asked: list[tuple[str, str, int]]
) -> None:
    path = _write(tmp_path / "log", NOW)
    logs.heard("id", path, "a/log", 3)
    logs.look(NOW + QUIET_S - 1)
    assert asked == []
    for _ in range(2):
        logs.look(NOW + QUIET_S + 1)
    assert asked == [(str(path), "a/log", 3)]
    _write(path, NOW + 1000)
    logs.heard("id", path, "a/log", 3)
    logs.look(NOW + 1000 + QUIET_S + 1)
    assert len(asked) == 2, "more of it has come after all"


def test_a_log_that_is_whole_or_gone_or_of_nobody_is_let_be(
    logs: OpenLogs, tmp_path: Path, asked: list[tuple[str, str, int]]
) -> None:
    logs.heard("whole", _write(tmp_path / "whole", NOW), "whole", 0)
    logs.ended("whole")
    logs.heard("gone", tmp_path / "gone", "gone", 0)
    (tmp_path / "requests" / "rubbish.open").write_text("{")
    logs.look(NOW + 2 * QUIET_S)
    assert asked == []
    assert list((tmp_path / "requests").iterdir()) == []
