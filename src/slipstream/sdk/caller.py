"""Which file is at work: the DAG file that calls this package."""

from __future__ import annotations

import os
import sys
from types import FrameType

_SDK_ROOTS = (os.path.dirname(__file__) + os.sep,)


def caller_file() -> str:
    """Return the file of the innermost frame outside of this package: the DAG file."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_SDK_ROOTS):
            return name
        frame = frame.f_back
    return ""
