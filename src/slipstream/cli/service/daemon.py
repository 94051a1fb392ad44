"""``--daemon``: run the same command again in the background."""

from __future__ import annotations

import argparse
import atexit
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from slipstream.config import conf
from slipstream.errors import UserError

_BOOLEAN_FLAGS = frozenset({"-D", "--daemon"})


def went_to_background(
    args: argparse.Namespace, name: str, *, command: Sequence[str] = (), umask: str | None = None
) -> bool:
    """Start the service in the background if ``--daemon`` says so; tell whether it did.

    ``command`` is what it is called, when that is not ``name``. Its output goes to the given files, else to ``$AIRFLOW_HOME/airflow-<name>.log`` (.out, .err),
    its pid to ``airflow-<name>.pid``, as Airflow names them.
    """
    if not args.daemon:
        return False
    home = conf.home
    pid_path = args.pid or str(home / f"airflow-{name}.pid")
    _refuse_second(pid_path, name)
    words = list(command or [name])
    n_own = len(words) if sys.argv[1 : len(words) + 1] == words else 1
    argv = [sys.executable, "-m", "slipstream.cli.main", *words, "--own-pid-file", pid_path]
    argv += [word for word in sys.argv[n_own + 1 :] if word not in _BOOLEAN_FLAGS]
    # What it logs goes to its standard error.
    stdout = _open(args.stdout or args.log_file or str(home / f"airflow-{name}.out"))
    stderr = _open(args.log_file or args.stderr or str(home / f"airflow-{name}.err"))
    _make_folder(pid_path)
    with stdout, stderr:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            umask=int(umask or conf.get("core", "daemon_umask"), 8),
        )
    with open(pid_path, "w", encoding="utf-8") as file:
        file.write(f"{process.pid}\n")
    print(f"{name} runs in the background (pid {process.pid}); it logs to {stderr.name}.")
    process.returncode = 0  # it is meant to outlive us: no warning about that
    return True


def remove_at_exit(path: str) -> None:
    """Remove the file when this process ends, if it is still about this process."""
    atexit.register(_remove, path, os.getpid())


def _remove(path: str, pid: int) -> None:
    if os.getpid() == pid and _pid_in(path) == pid:
        os.unlink(path)


def _pid_in(path: str) -> int | None:
    try:
        with open(path, encoding="utf-8") as file:
            return int(file.read().strip())
    except (OSError, ValueError):
        return None


def write_pid(path: str, name: str) -> None:
    """Write this process's id to a file that goes with it; refuse when another's process has it."""
    _refuse_second(path, name)
    _make_folder(path)
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error
    remove_at_exit(path)


def _refuse_second(path: str, name: str) -> None:
    try:
        with open(path, encoding="utf-8") as file:
            pid = int(file.read().strip())
        if pid == os.getpid():
            return  # whoever sent us to the background wrote it, or a container's process 1 before
    except (FileNotFoundError, ValueError):
        return
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    if is_ours(pid):
        raise UserError(
            f"{name} runs already (pid {pid}, from {path}): stop it first, or give this one a file of its "
            "own with --pid."
        )


def is_ours(pid: int) -> bool:
    """Say whether a process of ours has this id.

    A pid that was left in a file is anybody's after the machine, or a container, was started again.
    """
    if pid <= 0:
        return False
    try:
        with suppress(PermissionError):  # it is there, and another user's
            os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read()
    except OSError:
        return True  # no /proc, or not for us to see
    return b"slipstream" in words or b"airflow" in words


def _make_folder(path: str) -> None:
    """Make the folder of a file: on a new machine there is no ``$AIRFLOW_HOME`` yet."""
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error


def _open(path: str) -> IO[bytes]:
    _make_folder(path)
    try:
        return open(path, "ab")
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error
