"""The parsing processes in flight: gives jobs to the zygote, enforces their limits, collects.

One thread, no waiting: the service's selector calls back when something can be read. Every job
that was submitted comes out of ``take`` once, whatever its file did to its process.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slipstream.clock import Clock
from slipstream.dagprocessor.job import MAX_MESSAGE_BYTES, Answer, Done, Failure, Job
from slipstream.dagprocessor.output import Capture
from slipstream.task import protocol
from slipstream.worker.task_api import RequestRefused

log = logging.getLogger(__name__)

Handler = Callable[[str, dict[str, Any]], Any]
"""Answers a request of a DAG file's code for a variable, a connection or the like."""

_MAX_LOST = 2
"""A job that lost its zygote so often is not tried again: it may well be the one that kills it."""
_REPLY_TIMEOUT_S = 1.0
_CLEAN_UP_S = 2.0
_KILL_S = 5.0
"""A process that was killed must be reported dead after so long; else its zygote is killed, too."""
_IDLE_S = 30.0
"""Without a job for so long, the zygote ends: most DAG files rest, and it is a tenth of all memory."""
_RESTART_DELAYS_S = (0.0, 1.0, 5.0, 30.0)
_OUTPUT_LINES_TOLD = 20


@dataclass(slots=True)
class _Running:
    job: Job
    socket: socket.socket
    capture: Capture
    deadline: float | None
    frames: protocol.FrameBuffer = field(default_factory=protocol.FrameBuffer)
    answer: Answer | None = None
    problem: str | None = None
    """Why we killed it, when we did."""
    asked: bool = False
    is_paused: bool = False


