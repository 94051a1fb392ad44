"""Uploads that wait, on disk: a small file for each, below ``$AIRFLOW_HOME/run/log-uploads``.

Whoever has a whole log puts its name here; the one helper of this folder uploads it and removes the
file. Whatever dies in between, the request stays, and doing it once more changes nothing.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from slipstream.attempt import new_id
from slipstream.clock import utcnow

log = logging.getLogger(__name__)

_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Request:
    """A log of which a part is to be uploaded."""

    file: Path
    """The request's own file."""
    path: Path
    """The log file."""
    name: str
    """Its path below the log folder."""
    start: int
    """Where the part begins."""
    asked_at: float
    """Seconds since the epoch."""


class Spool:
    """A folder of requests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, Request | None] = {}

    def add(self, path: str, name: str, start: int) -> None:
        """Ask for an upload. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        id = new_id()
        facts = {"path": path, "name": name, "start": start, "asked_at": utcnow().timestamp()}
        unfinished = self.folder / f".{id}"
        unfinished.write_text(json.dumps(facts), encoding="utf-8")
        unfinished.rename(self.folder / f"{id}{_SUFFIX}")

    def is_empty(self) -> bool:
        """Say whether nothing waits."""
        return not self._names()

    def pending(self) -> list[Request]:
        """Return what waits, oldest first."""
        names = self._names()
        self._known = {
            name: self._known[name] if name in self._known else self._read(name)
            for name in sorted(names)
        }
        return [request for request in self._known.values() if request is not None]

    def done(self, requests: list[Request]) -> None:
        """Remove requests that were carried out."""
        for request in requests:
            request.file.unlink(missing_ok=True)

    def lock(self) -> int | None:
        """Become the one that carries out requests: hold the descriptor; None if another one is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        return fd

    def _names(self) -> list[str]:
        try:
            return [name for name in os.listdir(self.folder) if name.endswith(_SUFFIX)]
        except FileNotFoundError:
            return []

    def _read(self, name: str) -> Request | None:
        file = self.folder / name
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
            return Request(
                file,
                Path(facts["path"]),
                facts["name"],
                int(facts["start"]),
                float(facts["asked_at"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            log.error("a request for an upload cannot be read and is dropped: %s: %s", file, exc)
            file.unlink(missing_ok=True)
            return None
