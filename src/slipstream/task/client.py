"""A task's side of the task API: each request is a message to the host, and waits for its reply."""

from __future__ import annotations

import os
import signal
import socket
import threading
from typing import Any

from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.taskapi import TaskAPI, error_named
from slipstream.task.fast_signal import SIG_BLOCK, SIG_SETMASK, set_mask
from slipstream.task.protocol import Message, Stream, receive_control, send_control

_RAISING = (signal.SIGALRM, signal.SIGTERM)


class HostClient(TaskAPI):
    """The task API of a task process, over its attempt socket. Threads may share it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._pid = os.getpid()
        self._n_requests = 0
        self._lock = threading.Lock()

    def request(self, method: str, params: dict[str, Any]) -> Any:
        """Ask the host; raises what ``error_named`` gives, PeerGone when the host has gone."""
        if os.getpid() != self._pid:
            raise AirflowException(
                f"{method} was called in a process that the task has forked; "
                "only the task's own process can reach the worker host."
            )
        with self._lock:
            self._n_requests += 1
            number = self._n_requests
            message = {"m": "request", "id": number, "method": method, "params": params}
            with _Unbroken():
                self._stream.send(message)
            return _value(self._await(number))

    def _await(self, number: int) -> Message:
        while True:
            reply = self._stream.receive()
            # An answer to a request whose wait was interrupted (a timeout) may still come.
            if reply["m"] == "reply" and reply["id"] == number:
                return reply

    def send(self, message: Message) -> None:
        """Send a message that has no answer."""
        with self._lock:
            self._stream.send(message)

    def tell(self, message: Message) -> None:
        """Send a message that has no answer while a time limit or SIGTERM may interrupt."""
        with self._lock, _Unbroken():
            self._stream.send(message)

    def try_send(self, message: Message) -> bool:
        """Send a message that has no answer, unless that would wait; say whether it was sent.

        For code that may run anywhere, a signal handler in the middle of a request included.
        """
        if os.getpid() != self._pid or not self._lock.acquire(blocking=False):
            return False
        try:
            self._stream.send(message)
        finally:
            self._lock.release()
        return True


class LoadClient(TaskAPI):
    """The task API while a DAG zygote executes its file, over the zygote's control socket."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lock = threading.Lock()
        self.n_requests = 0

    def request(self, method: str, params: dict[str, Any]) -> Any:
        with self._lock:
            self.n_requests += 1
            message = {"m": "request", "id": self.n_requests, "method": method, "params": params}
            send_control(self._control, message)
            while True:
                reply, _ = receive_control(self._control)
                if reply["m"] == "reply" and reply["id"] == self.n_requests:
                    return _value(reply)


class _Unbroken:
    """Puts off what a time limit or SIGTERM raises: half a frame would spoil all that follow."""

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        self._before = set_mask(SIG_BLOCK, _RAISING)

    def __exit__(self, *exc_info: object) -> None:
        set_mask(SIG_SETMASK, self._before)


def _value(reply: Message) -> Any:
    error = reply.get("error")
    if error is not None:
        raise error_named(error["type"], error["message"])
    return reply.get("value")
