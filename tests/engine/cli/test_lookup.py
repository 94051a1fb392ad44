"""Commands find variables and connections where a task would find them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engine.cli.home import Cli

from slipstream.sdk import provider, secrets

BACKEND = """
class Backend:
    def get_connection(self, conn_id):
        from airflow.sdk import Connection
        return Connection(conn_id=conn_id, uri="http://backend") if conn_id == "b" else None

    def get_variable(self, key):
        return "from the backend" if key == "b" else None
"""
HOOK = """
from airflow.sdk import BaseHook

class Hook(BaseHook):
    conn_name_attr = "our_conn_id"

    def __init__(self, our_conn_id):
        self.conn_id = our_conn_id

    def test_connection(self):
        found = self.get_connection(self.conn_id)
        return found.host != "away", f"host is {found.host}"
"""


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    secrets.backends.cache_clear()
    yield
    secrets.backends.cache_clear()


def test_the_backend_is_asked_first_then_the_environment_then_the_store(
    migrated: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "our_backend.py").write_text(BACKEND)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", "our_backend.Backend")
    for name in ("b", "e", "s"):
        migrated("variables", "set", name, "from the store")
        migrated("connections", "add", name, "--conn-uri", "http://store")
    for name in ("b", "e"):
        monkeypatch.setenv(f"AIRFLOW_VAR_{name.upper()}", "from the environment")
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", "http://environment")
    for name, origin in {"b": "backend", "e": "environment", "s": "store"}.items():
        assert migrated("variables", "get", name)[:2] == (0, f"from the {origin}\n")
        found = json.loads(migrated("connections", "get", name, "-o", "json")[1])
        assert found[0]["get_uri"] == f"http://{origin}"


def test_a_connection_is_tested_by_its_hook_wherever_it_is_kept(
    migrated: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "our_hook.py").write_text(HOOK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(provider, "hook_classes", lambda: {"ours": "our_hook.Hook"})
    monkeypatch.setenv("AIRFLOW__CORE__TEST_CONNECTION", "Enabled")
    monkeypatch.setenv("AIRFLOW_CONN_ENV", "ours://environment")
    migrated("connections", "add", "kept", "--conn-uri", "ours://store")
    migrated("connections", "add", "away", "--conn-uri", "ours://away")
    for conn_id, code, text in (
        ("kept", 0, "Connection success! host is store\n"),
        ("env", 0, "Connection success! host is environment\n"),
        ("away", 1, "Connection failed! host is away\n"),
    ):
        assert migrated("connections", "test", conn_id)[:2] == (code, text)
    assert migrated("connections", "test", "none")[0] == 1
