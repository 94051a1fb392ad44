"""The scheduler's connection to the broker."""

from __future__ import annotations

import gc
from collections.abc import Callable

import psutil
import pytest
from kombu.utils.url import parse_url
from tests.executors.brokers import BROKERS, Corner, PrivateBroker

from slipstream.config import conf
from slipstream.executors.celery.app import create_app
from slipstream.executors.celery.broker import Broker
from slipstream.executors.celery.message import Envelope


def _sockets(corner: Corner) -> list[object]:
    """Return this process's open sockets to the broker, or what is left of them."""
    port = parse_url(corner.url)["port"]
    found = (c for c in psutil.Process().net_connections("tcp") if c.raddr)
    return [c for c in found if c.raddr.port == port]


def _broker(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> Broker:
    for name, value in corner.environment().items():
        monkeypatch.setenv(name, value)
    conf.reload()
    return Broker(create_app(), timeout_s=10.0)


def _use(broker: Broker) -> None:
    broker.publish(Envelope("an-id", "default", 0, "{}", {}))
    broker.end({"an-id": "cleared"})
    assert broker.n_waiting("default") == 1


def test_whatever_it_was_used_for_nothing_stays_open(
    corner: Corner, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(_sockets(corner))
    broker = _broker(corner, monkeypatch)
    _use(broker)
    assert len(_sockets(corner)) > before
    broker.close()
    assert len(_sockets(corner)) == before


@pytest.mark.parametrize("kind", BROKERS)
def test_nothing_stays_open_of_a_broker_that_died(
    private_broker: Callable[[str], PrivateBroker], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = private_broker(kind)
    broker = _broker(server.corner, monkeypatch)
    _use(broker)
    server.kill()
    with pytest.raises(broker.errors):
        broker.n_waiting("default")
    broker.close()
    gc.collect()  # a socket that was only forgotten is an error here
    assert not _sockets(server.corner)
