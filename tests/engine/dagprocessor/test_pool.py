"""The parsing zygote: it is there while there is work, and gone while there is none."""

from __future__ import annotations

import os
import selectors
from collections.abc import Iterator

import pytest

from slipstream.clock import FakeClock
from slipstream.dagprocessor.pool import ParserPool


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as made:
        yield made


@pytest.fixture
def pool(clock: FakeClock, selector: selectors.BaseSelector) -> Iterator[ParserPool]:
    made = ParserPool(selector, clock, size=2, handler=lambda *_: None)
    yield made
    made.close()


def start(pool: ParserPool, selector: selectors.BaseSelector) -> int:
    """Start the zygote, wait until it is ready, and return its pid."""
    pool.start()
    assert pool.zygote_pid is not None
    while pool.n_free == 0:
        found = selector.select(30.0)
        assert found, "the zygote is not ready"
        for key, _ in found:
            key.data()
    return pool.zygote_pid


def test_a_zygote_without_work_ends_and_starts_again_at_once_when_there_is_some(
    pool: ParserPool, selector: selectors.BaseSelector, clock: FakeClock
) -> None:
    first = start(pool, selector)
    clock.advance(29)
    pool.tick()
    assert pool.zygote_pid == first
    clock.advance(2)
    pool.tick()
    assert pool.zygote_pid is None
    assert pool.wait_s() is None
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert start(pool, selector) != first
