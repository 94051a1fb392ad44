"""Fixtures that every suite may use, and the order in which the test files run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, and nothing about us.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

pytest_plugins = ["tests.databases"]

_WAITING = [Path(__file__).with_name(name) for name in ("chaos", "executors")]
"""The folders whose tests wait most of the time: for outages, leases and programs that start."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no file for ``-m alone`` that has no such test: importing all takes longer than most."""
    if config.option.markexpr != "alone" or collection_path.suffix != ".py":
        return None
    return "mark.alone" not in collection_path.read_text() or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files whose tests mostly wait among those that keep a core busy.

    By folder, as they are collected, workers would wait side by side, with the cores idle. Those that wait
    are long, too: they begin in the first two thirds, so that none is left over at the end.
    """
    files = list(dict.fromkeys(item.path for item in items))
    waiting = [file for file in files if file.parent in _WAITING]
    working = [file for file in files if file not in waiting]
    place = {file: n / len(working) for n, file in enumerate(working)}
    place |= {file: n / len(waiting) * 2 / 3 for n, file in enumerate(waiting)}
    items.sort(key=lambda item: place[item.path])  # which keeps the order within a file
