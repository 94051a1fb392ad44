"""Doing something in a fork, to learn whether it can be done."""

from __future__ import annotations

import os
from collections.abc import Callable


def reason_of_failure(act: Callable[[], object]) -> str | None:
    """Return why ``act`` fails in a process of its own, in one line; None if it does not."""
    readable, writable = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(readable)
            act()
            code = 0
        except BaseException as error:
            os.write(writable, f"{type(error).__name__}: {error}".encode()[:2000])
        finally:
            os._exit(code)
    os.close(writable)
    with open(readable, "rb") as file:
        text = file.read().decode(errors="replace")
    _, status = os.waitpid(pid, 0)
    if status == 0:
        return None
    return " ".join(text.split()) or f"it ended with code {os.waitstatus_to_exitcode(status)}"
