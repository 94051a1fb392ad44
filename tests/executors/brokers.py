"""Brokers for tests: the machine's own Redis and RabbitMQ, and private ones that may be restarted.

On the machine's own each test has its own corner: a key prefix on Redis, a vhost per process on
RabbitMQ, emptied after each test. A server that is not there skips its tests, or fails them when CI is
set. SLIPSTREAM_TEST_REDIS and SLIPSTREAM_TEST_RABBITMQ say where they are, if not on this machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

STARTS_WITHIN_S = 90.0
BROKERS = (
    pytest.param("redis", marks=pytest.mark.redis),
    pytest.param("rabbitmq", marks=pytest.mark.rabbitmq),
)


@dataclass
class Corner:
    """Where one test's messages are."""

    kind: str
    url: str
    options: dict[str, Any] = field(default_factory=dict)
    """Transport options, as ``[celery_broker_transport_options]`` has them."""

    def environment(self) -> dict[str, str]:
        prefix = "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__"
        options = {prefix + name.upper(): str(value) for name, value in self.options.items()}
        return {"AIRFLOW__CELERY__BROKER_URL": self.url, **options}

    def connection(self) -> Connection:
        return Connection(self.url, transport_options=self.options)


@pytest.fixture(params=BROKERS)
def corner(request: pytest.FixtureRequest) -> Iterator[Corner]:
    """A corner on each of the machine's brokers."""
    yield from corner_on(request.param, request)


def corner_on(kind: str, request: pytest.FixtureRequest) -> Iterator[Corner]:
    """Yield a corner on one of the machine's brokers, and empty it."""
    if kind == "redis":
        yield from _redis_corner()
    else:
        yield from _rabbitmq_corner(request.getfixturevalue("rabbitmq_vhost"))


def _redis_corner() -> Iterator[Corner]:
    url = os.environ.get("SLIPSTREAM_TEST_REDIS", "redis://127.0.0.1:6379/0")
    _find("redis", url)
    prefix = f"slipstream-test-{uuid.uuid4().hex[:12]}:"
    yield Corner("redis", url, {"global_keyprefix": prefix})
    with Connection(url) as connection:
        client = connection.default_channel.client
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


def _rabbitmq_corner(url: str) -> Iterator[Corner]:
    corner = Corner("rabbitmq", url)
    yield corner
    # Nothing of one test may reach the next one.
    with corner.connection() as connection:
        for queue in ("default", "heavy", "light"):
            connection.default_channel.queue_delete(queue)


@pytest.fixture(scope="session")
def rabbitmq_vhost() -> Iterator[str]:
    """The URL of a vhost of this process's own."""
    base = os.environ.get("SLIPSTREAM_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/")
    _find("rabbitmq", base)
    url = base.rstrip("/") + f"/slipstream-test-{uuid.uuid4().hex[:12]}"
    with vhost(url):
        yield url


@contextlib.contextmanager
def vhost(url: str) -> Iterator[None]:
    """Make the vhost that the URL names, and delete it afterwards."""
    name = url.rpartition("/")[2]
    try:
        _rabbitmqctl("add_vhost", name)
        _rabbitmqctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
    except (OSError, subprocess.SubprocessError) as error:
        _missing(f"rabbitmqctl cannot make a vhost: {error}")
    try:
        yield
    finally:
        _rabbitmqctl("delete_vhost", name)


def _rabbitmqctl(*words: str) -> None:
    subprocess.run(["rabbitmqctl", "-q", *words], check=True, timeout=60, capture_output=True)


def _find(kind: str, url: str) -> None:
    try:
        with Connection(url, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.2)
    except (OperationalError, OSError) as error:
        _missing(f"no {kind} server: {error}")


def _missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def without_ours() -> dict[str, str]:
    """Return an environment for what is no part of the installation, and is not killed with it."""
    return {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW_")}


class PrivateBroker:
    """A broker of a test's own, which may be stopped, killed and started again on its port."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    @property
    def corner(self) -> Corner:
        if self.kind == "redis":
            return Corner("redis", f"redis://127.0.0.1:{self.port}/0")
        return Corner("rabbitmq", f"amqp://guest:guest@127.0.0.1:{self.port}//")

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        command, environment = self._redis() if self.kind == "redis" else self._rabbitmq()
        if shutil.which(command[0]) is None:
            _missing(f"no {command[0]}")
        log = open(self._folder / "log", "ab")  # noqa: SIM115
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**without_ours(), **environment},
            start_new_session=True,
            cwd=self._folder,
        )
        log.close()
        ends_at = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < ends_at, f"{self.kind} does not answer"
            time.sleep(0.1)

    def _answers(self) -> bool:
        with contextlib.suppress(OperationalError, OSError):
            with Connection(self.corner.url, connect_timeout=2) as connection:
                connection.connect()
                if self.kind == "redis":
                    connection.default_channel.client.ping()
            return True
        return False

    def stop(self) -> None:
        """End it as its operator would; what is to be kept is kept."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            self._process.wait(60)
            self._process = None

    def _redis(self) -> tuple[list[str], dict[str, str]]:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        return ["redis-server", *words, "--appendonly", "yes", "--appendfsync", "always"], {}

    def _rabbitmq(self) -> tuple[list[str], dict[str, str]]:
        # The command in the path insists on being another user.
        own = "/usr/lib/rabbitmq/bin/rabbitmq-server"
        return [own if os.path.exists(own) else "rabbitmq-server"], {
            "RABBITMQ_NODENAME": f"slipstream-test-{self.port}@localhost",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder / "logs"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "HOME": str(self._folder),
        }


@pytest.fixture
def private_broker(tmp_path: Path) -> Iterator[Callable[[str], PrivateBroker]]:
    """Return a function that starts a private broker of a kind; it ends with the test."""
    started: list[PrivateBroker] = []

    def start(kind: str) -> PrivateBroker:
        broker = PrivateBroker(kind, tmp_path / f"broker-{len(started)}")
        started.append(broker)
        broker.start()
        return broker

    yield start
    for broker in started:
        broker.kill()
