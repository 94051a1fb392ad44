"""Logs whose last part may never come: the machine that writes them can be gone for good.

Which logs are open is on disk, a small file for each beside the requests for uploads, whoever of the API
server's processes hears of it. A log of which nothing was heard for long is uploaded as far as it is
here; should more of it come after all, it is open again.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from slipstream.clock import utcnow

log = logging.getLogger(__name__)

QUIET_S = 600.0
_LOOK_S = 60.0
_SUFFIX = ".open"

Ask = Callable[[str, str, int], None]
"""Asks for an upload: a file, its name below the log folder, and where the new part begins."""


class OpenLogs:
    """The logs that remote hosts are sending."""

    def __init__(self, folder: Path, ask: Ask) -> None:
        self._folder = folder
        self._ask = ask

    def start(self) -> None:
        """Look from time to time, in a thread."""
        threading.Thread(target=self._run, name="open-logs", daemon=True).start()

    def heard(self, id: str, path: Path, name: str, start: int) -> None:
        """Note that a part of an attempt's log has come. Raises OSError."""
        file = self._file(id)
        if not file.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_suffix(".unfinished")
            unfinished.write_text(json.dumps([str(path), name, start]), encoding="utf-8")
            unfinished.rename(file)

    def ended(self, id: str) -> None:
        """Note that an attempt's log is whole."""
        self._file(id).unlink(missing_ok=True)

    def look(self, now_s: float) -> None:
        """Have logs uploaded of which nothing was heard; ``now_s`` is in seconds since the epoch."""
        for file in self._folder.glob(f"*{_SUFFIX}"):
            try:
                path, name, start = json.loads(file.read_text(encoding="utf-8"))
                if Path(path).stat().st_mtime > now_s - QUIET_S:
                    continue
                self._ask(path, name, start)
            except FileNotFoundError:
                log.debug("%s is over", file)
            except (OSError, ValueError) as exc:
                log.error("%s cannot be read and is dropped: %s", file, exc)
            file.unlink(missing_ok=True)

    def _file(self, id: str) -> Path:
        return self._folder / f"{id}{_SUFFIX}"

    def _run(self) -> None:
        never = threading.Event()
        while not never.wait(_LOOK_S):
            self.look(utcnow().timestamp())
