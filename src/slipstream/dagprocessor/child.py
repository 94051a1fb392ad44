"""The parsing process: loads one DAG file, answers, and ends. A fork of the zygote.

Whatever the file does happens here: this process has limits of time and memory, its own session,
and its output goes to a pipe. It reaches the store only by asking the service.
"""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from slipstream.config import conf, log_levels
from slipstream.dagprocessor import failure, question
from slipstream.dagprocessor.dependency import Tracer
from slipstream.dagprocessor.job import (
    MANUAL_RUN,
    NEXT_RUN,
    PARSE,
    Answer,
    Failure,
    Job,
    ParsedDag,
)
from slipstream.executors import naming
from slipstream.sdk import bundle, heuristic, loader, serialize, taskapi
from slipstream.task import protocol

_MB = 1 << 20
_MAX_WARNINGS = 50
_MAX_ANSWER_BYTES = 256 * _MB


class ParsingTimeout(BaseException):
    """The file took too long. A BaseException: an ``except Exception`` must not catch it."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a freshly forked parsing process is to do."""

    job: Job
    answer_fd: int
    output_fd: int


class _Asker(taskapi.TaskAPI):
    """Asks the service for what the file's code wants of the store (variables, connections)."""

    def __init__(self, sock: socket.socket) -> None:
        self._stream = protocol.Stream(sock)
        self._lock = threading.Lock()
        self._last_id = 0

    def request(self, method: str, params: dict[str, Any]) -> Any:
        with self._lock:
            self._last_id += 1
            message = {"m": "request", "id": self._last_id, "method": method, "params": params}
            self._stream.send(message)
            reply = self._stream.receive()
        if error := reply.get("error"):
            raise taskapi.error_named(error["type"], error["message"])
        return reply.get("value")


def prepare() -> None:
    """Set up, in the zygote, what every parsing process needs."""
    bundle.extend_sys_path()


def run(start: Start) -> NoReturn:
    """Do the job, answer, and end the process."""
    pid = os.getpid()
    _redirect(start.output_fd)
    sock = socket.socket(fileno=start.answer_fd)
    taskapi.use(_Asker(sock))
    answer = _work(start.job)
    if os.getpid() != pid:
        os._exit(0)  # the file forked: this is its copy, and there is one answer only
    _restore_limits()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the file may have closed or replaced it
            stream.flush()
    body = protocol.encode(answer.to_json())
    if len(body) > _MAX_ANSWER_BYTES:
        text = f"The DAGs of this file are too large: {len(body) // _MB} MB in serialized form."
        body = protocol.encode(Answer(failures=[Failure(text=text)]).to_json())
    try:
        sock.sendall(body)
    except OSError:
        os._exit(1)  # the file closed our descriptor; the service says so
    os._exit(0)


def _work(job: Job) -> Answer:
    began = time.monotonic()
    _limit_memory(job.memory_limit_mb)
    # A short life: collecting garbage would only copy pages that are shared with the zygote.
    gc.set_threshold(100_000, 50, 50)
    answer = Answer()
    with Tracer(job.watched, job.path) as tracer, warnings.catch_warnings(record=True) as caught:
        try:
            with _time_limit(job):
                _load(job, answer)
        except BaseException as e:
            answer.dags.clear()
            answer.failures.append(_failure(e, job.path))
    answer.warnings = [_warning_text(w) for w in caught[:_MAX_WARNINGS]]
    answer.dependencies = tracer.dependencies()
    answer.is_volatile |= tracer.is_volatile
    answer.duration_s = time.monotonic() - began
    return answer


