"""Task logs, which are JSON lines, as text for people."""

from __future__ import annotations

import json
import linecache
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slipstream.config import conf
from slipstream.store import Store
from slipstream.worker.remote_log.files import RemoteLogError

_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


def lines_of_try(store: Store, name: str) -> Iterator[str]:
    """Yield the lines of a log, by its path below the log folder, from wherever it is."""
    from slipstream.api.remote_log import RemoteLogs

    path = Path(conf.get("logging", "base_log_folder")) / name
    remote = RemoteLogs.configured(store)
    if remote is None:
        yield from lines(path)
        return
    pieces, why = remote.pieces(path, name)
    try:
        for piece in pieces:
            with piece.open() as file:
                for raw in file:
                    yield from readable(raw.decode("utf-8", "replace").rstrip("\r\n"))
    except RemoteLogError as error:
        why = str(error)
    if why is not None:
        yield f"({why})"


def lines(path: Path) -> Iterator[str]:
    """Yield a log's lines; one that is no JSON as it is."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        yield f"(the log {path} cannot be read: {error.strerror})"
        return
    for raw in text.splitlines():
        yield from readable(raw)


def readable(raw: str) -> Iterator[str]:
    """Yield a log's line as people read it; one that is no JSON as it is."""
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
    yield from _tracebacks(record.get("error_detail") or [])


def _tracebacks(details: list[dict[str, Any]]) -> Iterator[str]:
    """Yield an exception and its causes as Python prints them: what came first comes first."""
    for i in reversed(range(len(details))):
        yield from _traceback(details[i])
        if i:
            yield ""
            yield _CAUSE if details[i].get("is_cause") else _CONTEXT
            yield ""


def _traceback(detail: dict[str, Any]) -> Iterator[str]:
    yield "Traceback (most recent call last):"
    for frame in detail.get("frames", ()):
        yield f'  File "{frame["filename"]}", line {frame["lineno"]}, in {frame["name"]}'
        source = linecache.getline(frame["filename"], frame["lineno"]).strip()
        if source:
            yield f"    {source}"
    yield f"{detail['exc_type']}: {detail['exc_value']}"
    yield from detail.get("exc_notes", ())
