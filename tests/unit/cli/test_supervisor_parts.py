"""The supervisor's small parts: output, back-off, console, lock, port."""

from __future__ import annotations

import io
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from slipstream.api.port import listen
from slipstream.errors import UserError
from slipstream.supervisor import fork
from slipstream.supervisor.console import Console
from slipstream.supervisor.lock import HomeLock
from slipstream.supervisor.part import Output, Part, in_words
from slipstream.supervisor.probe import HealthProbe
from slipstream.task.process import set_title


@pytest.fixture
def pipe() -> Iterator[tuple[Output, int]]:
    read_end, write_end = os.pipe()
    output = Output("part", read_end)
    yield output, write_end
    output.close()


def test_lines_come_whole_however_they_arrive(pipe: tuple[Output, int]) -> None:
    output, writer = pipe
    assert output.read_lines() == []
    os.write(writer, b"one\ntw")
    assert output.read_lines() == ["one"]
    os.write(writer, b"o\nthr\xff")
    assert output.read_lines() == ["two"]
    os.close(writer)
    assert output.read_lines() == ["thr\ufffd"]
    assert not output.is_open


def test_a_line_without_an_end_is_cut_before_it_eats_the_memory(pipe: tuple[Output, int]) -> None:
    output, writer = pipe
    found: list[str] = []
    for _ in range(3):
        os.write(writer, b"x" * 40_000)
        found += output.read_lines()
    assert "".join(found).startswith("x" * 65_536)
    os.close(writer)
    output.read_lines()


def test_a_part_that_dies_again_and_again_waits_longer_each_time() -> None:
    part = Part("part", lambda: 0)
    delays = [part.ended(now=0.0) for _ in range(9)]
    assert delays[:4] == [0.2, 0.4, 0.8, 1.6]
    assert delays[-1] == 5.0
    assert part.restart_at == 5.0
    assert part.ended(now=1000.0) == 0.2  # it had lived long enough


def test_how_a_process_ended_is_told_in_words() -> None:
    assert in_words(-9) == "was killed by SIGKILL"
    assert in_words(3) == "ended with exit code 3"
    assert in_words(0) == "ended"


def test_an_error_that_several_parts_have_is_printed_once() -> None:
    stream = io.StringIO()
    console = Console(stream)
    for part in ("scheduler", "api-server"):
        console.say(part, "slipstream: The database is away.")
        console.say(part, "hello")
    assert stream.getvalue().splitlines() == [
        "scheduler     | slipstream: The database is away.",
        "scheduler     | hello",
        "api-server    | hello",
    ]


def test_the_console_survives_its_reader() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    console = Console(Gone())
    console.say("scheduler", "one")
    console.say("scheduler", "two")


def test_a_home_has_one_supervisor(tmp_path: Path) -> None:
    first, second = HomeLock(tmp_path), HomeLock(tmp_path)
    first.acquire()
    with pytest.raises(UserError, match=rf"already runs on {tmp_path} \(pid {os.getpid()}\)"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_port_that_cannot_be_had_says_why() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Port {port} is taken by another program"):
            listen("127.0.0.1", port)
    with pytest.raises(UserError, match="There is no port 99999"):
        listen("127.0.0.1", 99999)
    with pytest.raises(UserError, match=r"Cannot listen on '203\.0\.113\.1'"):
        listen("203.0.113.1", 8080)  # an address of documentation's, nobody's


def test_nobody_who_answers_is_not_healthy() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        probe = HealthProbe("0.0.0.0", port)
        waiting = probe.ask()
        assert waiting is not None  # the kernel has accepted, the server not yet
        assert probe.read() is None
        server, _ = listener.accept()
        with server:
            assert server.recv(1000).startswith(b"GET /api/v2/monitor/health HTTP/1.0")
            server.sendall(b'HTTP/1.1 200 OK\r\n\r\n{"metadatabase": {"status": "healthy"}}')
            server.shutdown(socket.SHUT_WR)
            waiting.setblocking(True)
            assert probe.read() is False
    assert probe.ask() is None


def run_to_the_end(body: Callable[[], int], fds: Sequence[int] = ()) -> tuple[list[str], int]:
    """Return the lines that a part printed and its exit code."""
    part = Part("part", body, fds)
    output = part.start(now=0.0)
    assert part.pid is not None
    lines: list[str] = []
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while output.is_open:
            assert selector.select(30.0), "it neither printed nor ended"
            lines += output.read_lines()
    output.close()
    _, status = os.waitpid(part.pid, 0)
    return lines, os.waitstatus_to_exitcode(status)


def test_a_part_is_a_process_of_its_own_with_what_it_was_given() -> None:
    kept_read, kept_write = os.pipe()
    other_read, other_write = os.pipe()

    def body() -> int:
        set_title("slipstream scheduler")
        os.write(kept_write, Path("/proc/self/cmdline").read_bytes().rstrip(b"\0"))
        os.write(1, f"{os.getpgrp() == os.getpid()} {os.read(0, 1)!r}\n".encode())
        try:
            os.fstat(other_read)
        except OSError as error:
            os.write(2, f"{error.strerror}\n".encode())
        return 3

    lines, code = run_to_the_end(body, [kept_write])
    assert lines == ["True b''", "Bad file descriptor"]
    assert code == 3
    assert os.read(kept_read, 1000) == b"slipstream scheduler"
    for descriptor in (kept_read, kept_write, other_read, other_write):
        os.close(descriptor)


def test_a_part_drops_the_supervisors_signal_handlers() -> None:
    def body() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        return 0

    old = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        _, code = run_to_the_end(body)
    finally:
        signal.signal(signal.SIGTERM, old)
    assert code == -signal.SIGTERM


def test_a_ctrl_c_before_the_part_has_its_own_group_is_the_supervisors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Called by the new child while signals wait: what comes now comes when they wait no more.
    monkeypatch.setattr(fork, "die_with_parent", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    assert run_to_the_end(lambda: 0) == ([], 0)


CTRL_C_DURING_THE_PREPARATION = """
import os, signal, time
from slipstream.supervisor.host import HostDoor
from slipstream.supervisor.part import Part
from slipstream.supervisor.probe import HealthProbe
from slipstream.supervisor.supervisor import Supervisor

def prepare():
    os.kill(os.getppid(), signal.SIGINT)
    time.sleep(60)

say = lambda *words: print(*words)
supervisor = Supervisor(
    Part("database", prepare), [], say, HealthProbe("127.0.0.1", 1), print, HostDoor(print)
)
raise SystemExit(supervisor.run(lambda: None))
"""


def test_ctrl_c_while_the_database_is_prepared_is_no_failure() -> None:
    # In a process of its own: a supervisor ends all children that it finds.
    command = [sys.executable, "-c", CTRL_C_DURING_THE_PREPARATION]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (ended.stdout, ended.returncode) == ("", 0), ended.stderr


def test_however_a_part_ends_it_has_an_exit_code() -> None:
    assert run_to_the_end(lambda: sys.exit(2)) == ([], 2)
    assert run_to_the_end(lambda: sys.exit()) == ([], 0)
    _, code = run_to_the_end(lambda: 1 // 0)
    assert code == 1
