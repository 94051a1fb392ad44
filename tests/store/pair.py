"""Two processes that start at the same moment."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.store.build import Spawn


def wait_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line == "ready\n", f"the process said {line!r}"


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def result(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the process ended without a result"
    return json.loads(line)


def race(spawn: Spawn, function: str, url: str, *args: str, hosts: bool = True) -> list[Any]:
    """Run a function of ``process`` twice at once; ``hosts`` tells the two apart by a name."""
    pair = [
        spawn(function, url, *([f"host-{number}"] if hosts else []), *args) for number in range(2)
    ]
    for process in pair:
        wait_ready(process)
    for process in pair:
        go(process)
    return [result(process) for process in pair]
