"""Frames survive any way of cutting the stream, and control messages carry descriptors."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipstream.task.protocol import (
    FrameBuffer,
    PeerGone,
    Stream,
    encode,
    receive_control,
    send_control,
)

MESSAGES = st.lists(
    st.dictionaries(st.text(max_size=5), st.text() | st.integers() | st.none(), max_size=4),
    max_size=6,
)


@given(MESSAGES, st.lists(st.integers(1, 40), min_size=1))
def test_messages_come_out_as_they_went_in_however_the_bytes_are_cut(messages, cuts) -> None:
    data = b"".join(encode(m) for m in messages)
    buffer, out, at, n = FrameBuffer(), [], 0, 0
    while at < len(data):
        step = cuts[n % len(cuts)]
        out += buffer.feed(data[at : at + step])
        at, n = at + step, n + 1
    assert out == messages


def test_lone_surrogates_survive() -> None:
    assert FrameBuffer().feed(encode({"name": "\udcff"})) == [{"name": "\udcff"}]


def test_a_stream_ends_with_peer_gone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(encode({"m": "a"}) + encode({"m": "b"}))
        theirs.shutdown(socket.SHUT_WR)
        stream = Stream(ours)
        assert [stream.receive()["m"], stream.receive()["m"]] == ["a", "b"]
        with pytest.raises(PeerGone):
            stream.receive()


def test_a_control_message_brings_its_descriptor_closed_on_exec() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    read_end, write_end = os.pipe()
    with ours, theirs:
        send_control(ours, {"m": "one"}, write_end)
        send_control(ours, {"m": "two"})
        os.close(write_end)
        message, fd = receive_control(theirs)
        assert message == {"m": "one"}
        assert fd is not None
        assert not os.get_inheritable(fd)
        os.write(fd, b"through")
        os.close(fd)
        assert os.read(read_end, 20) == b"through"
        assert receive_control(theirs) == ({"m": "two"}, None)
        ours.close()
        with pytest.raises(PeerGone):
            receive_control(theirs)
    os.close(read_end)
