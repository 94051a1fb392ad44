"""Functions that user code registers with ``atexit``: they run when its task process ends.

As Airflow 3: those that the process had before any of the user's code are not its own and go. Here
that is done once, in the base zygote; what a DAG file registers while its zygote executes it is
inherited by each of its task processes, which is where Airflow would have executed the file.
"""

from __future__ import annotations

import atexit
import weakref
from typing import Any


def forget_inherited() -> None:
    """Drop the handlers of this process, all of which are ours or the standard library's."""
    atexit._clear()
    # The library registers its handler with the first finalizer only, and that one is gone.
    finalize: Any = weakref.finalize
    finalize._registered_with_atexit = False


def run() -> None:
    """Run the handlers, the last registered first; what they raise is written to stderr."""
    if atexit._ncallbacks():
        atexit._run_exitfuncs()
