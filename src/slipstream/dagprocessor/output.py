"""What DAG files print and log while they are loaded: one bounded log file per DAG file."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from slipstream.config import conf
from slipstream.dagprocessor.job import Job

log = logging.getLogger(__name__)

MAX_BYTES = 1 << 20
"""Of each file's output so much is kept; the rest is thrown away."""


def save(job: Job, output: bytes) -> None:
    """Keep the output of the newest parse of a file, or nothing when it was silent."""
    path = log_path(job)
    try:
        if not output:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(output)
    except OSError as e:
        # A full disk must not stop the DAGs from being seen.
        log.warning("The output of %s cannot be kept: %s", job.relative_fileloc, e)


def log_path(job: Job) -> Path:
    """Return where the output of a file's newest parse is kept."""
    folder = conf.get("logging", "dag_processor_child_process_log_directory", fallback="")
    base = Path(folder) if folder else conf.home / "logs" / "dag_processor"
    return base / job.bundle_name / f"{job.relative_fileloc}.log"


class Capture:
    """Reads a parsing process's output without ever letting it wait for long.

    Beyond ``MAX_BYTES`` the output is read and dropped. A process that prints without end would
    keep the service busy with that, so then the reader comes back only every ``PAUSE_S``.
    """

    PAUSE_S = 0.005
    _PIECE = 1 << 16

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._kept = bytearray()
        self._n_dropped = 0

    @property
    def is_full(self) -> bool:
        return self._n_dropped > 0

    def read(self) -> bool:
        """Take what is there; say whether more may come."""
        for _ in range(16):
            try:
                piece = os.read(self.fd, self._PIECE)
            except BlockingIOError:
                return True
            if not piece:
                return False
            room = MAX_BYTES - len(self._kept)
            self._kept += piece[:room]
            self._n_dropped += max(len(piece) - room, 0)
        return True

    def close(self) -> bytes:
        """Take what is left and return what was kept."""
        with contextlib.suppress(OSError):
            self.read()
        os.close(self.fd)
        if self._n_dropped:
            self._kept += f"\n… {self._n_dropped} more bytes were thrown away …\n".encode()
        return bytes(self._kept)
