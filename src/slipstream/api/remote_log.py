"""Logs from the remote log folder: what of a try's log is there, and what is here.

The file here comes first. The store is asked when there is none, and when files here are removed as
they are uploaded: the file may then be what a later attempt of the try has written so far.
"""

from __future__ import annotations

import io
import logging
from functools import partial
from pathlib import Path
from typing import BinaryIO

from slipstream.api.log_file import Piece, local_piece
from slipstream.errors import StoreUnavailable, UserError
from slipstream.store import Store
from slipstream.worker.remote_log import credentials
from slipstream.worker.remote_log.files import RemoteFiles, RemoteLogError
from slipstream.worker.remote_log.target import Target, configured

log = logging.getLogger(__name__)

_HEAD = 16 * 1024
"""Lines begin with their time: so many bytes tell whether two logs are one."""


class RemoteLogs:
    """The remote log folder, for reading. Calls block; the store is first touched when one is made."""

    def __init__(self, files: RemoteFiles) -> None:
        self._files = files

    @classmethod
    def configured(cls, store: Store) -> RemoteLogs | None:
        """Return the folder that the [logging] options name; None if logs stay here.

        Raises ConfigError.
        """
        target = configured()
        if target is None:
            return None
        _tell_of_missing_connection(target, store)
        return cls(RemoteFiles(target, lambda: credentials.of(target, store)))

    def pieces(self, path: Path, name: str) -> tuple[list[Piece], str | None]:
        """Return a log's pieces, and what people should know: why something is missing.

        ``path`` is where its file is or was here, ``name`` its path below the log folder.
        """
        here = local_piece(path)
        pieces = [] if here is None else [here]
        if here is not None and not self._files.target.deletes_local:
            return pieces, None
        try:
            size = self._files.size(name)
            if size is None:
                shown = self._files.target.shown_name(name)
                return pieces, None if pieces else f"There is no log {shown} either."
            there = Piece(
                self._files.target.shown_name(name), size, partial(_open, self._files, name, size)
            )
            if here is None:
                return [there], None
            return self._joined(here, there, name), None
        except RemoteLogError as error:
            self._files.forget()
            return pieces, f"The remote log cannot be read: {error}"

    def _joined(self, here: Piece, there: Piece, name: str) -> list[Piece]:
        """Return the pieces without what is in both."""
        with here.open() as f:
            head = f.read(_HEAD)
        if self._files.read(name, 0, min(there.size, len(head))) == head[: there.size]:
            return [here if here.size >= there.size else there]
        at = there.size - here.size
        if at >= 0 and self._files.read(name, at, at + len(head)) == head:
            return [there]
        return [there, here]


def _tell_of_missing_connection(target: Target, store: Store) -> None:
    """Say so at once; it is no reason not to start, since it may be made through this very server."""
    if not target.conn_id:
        return
    try:
        credentials.find(target.conn_id, store)
    except UserError as error:
        log.error(
            "%s Until there is one, logs stay where they are written, and those in %s cannot be read. "
            "It may be the id of a connection (`slipstream connections add`), or empty for the "
            "environment's own credentials.",
            error,
            target.shown,
        )
    except StoreUnavailable as error:
        log.debug("the connection of the log folder is not looked for now: %s", error)


def _open(files: RemoteFiles, name: str, size: int) -> BinaryIO:
    return io.BufferedReader(_Object(files, name, size), 1 << 20)


class _Object(io.RawIOBase):
    """An object as a file: each read of the buffer above is a request for a range."""

    def __init__(self, files: RemoteFiles, name: str, size: int) -> None:
        self._files = files
        self._name = name
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        end = min(self._at + len(buffer), self._size)
        data = self._files.read(self._name, self._at, end)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
