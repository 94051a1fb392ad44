"""Task logs, which are JSON lines, as text for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def lines(path: Path, last: int | None = None) -> Iterator[str]:
    """Yield a log's lines, only the ``last`` ones if given; one that is no JSON as it is."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        yield f"(the log {path} cannot be read: {error.strerror})"
        return
    found = [line for raw in text.splitlines() for line in _readable(raw)]
    if last is not None and len(found) > last:
        yield f"(… {len(found) - last} lines more in {path})"
        found = found[-last:]
    yield from found


def _readable(raw: str) -> Iterator[str]:
    try:
        record = json.loads(raw)
    except ValueError:
        record = None
    if not isinstance(record, dict) or "event" not in record:
        yield raw
        return
    at = str(record.get("timestamp", ""))[11:19]
    level = str(record.get("level", "info")).upper()
    logger = record.get("logger", "")
    event = str(record["event"]).split("\n")
    if logger in ("task.stdout", "task.stderr"):
        yield from (f"{at} {line}" for line in event)
    else:
        first, *rest = event
        yield f"{at} {level:<7} {first}"
        yield from rest
    for detail in record.get("error_detail") or ():
        yield from _traceback(detail)


def _traceback(detail: dict[str, Any]) -> Iterator[str]:
    yield "Traceback (most recent call last):"
    for frame in detail.get("frames", ()):
        yield f'  File "{frame["filename"]}", line {frame["lineno"]}, in {frame["name"]}'
    yield f"{detail['exc_type']}: {detail['exc_value']}"
    yield from detail.get("exc_notes", ())
