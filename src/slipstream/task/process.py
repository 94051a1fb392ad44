"""What a process of the worker tree asks of the kernel: to die with its parent, its own session.

Linux only. Nothing here knows about tasks; ``ctypes`` is used because the standard library has
no prctl.
"""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

_prctl = ctypes.CDLL(None, use_errno=True).prctl
# Every argument as a long: a variadic C function reads them so.
_prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4

_name = ctypes.create_string_buffer(16)


def _call(option: int, value: int) -> None:
    if _prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"prctl({option})")


def die_with_parent(parent_pid: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel signal this process when its parent ends; exit if it has ended already.

    ``parent_pid`` is the parent as this process was told it: when the parent died before this
    call, the kernel has nothing left to watch, which only the changed parent id shows.
    """
    _call(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent_pid:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parents end, so that they can be found."""
    _call(_PR_SET_CHILD_SUBREAPER, 1)


def set_name(name: str) -> None:
    """Set the name that ``ps`` and ``top`` show for this process (at most 15 bytes count)."""
    _name.value = name.encode()[:15]
    _call(_PR_SET_NAME, ctypes.addressof(_name))


def set_title(title: str) -> None:
    """Set the command line that ``ps`` shows and ``pgrep -f`` searches, cut to the first one's length.

    For a fork that becomes another program: it would go by its parent's command line.
    """
    with open("/proc/self/stat", "rb") as file:
        text = file.read()
    begin, end = map(int, text[text.rindex(b")") + 2 :].split()[45:47])
    room = end - begin
    if begin and room > 0:  # else the kernel does not tell us
        # The last byte stays NUL: anything else there means to the kernel that the text goes on.
        ctypes.memmove(begin, title.encode()[: room - 1].ljust(room, b"\0"), room)


def start_time(pid: int) -> int | None:
    """Return when the process started, in clock ticks since boot; None when there is none.

    With the pid it names a process for ever: pids are used again, the pair is not.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the name in brackets and may itself hold spaces and brackets.
    fields = text[text.rindex(b")") + 2 :].split()
    return None if fields[0] == b"Z" else int(fields[19])
