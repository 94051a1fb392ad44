"""The installation that browsers look at, and what tests do behind its pages' backs."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, StorageState
from tests.standalone import Standalone, wait_for

DAGS = Path(__file__).parent / "dags"
STOPS_WITHIN_S = 20.0


@dataclass
class Site:
    """``slipstream standalone`` on a home of its own, with a client of the admin."""

    url: str
    home: Path
    _logins: dict[str, StorageState] = field(default_factory=dict)

    @classmethod
    @contextlib.contextmanager
    def start(cls, home: Path) -> Iterator[Site]:
        """Start an installation; stop it, whatever happens."""
        shutil.copytree(DAGS, home / "dags")
        (home / "gates").mkdir()
        standalone = Standalone(home, AIRFLOW__API__EXPOSE_CONFIG="non-sensitive-only")
        try:
            site = cls(standalone.wait_until_ready(), home)
            wait_for(site._has_every_dag, "the DAGs")
            yield site
        finally:
            standalone.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                standalone.process.wait(STOPS_WITHIN_S)
            standalone.close()

    @property
    def dags_folder(self) -> Path:
        return self.home / "dags"

    @property
    def admin_password(self) -> str:
        generated = self.home / "simple_auth_manager_passwords.json.generated"
        return str(json.loads(generated.read_text())["admin"])

    def logged_in(self, user: str) -> StorageState:
        """Return the cookie of a login, the same one for all windows of a user."""
        if user not in self._logins:
            assert user == "admin", "others log in themselves"
            given = {"username": user, "password": self.admin_password}
            reply = httpx.post(f"{self.url}/auth/login", json=given, trust_env=False)
            assert reply.status_code == 204, reply.text
            cookies = [
                {"name": name, "value": value, "url": self.url}
                for name, value in reply.cookies.items()
            ]
            self._logins[user] = {"cookies": cookies, "origins": []}
        return self._logins[user]

    def open_gate(self, name: str) -> None:
        """Let the tasks go on that wait at a gate."""
        (self.home / "gates" / name).touch()

    def make_user(self, name: str, password: str, role: str) -> None:
        given = {
            "username": name,
            "password": password,
            "email": f"{name}@example.org",
            "first_name": name,
            "last_name": name,
            "roles": [{"name": role}],
        }
        self.ask("POST", "/users", base="/auth/fab/v1", json=given)

    def delete_user(self, name: str) -> None:
        self.ask("DELETE", f"/users/{name}", base="/auth/fab/v1")

    def ask(self, method: str, path: str, base: str = "/api/v2", **given: Any) -> Any:
        """Call the API as the admin; return the decoded answer."""
        with httpx.Client(base_url=f"{self.url}{base}", trust_env=False, timeout=30) as client:
            for cookie in self.logged_in("admin")["cookies"]:
                client.cookies.set(cookie["name"], cookie["value"])
            headers = {"Origin": self.url}
            reply = client.request(method, path, headers=headers, **given)
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json() if reply.content else None

    def run(self, dag_id: str, run_id: str, **given: Any) -> str:
        """Trigger a run; return its page's address."""
        body = {"dag_run_id": run_id, "logical_date": None, **given}
        self.ask("POST", f"/dags/{dag_id}/dagRuns", json=body)
        return f"/dags/{dag_id}/runs/{run_id}"

    def state_of(self, dag_id: str, run_id: str) -> str:
        return str(self.ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def ended(self, dag_id: str, run_id: str) -> str:
        """Wait for a run's end; return its state."""
        return str(
            wait_for(
                lambda: (
                    state
                    if (state := self.state_of(dag_id, run_id)) in ("success", "failed")
                    else None
                ),
                f"the end of {run_id}",
            )
        )

    def _has_every_dag(self) -> bool:
        errors = self.ask("GET", "/importErrors")["import_errors"]
        assert not errors, errors[0]["stack_trace"]
        found = self.ask("GET", "/dags", params={"limit": 100})["dags"]
        return {"formed", "gallery"} <= {dag["dag_id"] for dag in found}


@contextlib.contextmanager
def staying(page: Page) -> Iterator[None]:
    """Insist that the page is not loaded anew meanwhile."""
    loaded: list[str] = []

    def note(at: Page) -> None:
        loaded.append(at.url)

    page.on("domcontentloaded", note)
    try:
        yield
    finally:
        page.remove_listener("domcontentloaded", note)
    assert not loaded, f"the page was loaded anew: {loaded}"


def field(inside: Page | Locator, label: str) -> Locator:
    """Return the field with a label, whether a star says that it is needed or not."""
    return inside.get_by_label(re.compile(rf"^{re.escape(label)}( \*)?$"))


def row_of(inside: Page | Locator, table: str, first: str) -> Locator:
    """Return the row of a named table that is about ``first``."""
    rows = inside.get_by_role("table", name=table).get_by_role("row")
    return rows.filter(has=inside.get_by_text(first, exact=True))