def _load(job: Job, answer: Answer) -> None:
    # The built-in rule was asked when the file was found.
    if heuristic.has_own_rule() and not heuristic.ask_own_rule(job.path):
        answer.is_dag_file = False
        return
    if job.root not in sys.path:
        sys.path.append(job.root)
    text = _source(job.path)
    loaded = loader.load_file(Path(job.path), check_schedules=True)
    answer.failures += [_failure(e, job.path) for e in loaded.errors]
    if job.kind == NEXT_RUN:
        answer.next_run = question.next_run(job, _the_dag(job, loaded.dags))
        return
    if job.question is not None:
        ask = question.manual_run if job.kind == MANUAL_RUN else question.runs_between
        answer.reply = ask(job.question, _the_dag(job, loaded.dags))
        return
    for dag in loaded.dags.values():
        inside = _path_in_archive(job.path, dag.fileloc)
        relative = f"{job.relative_fileloc}/{inside}" if inside else job.relative_fileloc
        try:
            spec = serialize.dag_to_spec(dag, relative)
            naming.settle(spec, conf.get("core", "executor", fallback="LocalExecutor"))
            parsed = ParsedDag(
                spec=spec,
                spec_hash=serialize.spec_hash(spec),
                source=_source(job.path, inside) if inside else text,
            )
        except Exception as e:
            answer.failures.append(_failure(e, job.path))
        else:
            answer.dags.append(parsed)


def _the_dag(job: Job, dags: dict[str, Any]) -> Any:
    dag = dags.get(job.dag_id or "")
    if dag is None:
        raise LookupError(f"The file {job.path} does not define the DAG {job.dag_id!r} any more.")
    return dag


def _path_in_archive(path: str, fileloc: str) -> str:
    """Return where in the zip archive ``path`` a DAG's module is; empty for a plain file."""
    prefix = path + os.sep
    return fileloc.removeprefix(prefix) if fileloc.startswith(prefix) else ""


def _source(path: str, inside: str = "") -> str:
    """Return the text of a DAG file, or of a module in an archive."""
    if inside:
        with zipfile.ZipFile(path) as archive:
            return archive.read(inside).decode(errors="replace")
    if not path.endswith(".py"):
        return ""
    with open(path, "rb") as file:
        return file.read().decode(errors="replace")


def _failure(error: object, path: str) -> Failure:
    if isinstance(error, BaseException):
        tracebacks = conf.getboolean("core", "dagbag_import_error_tracebacks", fallback=True)
        return failure.of_exception(error, path, tracebacks=tracebacks)
    return Failure(text=str(error))


def _warning_text(warning: warnings.WarningMessage) -> str:
    name = warning.category.__name__
    return f"{warning.filename}:{warning.lineno}: {name}: {warning.message}"


def _redirect(output_fd: int) -> None:
    """Send what the file prints and logs to the service."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    for fd in (1, 2):
        os.dup2(output_fd, fd)
    os.close(output_fd)
    sys.stdout = _text(1)
    sys.stderr = _text(2)
    level = conf.get("logging", "logging_level", fallback="INFO")
    logging.basicConfig(
        stream=sys.stderr, level=level, force=True, format="%(asctime)s %(levelname)s %(message)s"
    )
    log_levels.apply()


def _text(fd: int) -> io.TextIOWrapper:
    raw = open(fd, "wb", closefd=False)  # noqa: SIM115 - for the life of the process
    return io.TextIOWrapper(raw, "utf-8", "backslashreplace", line_buffering=True)


def _limit_memory(limit_mb: int) -> None:
    """Let the process have so much more memory than it has now; then it sees MemoryError."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if limit_mb <= 0:
        return
    with open("/proc/self/statm") as file:
        data_bytes = int(file.read().split()[5]) * resource.getpagesize()
    wanted = data_bytes + limit_mb * _MB
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def _restore_limits() -> None:
    """Give the memory back that answering takes, whatever the file has used up."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


@contextlib.contextmanager
def _time_limit(job: Job) -> Iterator[None]:
    """Raise ParsingTimeout in the file's code when it has had its time."""
    if job.soft_limit_s <= 0:
        yield
        return

    def on_alarm(number: int, frame: FrameType | None) -> None:
        asking = "" if job.kind == PARSE else " and asking its timetable"
        raise ParsingTimeout(
            f"loading {job.relative_fileloc}{asking} took longer than {job.soft_limit_s:g} s "
            "([core] dagbag_import_timeout). Move slow work from the top of the file into tasks."
        )

    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, job.soft_limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
