"""Logs that remote hosts send, written to where the log endpoint reads them.

With its last chunk a log is whole here; if there is a remote log folder, it is uploaded from here. So
a remote host needs no access to it, and no secret.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import os
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from slipstream.api.execution import model
from slipstream.api.execution.access import ForHost, Parts, Server
from slipstream.api.log_file import UnsafePath, below_log_folder
from slipstream.api.reply import Json
from slipstream.token import FINISH_GRACE_S, InvalidToken, Scope

router = APIRouter(tags=["Logs"])


@router.post("/logs", response_model=model.LogsAnswer, summary="Send parts of attempts' logs")
def write_logs(body: model.Logs, host: ForHost, server: Server) -> Response:
    """Write parts of logs at their offsets; one that is sent twice is written twice to one place.

    Which file it is, the token says: the scheduler has signed the path into it.
    """
    sizes: dict[str, int] = {}
    refused: dict[str, str] = {}
    for chunk in body.chunks:
        try:
            path, name = _place(chunk, server)
            size = sizes[chunk.attempt_id] = _write(path, chunk)
            _see_to_upload(server, chunk, path, name, size)
        except (InvalidToken, UnsafePath, binascii.Error) as error:
            refused[chunk.attempt_id] = str(error) or type(error).__name__
        except OSError as error:
            refused[chunk.attempt_id] = f"it cannot be written: {error.strerror}"
    return Json({"sizes": sizes, "refused": refused, "now": server.clock.now().isoformat()})


def _see_to_upload(server: Parts, chunk: model.LogChunk, path: Path, name: str, size: int) -> None:
    """Have a whole log uploaded, and remember one that is not whole."""
    if server.uploads is None or server.open_logs is None:
        return
    start = chunk.start or 0
    if not chunk.is_last:
        if chunk.data:
            server.open_logs.heard(chunk.attempt_id, path, name, start)
    elif _is_whole(chunk, path, size):
        server.uploads.ask(str(path), name, start)
        server.open_logs.ended(chunk.attempt_id)


def _place(chunk: model.LogChunk, server: Parts) -> tuple[Path, str]:
    """Return the log's file, and its path below the log folder."""
    grant = server.tokens.check(
        chunk.token, server.clock.now(), Scope.RUN, Scope.CALLBACK, grace_s=FINISH_GRACE_S
    )
    if grant.subject != chunk.attempt_id or not grant.about:
        raise InvalidToken("the token is not for this log")
    return below_log_folder(grant.about), os.path.normpath(grant.about)


def _write(path: Path, chunk: model.LogChunk) -> int:
    """Write a chunk, unless it would leave a gap; return where the next one goes."""
    data = base64.b64decode(chunk.data, validate=True)
    if chunk.offset is None and chunk.is_last:
        return path.stat().st_size if path.exists() else 0
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = _open(path)
    try:
        size = os.fstat(fd).st_size
        if chunk.offset is None or chunk.offset > size:
            return size
        view = memoryview(data)
        while view:
            view = view[os.pwrite(fd, view, chunk.offset + len(data) - len(view)) :]
        return chunk.offset + len(data)
    finally:
        os.close(fd)


def _open(path: Path) -> int:
    """Open a log that stays where it is until it is closed: an uploaded one may be removed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        fd = os.open(path, flags, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)
            if os.fstat(fd).st_nlink:
                return fd
        except OSError:  # a file system without locks
            return fd
        os.close(fd)


def _is_whole(chunk: model.LogChunk, path: Path, size: int) -> bool:
    """Say whether the file has all up to the end that the last chunk tells of."""
    if chunk.offset is None:
        return size > 0
    return size == chunk.offset + len(base64.b64decode(chunk.data))
