"""Exceptions for logs and import errors: as Airflow 3's records have them, and as text.

Both begin at the first frame that is the author's: the engine's own on top say nothing to them.
"""

from __future__ import annotations

import linecache
import os
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

Mask = Callable[[str], str]

_MAX_FRAMES = 50


def error_detail(exc: BaseException, mask: Mask) -> list[dict[str, Any]]:
    """Return an exception and its causes, innermost last, as Airflow 3's logs have them."""
    details = []
    seen: set[int] = set()
    current: BaseException | None = exc
    is_cause = False
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        details.append(
            {
                "exc_type": type(current).__name__,
                "exc_value": mask(text_of(current)),
                "exc_notes": [mask(str(note)) for note in getattr(current, "__notes__", [])],
                "syntax_error": None,
                "is_cause": is_cause,
                "frames": _frames(current.__traceback__),
                "is_group": isinstance(current, BaseExceptionGroup),
                "exceptions": [
                    error_detail(inner, mask)
                    for inner in getattr(current, "exceptions", ())
                    if isinstance(current, BaseExceptionGroup)
                ],
            }
        )
        is_cause = current.__cause__ is not None
        shown = None if current.__suppress_context__ else current.__context__
        current = current.__cause__ or shown
    return details


def text_of(exc: BaseException) -> str:
    """Return the exception's text; a user's ``__str__`` may itself raise."""
    try:
        return str(exc)
    except Exception:
        return f"<{type(exc).__name__} whose text cannot be made>"


def _frames(tb: TracebackType | None) -> list[dict[str, Any]]:
    frames = [
        {"filename": frame.f_code.co_filename, "lineno": lineno, "name": frame.f_code.co_name}
        for frame, lineno in traceback.walk_tb(tb)
    ]
    # The engine's own frames on top say nothing to the author of a DAG file.
    while len(frames) > 1 and str(frames[0]["filename"]).startswith(_OWN_CODE):
        del frames[0]
    return frames[-_MAX_FRAMES:]


_OWN_CODE = (
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,
    "<frozen importlib",
)


def format_error(exc: BaseException) -> str:
    """Return the traceback as text, from the author's first frame on."""
    tb = exc.__traceback__
    while tb is not None and tb.tb_next is not None:
        if not tb.tb_frame.f_code.co_filename.startswith(_OWN_CODE):
            break
        tb = tb.tb_next
    linecache.checkcache()
    return "".join(traceback.format_exception(type(exc), exc, tb))
