"""The few things that are done with a store, and its errors in words.

What each library raises differs; here it is one error whose message says what to look at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from slipstream.errors import SlipstreamError, UserError
from slipstream.worker.remote_log.target import Target

Options = dict[str, Any]

_PATIENCE_S = 15.0
"""For a store's word on one object. Azure's library alone would try for 80 s to reach one that is away."""


class RemoteLogError(SlipstreamError):
    """The store cannot be read or written now; the message is for people."""


class RemoteFiles:
    """Files below a target. Opens its file system with the first call."""

    def __init__(self, target: Target, options: Callable[[], Options]) -> None:
        """``options`` returns fsspec's storage options, or raises UserError."""
        self.target = target
        self._options = options
        self._fs: Any = None
        self._opening = threading.Lock()

    def size(self, relative: str) -> int | None:
        """Return a log's size in the store; None when it is not there. Raises RemoteLogError."""
        name = self.target.name_of(relative)
        with self._in_words():
            fs = self._opened()
            fs.invalidate_cache()
            try:
                return int(fs.info(name, **_patience(fs))["size"])
            except FileNotFoundError:
                return None

    def read(self, relative: str, start: int, end: int) -> bytes:
        """Return a part of a log in the store, from byte to byte. Raises RemoteLogError."""
        if start >= end:
            return b""
        with self._in_words():
            data: bytes = self._opened().cat_file(
                self.target.name_of(relative), start=start, end=end
            )
            return data

    def put(self, path: str, relative: str) -> None:
        """Make a file a log in the store, whole. Raises RemoteLogError, or OSError of the file."""
        with open(path, "rb"):  # its own errors are none of the store's
            pass
        name = self.target.name_of(relative)
        with self._in_words(no_file="there is no such bucket or container"):
            self._opened().put_file(path, name)

    def forget(self) -> None:
        """Read the credentials anew with the next call: people may have put them right."""
        self._fs = None

    def _opened(self) -> Any:
        with self._opening:
            if self._fs is None:
                import fsspec  # with what it opens, a second and 50 MB: only where a store is touched

                self._fs = fsspec.filesystem(
                    self.target.kind.protocol, skip_instance_cache=True, **self._options()
                )
            return self._fs

    @contextmanager
    def _in_words(self, no_file: str = "there is no such object") -> Iterator[None]:
        try:
            yield
        except RemoteLogError:
            raise
        except UserError as error:
            raise RemoteLogError(str(error)) from error
        except FileNotFoundError as error:
            raise RemoteLogError(f"{self.target.shown}: {no_file} ({_line(error)})") from error
        except ImportError as error:
            raise RemoteLogError(
                f"{self.target.shown}: {error}; install "
                f"slipstream-orchestrator[{self.target.kind.extra}]"
            ) from error
        except TimeoutError as error:
            why = _line(error) if str(error) else f"no answer within {_PATIENCE_S:g} s"
            raise RemoteLogError(f"{self.target.shown}: {why}") from error
        except Exception as error:  # each library has a tree of its own
            shown = self.target.shown
            if not _is_denial(error):
                raise RemoteLogError(f"{shown}: {_line(error)}") from error
            raise RemoteLogError(
                f"{shown}: access is denied to the credentials of {self._whose()} ({_line(error)})"
            ) from error

    def _whose(self) -> str:
        conn_id = self.target.conn_id
        return f"connection {conn_id!r}" if conn_id else "the environment"


def _patience(fs: Any) -> Options:
    """Return the argument by which a file system that works in fsspec's own thread is given up."""
    return {"timeout": _PATIENCE_S} if fs.async_impl else {}


def _is_denial(error: Exception) -> bool:
    """Say whether the store knows us and does not want us, or does not know us."""
    statuses = (getattr(error, name, None) for name in ("status_code", "code"))
    return isinstance(error, PermissionError) or any(s in (401, 403) for s in statuses)


def _line(error: BaseException) -> str:
    """Return an error as one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
