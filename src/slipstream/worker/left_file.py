"""Files that a host's death leaves to the next host of its machine.

A file is locked for as long as its host's process lives, which is how another host knows that it
has been left behind. What is in it is ``journal``'s and ``log_journal``'s.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO


def create(path: Path) -> int:
    """Create a file to append to, locked, for its owner's eyes only; return its descriptor."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


def write_all(fd: int, data: bytes) -> None:
    """Write all of it, in as many pieces as the system takes."""
    while data:
        data = data[os.write(fd, data) :]


def take(paths: Iterable[Path]) -> Iterator[tuple[Path, TextIO]]:
    """Lock and yield those of the files whose hosts are dead; each stays locked until it is closed."""
    for path in paths:
        try:
            file = path.open(encoding="utf-8")
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()  # its host lives
            continue
        if os.fstat(file.fileno()).st_nlink == 0:
            file.close()  # another host was quicker, and is done with it
            continue
        yield path, file
