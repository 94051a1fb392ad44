"""Where remote hosts find the API server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slipstream.config import conf
from slipstream.worker.address import execution_api_url


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    yield
    conf.reload()


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({}, "http://localhost:8080/execution/"),
        ({"API__PORT": "9000"}, "http://localhost:9000/execution/"),
        ({"API__BASE_URL": "https://air.example/af/"}, "https://air.example/af/execution/"),
        ({"CORE__EXECUTION_API_SERVER_URL": "http://api:1/x/"}, "http://api:1/x/"),
    ],
)
def test_the_address_is_the_configured_one(
    options: dict[str, str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in options.items():
        monkeypatch.setenv(f"AIRFLOW__{name}", value)
    conf.reload()
    assert execution_api_url() == url
