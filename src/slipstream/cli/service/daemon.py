"""``--daemon``: run the same command again in the background."""

from __future__ import annotations

import argparse
import atexit
import os
import subprocess
import sys
from typing import IO

from slipstream.config import conf
from slipstream.errors import UserError

_BOOLEAN_FLAGS = frozenset({"-D", "--daemon"})


def went_to_background(args: argparse.Namespace, name: str) -> bool:
    """Start the service in the background if ``--daemon`` says so; tell whether it did.

    Its output goes to the given files, else to ``$AIRFLOW_HOME/airflow-<name>.log`` (.out, .err),
    its pid to ``airflow-<name>.pid``, as Airflow names them.
    """
    if not args.daemon:
        return False
    home = conf.home
    pid_file = args.pid or str(home / f"airflow-{name}.pid")
    _refuse_second(pid_file, name)
    command = [sys.executable, "-m", "slipstream.cli.main", name]
    command += ["--own-pid-file", pid_file]
    command += [word for word in sys.argv[2:] if word not in _BOOLEAN_FLAGS]
    # What it logs goes to its standard error.
    stdout = _open(args.stdout or args.log_file or str(home / f"airflow-{name}.out"))
    stderr = _open(args.log_file or args.stderr or str(home / f"airflow-{name}.err"))
    with stdout, stderr:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            umask=int(conf.get("core", "daemon_umask"), 8),
        )
    with open(pid_file, "w", encoding="utf-8") as file:
        file.write(f"{process.pid}\n")
    print(f"{name} runs in the background (pid {process.pid}); it logs to {stderr.name}.")
    process.returncode = 0  # it is meant to outlive us: no warning about that
    return True


def remove_at_exit(pid_file: str) -> None:
    """Remove the file when this process ends, if it is still about this process."""
    atexit.register(_remove, pid_file, os.getpid())


def _remove(pid_file: str, pid: int) -> None:
    if os.getpid() == pid and _pid_in(pid_file) == pid:
        os.unlink(pid_file)


def _pid_in(pid_file: str) -> int | None:
    try:
        with open(pid_file, encoding="utf-8") as file:
            return int(file.read().strip())
    except (OSError, ValueError):
        return None


def _refuse_second(pid_file: str, name: str) -> None:
    try:
        with open(pid_file, encoding="utf-8") as file:
            pid = int(file.read().strip())
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return
    except OSError as error:
        raise UserError(f"Cannot read {pid_file}: {error.strerror}.") from error
    raise UserError(f"{name} runs already (pid {pid}, from {pid_file}).")


def _open(path: str) -> IO[bytes]:
    try:
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        return open(path, "ab")
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error
