"""A log that takes no more: the task goes on, and somebody is told once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from slipstream.task import output


@pytest.fixture
def full() -> Iterator[int]:
    """Give a descriptor that refuses every write as a full disk does."""
    fd = os.open("/dev/full", os.O_WRONLY)
    yield fd
    os.close(fd)
    output.tell_of_loss(lambda _reason: True)


def test_a_full_disk_is_told_once(full: int) -> None:
    told: list[str] = []
    output.tell_of_loss(lambda reason: not told.append(reason))
    for _ in range(3):
        output._write_all(full, b"a line\n")
    assert told == ["what it writes is lost: No space left on device"]


def test_it_is_told_again_when_it_could_not_be_said(full: int) -> None:
    answers = iter([False, True])
    told: list[str] = []

    def tell(reason: str) -> bool:
        told.append(reason)
        return next(answers)

    output.tell_of_loss(tell)
    for _ in range(3):
        output._write_all(full, b"a line\n")
    assert len(told) == 2
