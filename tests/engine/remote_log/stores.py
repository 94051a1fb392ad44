"""Object stores for tests: an S3 by moto and an Azure by Azurite, each a process with a port of its own.

Both can be stopped and started again. Azurite comes from npm, into a cache outside of the checkout; a
machine without npm skips its tests, or fails them when CI is set.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import fsspec
import pytest

STARTS_WITHIN_S = 60.0
AZURITE = "3.37.0"
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ObjectStore:
    """A server, its one bucket, and how Slipstream is told of it."""

    url = ""
    """What ``remote_base_log_folder`` is."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        folder.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        with open(self.folder / "server.log", "ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )
        ends_at = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < ends_at, "the object store does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def stop(self) -> None:
        """End it; what is in it may be lost with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def connection(self, **changes: Any) -> str:
        """Return the connection's JSON, for ``AIRFLOW_CONN_…``."""
        raise NotImplementedError

    def make_bucket(self) -> None:
        self.fs().mkdir("logs")

    def fs(self) -> Any:
        """Return a file system of the test's own."""
        raise NotImplementedError

    def read(self, name: str) -> bytes | None:
        """Return an object below the base folder; None if it is not there."""
        try:
            return bytes(self.fs().cat_file(f"logs/base/{name}"))
        except FileNotFoundError:
            return None

    def _command(self) -> list[str]:
        raise NotImplementedError


class S3(ObjectStore):
    url = "s3://logs/base"

    def connection(self, **changes: Any) -> str:
        extra = {"endpoint_url": f"http://127.0.0.1:{self.port}", "region_name": "eu-central-1"}
        fields = {"conn_type": "aws", "login": "test", "password": "test", "extra": extra}
        return json.dumps({**fields, **changes})

    def fs(self) -> Any:
        return fsspec.filesystem(
            "s3",
            key="test",
            secret="test",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            client_kwargs={"region_name": "eu-central-1"},
            skip_instance_cache=True,
            use_listings_cache=False,
        )

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]


class Azure(ObjectStore):
    url = "abfs://logs/base"

    def connection(self, **changes: Any) -> str:
        extra = {"connection_string": self._string(changes.pop("key", _KEY))}
        return json.dumps({"conn_type": "wasb", "extra": extra, **changes})

    def fs(self) -> Any:
        return fsspec.filesystem(
            "abfs", connection_string=self._string(_KEY), skip_instance_cache=True
        )

    def _string(self, key: str) -> str:
        return (
            f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={key};"
            f"BlobEndpoint=http://127.0.0.1:{self.port}/{_ACCOUNT};"
        )

    def _command(self) -> list[str]:
        words = ["--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--location", "data"]
        return [str(_azurite()), *words, "--skipApiVersionCheck", "--silent"]


def _azurite() -> Path:
    """Return Azurite's program, installed on first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "slipstream-tests" / f"azurite-{AZURITE}"
    program = folder / "node_modules" / ".bin" / "azurite-blob"
    if program.exists():
        return program
    npm = shutil.which("npm")
    if npm is None:
        _missing("no npm, which Azurite is installed with")
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    done = subprocess.run(
        [
            str(npm),
            "install",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(unfinished),
            f"azurite@{AZURITE}",
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(unfinished)
        _missing(f"npm cannot install Azurite: {done.stderr[-500:]}")
    with contextlib.suppress(OSError):  # another test process was quicker
        unfinished.rename(folder)
    shutil.rmtree(unfinished, ignore_errors=True)
    return program


def _missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


KINDS: dict[str, type[ObjectStore]] = {"s3": S3, "azure": Azure}
