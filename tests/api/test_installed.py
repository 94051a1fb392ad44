"""Providers and plugins are listed; a plugin's code never runs in the API server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.running import Api

from slipstream.api import installed

PLUGIN = """
import os
from airflow.plugins_manager import AirflowPlugin
print("noise")
with open(r"{pids}", "a") as f:
    f.write(str(os.getpid()))

def add(a, b):
    return a + b

class Shop(AirflowPlugin):
    name = "shop"
    macros = [add]
    external_views = [{{"name": "Desk", "href": "https://x.example/", "destination": "nav"}}]
"""


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    installed._plugins.cache_clear()
    yield
    installed._plugins.cache_clear()


def test_plugins_are_told_by_another_process(api: Api, home: Path) -> None:
    folder = home / "plugins"
    folder.mkdir(parents=True, exist_ok=True)
    pids = home / "pids"
    (folder / "shop.py").write_text(PLUGIN.format(pids=pids))
    (folder / "broken.py").write_text("import AirflowPlugin_that_is_not_there\n")
    found = api.ok("GET", "/plugins")
    assert found["total_entries"] == 1
    shop = found["plugins"][0]
    assert (shop["name"], shop["macros"]) == ("shop", ["shop.add"])
    assert shop["external_views"][0]["href"] == "https://x.example/"
    assert shop["source"] == str(folder / "shop.py")
    errors = api.ok("GET", "/plugins/importErrors")
    assert errors["total_entries"] == 1
    assert errors["import_errors"][0]["source"] == str(folder / "broken.py")
    assert "AirflowPlugin_that_is_not_there" in errors["import_errors"][0]["error"]
    api.ok("GET", "/plugins?limit=0")
    assert pids.read_text() != str(os.getpid())
    assert len(pids.read_text()) < 8, "loaded once"


def test_a_plugin_that_ends_its_process_is_named(api: Api, home: Path) -> None:
    folder = home / "plugins"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "end.py").write_text("import os\n'AirflowPlugin'\nos._exit(3)\n")
    reply = api.get("/plugins")
    assert reply.status_code == 500
    assert "code 3" in reply.json()["detail"]
    assert api.ok("GET", "/version")


def test_providers_are_those_installed(api: Api) -> None:
    found = api.ok("GET", "/providers")
    assert found["total_entries"] == len(installed.providers())
    assert api.ok("GET", "/providers?limit=0")["providers"] == []
