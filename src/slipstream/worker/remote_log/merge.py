"""What a log's object becomes when a part of the log is added.

A try writes one log, though several attempts may write to it (a sensor that is rescheduled, a task that
is deferred), on several machines. Mostly the file here holds all of it, and replaces the object. Where
it does not, the new part is put after what the object has. Doing it twice changes nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from slipstream.worker.remote_log.files import RemoteFiles

_STEP = 1 << 20


def add(files: RemoteFiles, path: Path, relative: str, start: int, scratch: Path) -> int:
    """Add what a file has from ``start`` on to its object; return the file's size meanwhile.

    ``scratch`` is a folder for a temporary file. Raises RemoteLogError, or OSError of the file.
    """
    size = path.stat().st_size
    there = files.size(relative)
    if not there:
        files.put(str(path), relative)
    elif there <= size and _same(files, relative, 0, path, 0, there):
        if there < size:
            files.put(str(path), relative)
    elif not _holds(files, relative, there, path, min(start, size), size):
        _append(files, path, relative, start, there, scratch)
    return size


def _holds(
    files: RemoteFiles, relative: str, there: int, path: Path, start: int, size: int
) -> bool:
    """Say whether the object has the part already: at its own place, or at the end."""
    length = size - start
    places = {start, there - length}
    return any(
        at >= 0 and at + length <= there and _same(files, relative, at, path, start, length)
        for at in places
    )


def _same(files: RemoteFiles, relative: str, at: int, path: Path, start: int, length: int) -> bool:
    """Say whether so many bytes are alike in the object from ``at`` and in the file from ``start``."""
    with path.open("rb") as file:
        file.seek(start)
        done = 0
        while done < length:
            step = min(_STEP, length - done)
            if file.read(step) != files.read(relative, at + done, at + done + step):
                return False
            done += step
    return True


def _append(
    files: RemoteFiles, path: Path, relative: str, start: int, there: int, scratch: Path
) -> None:
    handle, name = tempfile.mkstemp(prefix=".joined-", dir=scratch)
    try:
        with os.fdopen(handle, "wb") as joined, path.open("rb") as file:
            for at in range(0, there, _STEP):
                joined.write(files.read(relative, at, min(at + _STEP, there)))
            file.seek(start)
            shutil.copyfileobj(file, joined, _STEP)
        files.put(name, relative)
    finally:
        os.unlink(name)
