"""The frames and messages between a worker host, its zygotes and its task processes.

Two kinds of Unix socket carry JSON objects whose ``m`` names the message:

* **control** (host with a zygote): SOCK_SEQPACKET, one message a packet, file descriptors beside
  it (SCM_RIGHTS).
* **attempt** (host with one task process): SOCK_STREAM, each message a frame of a four-byte
  big-endian length and the JSON.

Control messages, host to zygote::

    load     {key, path, timeout_s} + fd base only: fork a DAG zygote that serves on the fd
    fork     {n}                         fork n task processes, each reported by ``forked``
    reply    {id, value | error}         answer to a ``request``

Control messages, zygote to host::

    ready    {pid}                       the base zygote serves
    loading  {key, pid}                  base only: the DAG zygote's process
    loaded   {error, unshareable, files, asked, duration_s}   a DAG zygote has executed its file
    forked   {pid}  + fd                 a task process; the fd is the host's end of its socket
    failed   {what, reason}              a fork was refused by the system
    exited   {pid, code, signal, max_rss_kb}
    request  {id, method, params}        user code at the top of a DAG file asks the store

Attempt messages, host to task process::

    assign   {workload, path, log, load_error?}   what to run: prepare for it
    go       {started_at, clock_shift_s?}   the start is committed: run; by which clock
    reply    {id, value | error: {type, message}}

Attempt messages, task process to host::

    request  {id, method, params}        of the task API; and why_withdrawn, of the host itself
    unlogged {reason}                    its log cannot be written, or not wholly; it runs all the same
    rendered {fields}                    what the templates have become; the task's code runs next
    stale    {why}                       the zygote's DAG file lacks the task; I load it myself
    finish   {outcome}                   the process only runs callbacks after this, and exits

A task process whose socket closes before ``go`` exits without a trace. A finish needs no
acknowledgement: a task process dies with its host, so waiting for one would save nothing.
"""

from __future__ import annotations

import array
import json
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import _socket

Message = dict[str, Any]

_LENGTH_BYTES = 4
MAX_FRAME_BYTES = 1 << 31
_READ_BYTES = 1 << 18
_TASK_READ_BYTES = 1 << 16
"""Small: the buffer is made for each read, and a large one takes a task process a mapping anew."""
_CONTROL_BYTES = 1 << 17
_FD_BYTES = array.array("i").itemsize
_FD_SPACE = socket.CMSG_SPACE(_FD_BYTES)
# As plain numbers: each test of an enum's flag makes a member of it.
_CLOEXEC = int(socket.MSG_CMSG_CLOEXEC)
_TRUNCATED = int(socket.MSG_TRUNC)

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
_decode = json.JSONDecoder().raw_decode


class PeerGone(ConnectionError):
    """The process at the other end of a socket has closed it."""


def encode(message: Message) -> bytes:
    """Return the message as a frame for an attempt socket."""
    body = _encode(message).encode("utf-8", "surrogatepass")
    if len(body) >= MAX_FRAME_BYTES:
        raise ValueError(f"a message of {len(body)} bytes is over the limit of {MAX_FRAME_BYTES}")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


def decode(body: bytes | bytearray | memoryview) -> Message:
    """Return the message in a frame's body."""
    message: Message = _decode(str(body, "utf-8", "surrogatepass"))[0]
    return message


class FrameBuffer:
    """Collects a stream's bytes and gives out the messages that are complete."""

    __slots__ = ("_data", "_need")

    def __init__(self) -> None:
        self._data = bytearray()
        self._need = _LENGTH_BYTES

    def feed(self, data: bytes) -> list[Message]:
        """Add bytes; return the messages that they complete, in order."""
        self._data += data
        messages: list[Message] = []
        at = 0
        while len(self._data) - at >= self._need:
            length = int.from_bytes(self._data[at : at + _LENGTH_BYTES], "big")
            end = at + _LENGTH_BYTES + length
            if len(self._data) < end:
                self._need = _LENGTH_BYTES + length
                break
            messages.append(decode(memoryview(self._data)[at + _LENGTH_BYTES : end]))
            at = end
            self._need = _LENGTH_BYTES
        if at:
            del self._data[:at]
        return messages


class Stream:
    """A blocking attempt socket, as the task process uses it."""

    __slots__ = ("_buffer", "_ready", "socket")

    def __init__(self, sock: _socket.socket) -> None:
        sock.settimeout(None)  # a DAG file may have set a default
        self.socket = sock
        self._buffer = FrameBuffer()
        self._ready: list[Message] = []

    def send(self, message: Message) -> None:
        """Send one message, however large."""
        self.socket.sendall(encode(message))

    def receive(self) -> Message:
        """Return the next message; raise PeerGone when the host has gone."""
        while not self._ready:
            data = self.socket.recv(_TASK_READ_BYTES)
            if not data:
                raise PeerGone("the worker host closed the connection")
            self._ready = self._buffer.feed(data)
        return self._ready.pop(0)


def read_available(sock: socket.socket) -> bytes:
    """Return what a non-blocking stream socket holds; raise PeerGone at its end."""
    try:
        data = sock.recv(_READ_BYTES)
    except BlockingIOError:
        return b""
    except ConnectionResetError:
        raise PeerGone("connection reset") from None
    if not data:
        raise PeerGone("connection closed")
    return data


def send_control(sock: socket.socket, message: Message, fd: int | None = None) -> None:
    """Send one control message, with a file descriptor when given."""
    body = _encode(message).encode("utf-8", "surrogatepass")
    if fd is None:
        sock.send(body)
    else:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        sock.sendmsg([body], rights)


def receive_control(sock: socket.socket) -> tuple[Message, int | None]:
    """Return one control message and its file descriptor (close-on-exec), if it has one.

    Raises PeerGone at the end, BlockingIOError when a non-blocking socket holds nothing.
    """
    try:
        body, ancillary, flags, _ = sock.recvmsg(_CONTROL_BYTES, _FD_SPACE, _CLOEXEC)
    except ConnectionResetError:
        raise PeerGone("connection reset") from None
    if not body:
        raise PeerGone("connection closed")
    if flags & _TRUNCATED:
        raise ValueError("a control message is longer than a packet may be")
    fd = None
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fd = int.from_bytes(data[:_FD_BYTES], "little" if _LITTLE else "big")
    return decode(body), fd


_LITTLE = array.array("H", [1]).tobytes()[0] == 1