class ParserPool:
    """Runs jobs, ``size`` at a time; ``n_free`` says how many more may be submitted now."""

    def __init__(
        self, selector: selectors.BaseSelector, clock: Clock, *, size: int, handler: Handler
    ) -> None:
        self._selector = selector
        self._clock = clock
        self._size = size
        self._handler = handler
        self._zygote: _Zygote | None = None
        self._n_starts = 0
        self._restart_at = 0.0
        self._used_at = 0.0
        self._running: dict[int, _Running] = {}
        self._lost: dict[tuple[str, ...], int] = {}
        self._again: list[Job] = []
        self._done: list[Done] = []
        self._last_id = 0

    @property
    def n_running(self) -> int:
        return len(self._running)

    @property
    def n_free(self) -> int:
        if self._zygote is None or not self._zygote.is_ready:
            return 0
        if self._lost and any(run.job.key in self._lost for run in self._running.values()):
            return 0  # one that may have killed a zygote runs alone
        return self._size - len(self._running)

    @property
    def n_failed_starts(self) -> int:
        """How many zygotes in a row ended before they were ready."""
        return max(self._n_starts - 1, 0)

    @property
    def zygote_pid(self) -> int | None:
        return None if self._zygote is None else self._zygote.pid

    def start(self) -> None:
        """Start the zygote if none runs, but not too often."""
        if self._zygote is None and self._clock.monotonic() >= self._restart_at:
            delay = _RESTART_DELAYS_S[min(self._n_starts, len(_RESTART_DELAYS_S) - 1)]
            self._n_starts += 1
            self._restart_at = self._clock.monotonic() + delay
            self._zygote = _Zygote()
            self._selector.register(
                self._zygote.control, selectors.EVENT_READ, self._on_zygote_message
            )

    def submit(self, job: Job) -> None:
        """Start a job; only while ``n_free`` is not 0."""
        if self._zygote is None:
            raise RuntimeError("a job was submitted while no zygote runs")
        self._last_id += 1
        self._used_at = self._clock.monotonic()
        ours, theirs = socket.socketpair()
        read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(read_fd, False)
        ours.setblocking(False)
        limit = job.hard_limit_s
        deadline = self._clock.monotonic() + limit if limit > 0 else None
        run = _Running(job, ours, Capture(read_fd), deadline)
        run_id = self._last_id
        self._running[run_id] = run
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._on_answer(run_id))
        self._selector.register(read_fd, selectors.EVENT_READ, lambda: self._on_output(run_id))
        try:
            message = {"m": "parse", "id": run_id, "job": job.to_json()}
            self._zygote.send(message, [theirs.fileno(), write_fd])
        except OSError:
            self._on_zygote_gone()
        finally:
            theirs.close()
            os.close(write_fd)

    def take(self) -> list[Done]:
        """Return the jobs that ended since the last call."""
        done, self._done = self._done, []
        return done

    def take_lost(self) -> list[Job]:
        """Return jobs to submit again, each alone: their zygote died, by the fault of one of them."""
        again, self._again = self._again, []
        return again

    def wait_s(self) -> float | None:
        """Return after how many seconds ``tick`` has something to do; None: nothing is due."""
        if any(run.is_paused for run in self._running.values()):
            return Capture.PAUSE_S
        now = self._clock.monotonic()
        due = [run.deadline for run in self._running.values() if run.deadline is not None]
        if self._zygote is None and self._n_starts:
            due.append(self._restart_at)
        return max(min(due) - now, 0.0) if due else None

    def tick(self) -> None:
        """Kill what is over its limit, let output that was held back come again, end what is idle."""
        now = self._clock.monotonic()
        if self._running:
            self._used_at = now
        elif self._zygote is not None and self._zygote.is_ready and now - self._used_at > _IDLE_S:
            self._hang_up()
            self._restart_at = now
        for run_id, run in list(self._running.items()):
            if run.deadline is None or now < run.deadline:
                pass
            elif run.problem is not None:
                # Nobody reaped it: the zygote hangs, or the process in a dead file system.
                self._on_zygote_gone()
                return
            else:
                self._kill(
                    run_id,
                    f"{run.job.relative_fileloc} did not end within {run.job.hard_limit_s:g} s "
                    "([dag_processor] dag_file_processor_timeout) and was killed.",
                )
            if run.is_paused:
                run.is_paused = False
                self._on_output(run_id)
                if not run.is_paused and run_id in self._running:
                    self._watch_output(run_id, run)

    def close(self) -> None:
        """End the zygote and with it every parsing process."""
        self._hang_up()
        for run in self._running.values():
            self._forget(run)
            run.capture.close()
        self._running.clear()

    def _on_zygote_message(self) -> None:
        if self._zygote is None:
            return
        try:
            message = self._zygote.receive()
        except BlockingIOError:
            return
        except ConnectionError:
            self._on_zygote_gone()
            return
        match message["m"]:
            case "ready":
                self._zygote.is_ready = True
                self._n_starts = 0
                self._used_at = self._clock.monotonic()
            case "exited":
                self._finish(message["id"], message)
            case "failed":
                text = f"The system refused to start a parsing process: {message['reason']}"
                self._finish(message["id"], {"problem": text})

    def _on_zygote_gone(self) -> None:
        """Start over with another zygote; its children died with it."""
        if self._zygote is None:
            return
        log.warning("The parsing zygote (pid %d) is gone; starting another", self._zygote.pid)
        self._hang_up()
        for run_id, run in list(self._running.items()):
            n_lost = self._lost[run.job.key] = self._lost.get(run.job.key, 0) + 1
            if run.problem is not None or n_lost >= _MAX_LOST:
                text = "The parsing zygote died each time while this file was loaded."
                self._finish(run_id, {"problem": text})
            else:
                del self._running[run_id]
                self._forget(run)
                run.capture.close()
                self._again.append(run.job)
        self.start()

    def _hang_up(self) -> None:
        if self._zygote is not None:
            self._selector.unregister(self._zygote.control)
            self._zygote.close()
            self._zygote = None

    def _on_answer(self, run_id: int) -> None:
        run = self._running.get(run_id)
        if run is None:
            return  # it ended within the same batch of events
        try:
            data = run.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(run.socket)
            return
        try:
            messages = run.frames.feed(data)
        except ValueError as e:
            self._kill(run_id, f"The file wrote into the parsing process's own socket: {e}")
            return
        for message in messages:
            if message.get("m") == "request":
                run.asked = True
                self._reply(run_id, run, message)
            else:
                run.answer = Answer.from_json(message)

    def _reply(self, run_id: int, run: _Running, message: dict[str, Any]) -> None:
        try:
            reply = {"value": self._handler(message["method"], message["params"])}
        except RequestRefused as e:
            reply = {"error": {"type": e.kind, "message": str(e)}}
        except Exception as e:  # the file's code gets it, as its own exception
            log.debug("%s asked for %s: %s", run.job.relative_fileloc, message["method"], e)
            reply = {"error": {"type": type(e).__name__, "message": str(e)}}
        try:
            run.socket.settimeout(_REPLY_TIMEOUT_S)
            run.socket.sendall(protocol.encode({"m": "reply", "id": message["id"], **reply}))
            run.socket.setblocking(False)
        except OSError as e:
            self._kill(run_id, f"The file asked for {message['method']} and did not listen: {e}")

    def _on_output(self, run_id: int) -> None:
        run = self._running.get(run_id)
        if run is None:
            return  # it ended within the same batch of events
        if not run.capture.read():
            self._unwatch_output(run)
        elif run.capture.is_full:
            # Somebody prints without end: look at it now and then only.
            self._unwatch_output(run)
            run.is_paused = True

    def _watch_output(self, run_id: int, run: _Running) -> None:
        with contextlib.suppress(KeyError):  # it is watched already
            self._selector.register(
                run.capture.fd, selectors.EVENT_READ, lambda: self._on_output(run_id)
            )

    def _unwatch_output(self, run: _Running) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(run.capture.fd)

    def _kill(self, run_id: int, why: str) -> None:
        run = self._running[run_id]
        run.problem, run.deadline = why, self._clock.monotonic() + _KILL_S
        if self._zygote is not None:
            with contextlib.suppress(OSError):  # it has gone, and its children with it
                self._zygote.send({"m": "kill", "id": run_id})

    def _finish(self, run_id: int, ended: dict[str, Any]) -> None:
        run = self._running.get(run_id)
        if run is None:
            return
        if run.answer is None and run.problem is None:
            with contextlib.suppress(OSError, KeyError):
                self._drain(run_id, run)
        del self._running[run_id]
        self._forget(run)
        output = run.capture.close()
        answer = run.answer
        if answer is None or run.problem:
            text = run.problem or ended.get("problem") or _how_it_ended(ended)
            answer = Answer(failures=[Failure(text=_with_output(text, output))])
        answer.is_volatile |= run.asked
        self._lost.pop(run.job.key, None)
        self._done.append(
            Done(job=run.job, answer=answer, output=output, max_rss_kb=ended.get("max_rss_kb", 0))
        )

    def _drain(self, run_id: int, run: _Running) -> None:
        """Take in an answer whose sender has ended already."""
        while run.answer is None and self._selector.get_key(run.socket):
            self._on_answer(run_id)

    def _forget(self, run: _Running) -> None:
        with contextlib.suppress(KeyError):
            self._selector.unregister(run.socket)
        run.socket.close()
        self._unwatch_output(run)


