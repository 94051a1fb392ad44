"""What tasks print and log becomes records; what goes wrong with that never reaches the task."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slipstream.task import failure, output

Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[int, Read]]:
    path = tmp_path / "log"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    yield fd, lambda: [json.loads(line) for line in path.read_text().splitlines()]
    os.close(fd)


def _stream(fd: int) -> output.RecordStream:
    return output.RecordStream(fd, "info", "task.stdout", lambda text: text.replace("pw", "***"))


def test_a_line_is_one_record_however_it_is_written(log: tuple[int, Read]) -> None:
    fd, read = log
    stream = _stream(fd)
    print("a", "b", file=stream)
    stream.write("c")
    stream.write("d\ne\n\nf")
    assert [r["event"] for r in read()] == ["a b", "cd", "e", ""]
    stream.finish()
    stream.finish()
    assert [r["event"] for r in read()][-1] == "f"


def test_bytes_written_to_the_buffer_are_text(log: tuple[int, Read]) -> None:
    fd, read = log
    _stream(fd).buffer.write("ä\n".encode() + b"\xff\n")
    assert [r["event"] for r in read()] == ["ä", "\\xff"]


def test_secrets_are_masked(log: tuple[int, Read]) -> None:
    fd, read = log
    print("the pw", file=_stream(fd))
    assert read()[0]["event"] == "the ***"


def test_writing_to_a_closed_log_is_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    previous = _stream(write_end)
    print("nobody reads", file=previous)
    os.close(write_end)
    print("not even open", file=previous)


def test_a_record_whose_arguments_do_not_fit_is_written_all_the_same(
    log: tuple[int, Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    fd, read = log
    monkeypatch.setattr(output, "_write", lambda _, record: _emit(fd, record))
    record = logging.LogRecord("x", logging.INFO, "f.py", 1, "%d %d", ("a",), None)
    output.JsonHandler(str).emit(record)
    assert "do not fit" in read()[0]["event"]


def _emit(fd: int, record: dict[str, Any]) -> None:
    os.write(fd, (json.dumps(record) + "\n").encode())


def test_causes_and_groups_are_told(log: tuple[int, Read]) -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as exc:
            raise ExceptionGroup("both", [ValueError("v")]) from exc
    except ExceptionGroup as exc:
        first, second = failure.error_detail(exc, str)
    assert (first["exc_type"], first["is_group"]) == ("ExceptionGroup", True)
    assert first["exceptions"][0][0]["exc_type"] == "ValueError"
    assert (second["exc_type"], second["is_cause"]) == ("KeyError", True)


def test_an_exception_that_cannot_be_shown_is_named() -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    [detail] = failure.error_detail(Broken(), str)
    assert "Broken" in detail["exc_value"]


def test_a_circle_of_causes_ends() -> None:
    a, b = ValueError("a"), ValueError("b")
    a.__cause__, b.__cause__ = b, a
    assert len(failure.error_detail(a, str)) == 2
