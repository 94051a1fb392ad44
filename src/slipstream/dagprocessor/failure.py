"""Tracebacks for the authors of DAG files: from their first line on, none of ours before it."""

from __future__ import annotations

import os
import traceback

import slipstream
from slipstream.dagprocessor.job import Failure

_OURS = os.path.dirname(slipstream.__file__) + os.sep
_MAX_FRAMES = 40
_MAX_CHARS = 200_000


def of_exception(exc: BaseException, path: str, *, tracebacks: bool = True) -> Failure:
    """Describe what went wrong while the DAG file ``path`` was loaded.

    The traceback starts in the DAG file; without a frame there, in the first file that is not
    ours, if the error is from there (a plugin's timetable). An error that we found ourselves (a
    cycle) and one of syntax have no frames: of these, and with ``tracebacks`` off, only the
    exception itself is told.
    """
    told = traceback.TracebackException.from_exception(exc, limit=-_MAX_FRAMES, compact=True)
    line = _line(exc, path)
    _trim(told, path)
    if not tracebacks:
        text = "".join(told.format_exception_only())
    else:
        text = "".join(told.format())
    return Failure(text=_bounded(text.strip()), line=line)


def _line(exc: BaseException, path: str) -> int | None:
    """Return the last line of the DAG file on the way to the error."""
    if isinstance(exc, SyntaxError) and exc.filename and _same(exc.filename, path):
        return exc.lineno
    line = None
    for frame, lineno in traceback.walk_tb(exc.__traceback__):
        if _same(frame.f_code.co_filename, path):
            line = lineno
    return line


def _trim(told: traceback.TracebackException | None, path: str) -> None:
    """Drop the frames before the DAG file's first, in the exception and in its causes."""
    seen: set[int] = set()
    while told is not None and id(told) not in seen:
        seen.add(id(told))
        frames = told.stack
        first = next((i for i, f in enumerate(frames) if _same(f.filename, path)), None)
        if first is None and frames and not _is_ours(frames[-1].filename):
            first = next(i for i, f in enumerate(frames) if not _is_ours(f.filename))
        del frames[: len(frames) if first is None else first]
        told = told.__cause__ or told.__context__


def _is_ours(filename: str) -> bool:
    return filename.startswith((_OURS, "<frozen importlib"))


def _same(filename: str, path: str) -> bool:
    return filename == path or filename.startswith(path + os.sep)  # a module in a zip archive


def _bounded(text: str) -> str:
    if len(text) <= _MAX_CHARS:
        return text
    half = _MAX_CHARS // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
