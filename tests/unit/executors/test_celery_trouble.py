"""What a broker refuses ends in what to do about it."""

from __future__ import annotations

import pytest

from slipstream.executors.celery.trouble import refusal


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (
            "(406) PRECONDITION_FAILED - inequivalent arg 'x-max-priority' for queue 'q'",
            "delete it",
        ),
        ("READONLY You can't write against a read only replica.", "lead to the master"),
        ("MISCONF Redis is configured to save RDB snapshots", "its own log"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "raise the limit"),
        ("NOPERM this user has no permissions", "more rights"),
        ("(403) ACCESS_REFUSED - read access to queue 'q' in vhost 'v' refused", "more rights"),
    ],
)
def test_known_refusals_say_what_to_do(said: str, advice: str) -> None:
    text = refusal(OSError(said))
    assert text.startswith(said.rstrip("."))
    assert advice in text
    assert not text.endswith(".")


def test_others_are_told_as_they_are() -> None:
    assert refusal(OSError("WRONGTYPE of a key.")) == "WRONGTYPE of a key"
