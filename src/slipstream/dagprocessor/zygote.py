"""The process that parsing processes are forked from.

``python -m slipstream.dagprocessor.zygote --control FD`` imports what every DAG file
imports, and then forks one process per job. It never runs a user's code itself. When a parsing
process ends, the zygote kills what it left behind: its process group, and daemons that slipped
out of it, which become the zygote's children because it is their subreaper.

The control socket (SOCK_SEQPACKET) carries JSON. Service to zygote::

    parse   {id, job} + 2 fds    fork a process; it answers on the first, prints to the second
    kill    {id}                 kill the process of that job and all that it started

Zygote to service::

    ready   {}
    exited  {id, code | signal, max_rss_kb}
    failed  {id, reason}         the system refused to fork

The answer is one frame (``slipstream.task.protocol``) of ``slipstream.dagprocessor.job.Answer``.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from slipstream.config import conf
from slipstream.dagprocessor import child
from slipstream.dagprocessor.job import MAX_MESSAGE_BYTES, Job
from slipstream.sdk import serialize
from slipstream.task import process

_DAY = datetime(2026, 1, 1, tzinfo=UTC)

_PRELOADED = (
    "slipstream.sdk.policy",
    "dateutil.relativedelta",
    "jinja2",
    "pendulum",
    # By name only: our code must not depend on Airflow's names, DAG files do.
    "airflow",
    "airflow.sdk",
    "airflow.models",
    "airflow.decorators",
    "airflow.operators.python",
    "airflow.operators.bash",
    "airflow.operators.empty",
    "airflow.providers.standard.operators.bash",
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.operators.python",
)


class Zygote:
    """Forks parsing processes as told, reaps them, and leaves nothing of them alive."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._jobs: dict[int, int] = {}
        """Job id by process id."""
        # A self-pipe wakes the poll below when a child ends: SIGCHLD alone would be a race.
        self._wake_r, self._wake_w = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)

    def serve(self) -> child.Start | None:
        """Serve until the service hangs up (None); in a fork, return what it is to do."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake_r, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self._wake_r:
                    self._reap()
                    continue
                body, fds = self._receive()
                if not body:
                    self._kill_all()
                    return None
                if start := self._on(json.loads(body), fds):
                    return start

    def _receive(self) -> tuple[bytes, list[int]]:
        try:
            body, fds, _, _ = socket.recv_fds(
                self._control, MAX_MESSAGE_BYTES, 2, socket.MSG_CMSG_CLOEXEC
            )
        except ConnectionError:
            return b"", []
        return body, fds

    def _on(self, message: dict[str, Any], fds: list[int]) -> child.Start | None:
        if message["m"] == "kill":
            for pid, job_id in self._jobs.items():
                if job_id == message["id"]:
                    _kill_group(pid)
            return None
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as e:
            if e.errno not in (errno.EAGAIN, errno.ENOMEM):
                raise
            self.send({"m": "failed", "id": message["id"], "reason": str(e)})
            pid = -1
        if pid:
            for fd in fds:
                os.close(fd)
            if pid > 0:
                self._jobs[pid] = message["id"]
            return None
        process.die_with_parent(parent)
        os.setsid()  # before anything of the user's: the group is what gets killed
        self._leave()
        return child.Start(Job.from_json(message["job"]), answer_fd=fds[0], output_fd=fds[1])

    def _leave(self) -> None:
        """Drop, in a fresh fork, all that belongs to the zygote."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.close(self._wake_r)
        os.close(self._wake_w)
        self._control.close()

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_r, 4096)
        while True:
            try:
                # Not reaped yet: its id must not be given to another while its group is killed.
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            pid = ended.si_pid
            job_id = self._jobs.pop(pid, None)
            if job_id is not None:
                _kill_group(pid)
            _, status, usage = os.wait4(pid, 0)
            self._kill_strays()
            if job_id is not None:
                self.send(_exited(job_id, status, usage.ru_maxrss))

    def _kill_all(self) -> None:
        for pid in self._jobs:
            _kill_group(pid)
        while self._jobs:
            pid, _ = os.wait()
            self._jobs.pop(pid, None)
        self._kill_strays()

    def _kill_strays(self) -> None:
        """Kill children that are nobody's process: daemons that a DAG file left behind."""
        with open("/proc/thread-self/children") as file:
            for pid in map(int, file.read().split()):
                if pid not in self._jobs:
                    _kill_group(pid)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

    def send(self, message: dict[str, Any]) -> None:
        """Tell the service something."""
        with contextlib.suppress(ConnectionError):  # the service has gone: serve() sees it next
            self._control.send(json.dumps(message).encode())


def _kill_group(pid: int) -> None:
    # A child between its fork and its setsid has no group yet.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _exited(job_id: int, status: int, max_rss_kb: int) -> dict[str, Any]:
    message = {"m": "exited", "id": job_id, "max_rss_kb": max_rss_kb}
    if os.WIFSIGNALED(status):
        return {**message, "signal": os.WTERMSIG(status)}
    return {**message, "code": os.WEXITSTATUS(status)}


def _preload() -> None:
    for name in _PRELOADED:
        # A missing one is slower, not wrong: the DAG file's own import says what is missing.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    _rehearse()


def _rehearse() -> None:
    """Make and serialize a DAG, so that forks find caches filled and late imports done."""
    from slipstream.sdk.dag import DAG  # late: only when pre-importing is on
    from slipstream.sdk.standard.bash import BashOperator
    from slipstream.sdk.standard.empty import EmptyOperator
    from slipstream.sdk.standard.python import PythonOperator
    from slipstream.sdk.taskgroup import TaskGroup

    for schedule in ("@hourly", "@daily", "@weekly", "@monthly", "*/5 1 * * 1-5", timedelta(1)):
        with DAG("rehearsal", schedule=schedule, start_date=_DAY, tags=["x"]) as dag:
            first = EmptyOperator(task_id="first")
            with TaskGroup("group"):
                second = PythonOperator(task_id="second", python_callable=_rehearse)
            first >> second >> BashOperator(task_id="third", bash_command="{{ ds }}")
        serialize.spec_hash(serialize.dag_to_spec(dag, "rehearsal.py"))


def main(argv: list[str] | None = None) -> None:
    """Run as the zygote until the service hangs up."""
    parser = argparse.ArgumentParser(prog="slipstream.dagprocessor.zygote")
    parser.add_argument("--control", type=int, required=True)
    args = parser.parse_args(argv)
    # It outlives the service by a moment, on purpose: to see the socket close, and clean up.
    process.adopt_orphans()
    process.set_name("dag-zygote")
    control = socket.socket(fileno=args.control)
    control.set_inheritable(False)
    # Both may go to the whole process group; the service decides what they mean.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    child.prepare()
    if conf.getboolean("dag_processor", "parsing_pre_import_modules", fallback=True):
        _preload()
    gc.collect()
    gc.freeze()
    zygote = Zygote(control)
    zygote.send({"m": "ready"})
    start = zygote.serve()
    if start is not None:
        child.run(start)  # does not return
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