class _Zygote:
    """The zygote's process and our end of its control socket."""

    def __init__(self) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.is_ready = False
        command = [sys.executable, "-m", "slipstream.dagprocessor.zygote"]
        command += ["--control", str(theirs.fileno())]
        self._process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()
        self.control.setblocking(False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: dict[str, Any], fds: list[int] | None = None) -> None:
        body = json.dumps(message).encode()
        socket.send_fds(self.control, [body], fds or [])

    def receive(self) -> dict[str, Any]:
        body = self.control.recv(MAX_MESSAGE_BYTES)
        if not body:
            raise ConnectionResetError("the zygote closed its socket")
        message: dict[str, Any] = json.loads(body)
        return message

    def close(self) -> None:
        """Hang up, and give it a moment to kill what the parsing processes started."""
        self.control.close()
        try:
            self._process.wait(_CLEAN_UP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _how_it_ended(ended: dict[str, Any]) -> str:
    if number := ended.get("signal"):
        name = signal.Signals(number).name
        hint = " (out of memory?)" if number == signal.SIGKILL else ""
        return f"The process that loaded the file was killed by {name}{hint}."
    return (
        f"The file ended its process with exit code {ended.get('code')} while it was loaded, or "
        "closed its file descriptors. It must not call os._exit, os.closerange or the like."
    )


def _with_output(text: str, output: bytes) -> str:
    """Add the last lines that the process printed: often they say what happened."""
    lines = output.decode(errors="replace").splitlines()[-_OUTPUT_LINES_TOLD:]
    return (
        "\n".join([text, "Its last output:", *(f"  {line}" for line in lines)]) if lines else text
    )
