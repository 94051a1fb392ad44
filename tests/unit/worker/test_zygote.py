"""The host's end of a zygote: spares follow demand, and nobody waits in vain."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipstream.task.protocol import Message, receive_control
from slipstream.worker.execution import Execution, TaskProcess
from slipstream.worker.zygote import MAX_AGE_S, MAX_SPARES, ZygoteHandle, file_key


class Supervisor:
    def __init__(self) -> None:
        self.assigned: list[tuple[Execution, TaskProcess]] = []
        self.left: list[TaskProcess] = []

    def watch(self, process: TaskProcess) -> None:
        return None

    def forget(self, process: TaskProcess) -> None:
        process.socket.close()
        self.left.append(process)

    def assign(self, execution: Execution, process: TaskProcess) -> None:
        self.assigned.append((execution, process))

    def on_exit(self, process: TaskProcess) -> None:
        return None

    def on_load_failed(self, execution: Execution, reason: str) -> None:
        return None

    def on_load_request(self, zygote: ZygoteHandle, message: Message) -> None:
        return None


class Rig:
    """A handle whose zygote is played by the test."""

    def __init__(self) -> None:
        ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.theirs.setblocking(False)
        self.supervisor = Supervisor()
        self.now = 0.0
        self.zygote = ZygoteHandle(ours, self.supervisor, lambda: self.now)
        self.sockets: list[socket.socket] = []
        self._pid = 100

    def loaded(self, **values: Any) -> None:
        message = {"files": [], "asked": False, "error": None, **values}
        self.zygote.on_loaded(message)
        self.zygote.pump()

    def fork_as_told(self) -> int:
        """Fork what the host has asked for; return how many that was."""
        n = 0
        while True:
            try:
                message, _ = receive_control(self.theirs)
            except BlockingIOError:
                break
            n += message["n"]
        for _ in range(n):
            self._pid += 1
            ours, theirs = socket.socketpair()
            theirs.close()
            self.sockets.append(ours)
            self.zygote.add_process(self._pid, ours)
        return n


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.theirs.close()
    rig.zygote.control.close()
    for sock in rig.sockets:
        sock.close()


def execution(name: str = "a") -> Execution:
    return Execution({"attempt_id": name}, "d.py", "")


def test_nothing_is_forked_before_the_file_is_loaded(rig: Rig) -> None:
    rig.zygote.take(execution())
    assert rig.fork_as_told() == 0
    rig.loaded()
    assert rig.fork_as_told() == 2, "one for the execution, one to spare"
    assert len(rig.supervisor.assigned) == 1


def test_a_spare_is_taken_at_once_and_replaced(rig: Rig) -> None:
    rig.loaded()
    rig.zygote.take(execution("a"))
    rig.fork_as_told()
    rig.zygote.take(execution("b"))
    assert [e.attempt_id for e, _ in rig.supervisor.assigned] == ["a", "b"]
    assert rig.fork_as_told() == 1


def test_spares_grow_with_demand_up_to_a_bound(rig: Rig) -> None:
    rig.loaded()
    for n in range(50):
        rig.zygote.take(execution(str(n)))
    rig.fork_as_told()
    assert len(rig.supervisor.assigned) == 50
    assert len(rig.zygote.spares) == MAX_SPARES


def test_a_retired_zygote_ends_its_spares_and_serves_those_who_wait(rig: Rig) -> None:
    rig.loaded()
    rig.zygote.take(execution())
    rig.zygote.retire()
    assert not rig.zygote.is_done
    rig.fork_as_told()
    assert len(rig.supervisor.assigned) == 1
    assert not rig.zygote.spares
    for pid in list(rig.zygote.processes):
        del rig.zygote.processes[pid]
    assert rig.zygote.is_done


def test_a_file_is_fresh_until_it_or_what_it_read_changes_or_it_is_old(
    rig: Rig, tmp_path: Path
) -> None:
    read = tmp_path / "data"
    read.write_text("1")
    rig.zygote.max_age_s = MAX_AGE_S
    rig.loaded(files=[str(read), str(tmp_path / "not there yet")])
    rig.now = 1.0
    assert rig.zygote.is_fresh()
    (tmp_path / "not there yet").touch()
    rig.now = 2.0
    assert not rig.zygote.is_fresh()


def test_a_result_that_depends_on_the_store_ages_fast(rig: Rig) -> None:
    rig.loaded(asked=True)
    rig.now = 1.0
    assert rig.zygote.is_fresh()
    rig.now = 10.0
    assert not rig.zygote.is_fresh()


def test_a_files_key_changes_with_its_content(tmp_path: Path) -> None:
    path = tmp_path / "d.py"
    path.write_text("1")
    before = file_key(str(path))
    assert file_key(str(path)) == before
    path.write_text("22")
    assert file_key(str(path)) != before
    with pytest.raises(FileNotFoundError):
        file_key(str(tmp_path / "gone.py"))
