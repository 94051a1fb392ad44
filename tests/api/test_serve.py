"""The server as a process: up quickly, down quickly, clear about what keeps it from starting."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from tests.api.running import Api, running

from slipstream.api.app import parts_of
from slipstream.api.front import Front
from slipstream.api.port import listen
from slipstream.api.serve import serve
from slipstream.config import conf
from slipstream.errors import ConfigError, UserError
from slipstream.store import Store, job
from slipstream.store.row import JobRow
from slipstream.token import configured_key_mark

Start = Callable[..., "tuple[subprocess.Popen[str], str]"]
WITHIN_S = 15.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


@pytest.fixture
def start(store_url: str, home: Path) -> Iterator[Start]:
    """Start servers as ``api-server`` does and wait until they answer."""
    started: list[subprocess.Popen[str]] = []
    env = {**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": store_url}

    def run(*args: str) -> tuple[subprocess.Popen[str], str]:
        port = free_port()
        command = [sys.executable, "-m", "slipstream.api", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen([*command, *args], env=env, stderr=subprocess.PIPE, text=True)
        started.append(process)
        origin = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + WITHIN_S
        while True:
            try:
                httpx.get(f"{origin}/api/v2/monitor/health", trust_env=False, verify=False)
            except httpx.TransportError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            else:
                return process, origin

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_and_well_when_told(start: Start, number: int) -> None:
    process, origin = start()
    with httpx.Client(base_url=origin, trust_env=False, verify=False) as client:
        assert client.get("/api/v2/version").status_code == 200  # and the connection stays open
        before = time.monotonic()
        process.send_signal(number)
        assert process.wait(WITHIN_S) == 0
        assert time.monotonic() - before < 3
    assert process.stderr is not None
    assert process.stderr.read() == ""


def test_an_open_stream_does_not_hold_it_up(start: Start, store_url: str, home: Path) -> None:
    from tests.api.build import fill

    with Store.open(store_url) as store:
        fill(store)
    process, origin = start()
    api = Api(origin, "admin")
    try:
        with api.stream("GET", "/dags/sales/dagRuns/waiting/wait?interval=0.1") as reply:
            assert next(reply.iter_lines()) == '{"state": "queued"}'
            before = time.monotonic()
            process.terminate()
            process.wait(WITHIN_S)
            assert time.monotonic() - before < 4
    finally:
        api.close()


def test_several_workers_share_the_address_and_are_replaced(start: Start) -> None:
    process, origin = start("--workers", "2")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    first = children.read_text().split()
    assert len(first) == 2
    os.kill(int(first[0]), signal.SIGKILL)
    deadline = time.monotonic() + WITHIN_S
    while len(now := children.read_text().split()) < 2 or first[0] in now:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    reply = httpx.get(f"{origin}/api/v2/version", trust_env=False, verify=False)
    assert reply.status_code == 200
    process.terminate()
    assert process.wait(WITHIN_S) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in now)


def test_workers_end_with_the_one_that_started_them_however_it_ends(start: Start) -> None:
    process, origin = start("--workers", "2")
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    deadline = time.monotonic() + WITHIN_S
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{origin}/api/v2/version", trust_env=False, verify=False)


def test_a_server_for_workers_is_known_by_its_key_s_mark_until_it_ends(
    start: Start, store: Store
) -> None:
    def servers() -> list[JobRow]:
        with store.read() as conn:
            return job.list_running(conn, job.API_SERVER_JOB_TYPE)

    start("--apps", "core")
    process, _ = start()
    deadline = time.monotonic() + WITHIN_S
    while not (found := servers()):
        assert time.monotonic() < deadline, "it does not register"
        time.sleep(0.02)
    assert [row.pid for row in found] == [process.pid], "one without the execution API is none"
    assert found[0].key_mark == configured_key_mark()
    assert conf.get("api_auth", "jwt_secret") not in str(found)
    process.send_signal(signal.SIGTERM)
    process.wait(5)
    assert servers() == []


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        (Front(ssl_cert="/nonexist"), "there is no file /nonexist"),
        (Front(ssl_key=__file__), "needs a certificate"),
        (Front(ssl_cert=__file__, ssl_key=__file__), "Cannot serve TLS with"),
        (Front(ssl_cert_reqs="required"), "need a certificate"),
        (Front(ssl_cert=__file__, ssl_cert_reqs="required"), "needs --ssl-ca-file"),
        (Front(log_config="/nonexist"), "there is no file /nonexist"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(home: Path, front: Front, reason: str) -> None:
    with pytest.raises(UserError, match=reason) as error:
        front.checked()
    assert "\n" not in str(error.value)


def test_workers_are_started_with_the_same_flags(home: Path) -> None:
    front = Front(ssl_ca_file="ca", proxy_headers=True, worker_timeout=7, access_log=True)
    assert front.flags() == [
        *("--ssl-ca-file", "ca", "--proxy-headers"),
        *("--worker-timeout", "7", "--access-log"),
    ]
    assert front.uvicorn_options()["timeout_keep_alive"] == 7


def test_nothing_is_said_of_an_address_that_is_taken(store: Store, home: Path) -> None:
    said: list[str] = []
    with (
        listen("127.0.0.1", 0) as taken,
        pytest.raises(UserError, match="is taken by another program"),
    ):
        serve("127.0.0.1", taken.getsockname()[1], store=store, on_bound=lambda: said.append("x"))
    assert said == []


def test_parts_that_do_not_exist_are_told() -> None:
    assert parts_of("all") == {"core", "execution"}
    assert parts_of("core, execution") == {"core", "execution"}
    assert parts_of("core") == {"core"}
    with pytest.raises(ConfigError, match="execution"):
        parts_of("core,ui")


def test_replies_are_compressed_when_asked(shared: Api) -> None:
    plain = shared.get("/dags", headers={"Accept-Encoding": "identity"})
    packed = shared.get("/dags", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.json() == plain.json()


def test_the_interactive_documentation_can_be_switched_off(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(store) as client:
        assert "swagger" in client.get(f"{client.origin}/docs").text
    monkeypatch.setenv("AIRFLOW__API__ENABLE_SWAGGER_UI", "False")
    with running(store) as client:
        assert client.get(f"{client.origin}/docs").status_code == 404


@pytest.mark.parametrize("base_url", ["", "http://example.com/flow/"])
@pytest.mark.parametrize("page_path", ["/docs", "/redoc"])
def test_the_interactive_documentation_needs_nothing_but_this_server(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch, base_url: str, page_path: str
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    prefix = "/flow" if base_url else ""
    with running(store) as api:
        nobody = api.as_user(None)
        page = nobody.get(f"{api.origin}{prefix}{page_path}")
        loaded = re.findall(r'<(?:script|link)[^>]*? (?:src|href)="([^"]*)"', page.text)
        assert len(loaded) >= 3
        for path in loaded:
            assert path.startswith(f"{prefix}/static/")
            assert nobody.get(api.origin + path).status_code == 200, path
        assert not re.search(r"<script[^>]*>[^<]", page.text), "no script is inline"
        assert "script-src 'self';" in page.headers["content-security-policy"]
        named = re.findall(r'data-document="([^"]*)"', page.text)
        assert nobody.get(api.origin + named[0]).json()["openapi"]


def test_a_base_url_puts_everything_below_its_path(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://example.com/flow/")
    with running(store) as api:
        assert api.get(f"{api.origin}/flow/api/v2/dags").status_code == 200
        assert api.get(f"{api.origin}/api/v2/dags").status_code == 200
        nobody = api.as_user(None)
        assert nobody.get(f"{api.origin}/flow/api/v2/dags").status_code == 401
        assert nobody.get(f"{api.origin}/flow").status_code == 200
        login = nobody.get(f"{api.origin}/flow/api/v2/auth/login")
        assert login.headers["location"] == "/flow/login"
        for page_path in ("/docs", "/redoc"):
            assert "/flow/openapi.json" in nobody.get(f"{api.origin}/flow{page_path}").text
        document = nobody.get(f"{api.origin}/flow/openapi.json").json()
        assert document["servers"] == [{"url": "/flow"}]


class TestThePages:
    @pytest.mark.parametrize("path", ["/", "/login", "/dags/a%2Fb/runs/x", "/no/such/page"])
    def test_every_address_is_the_application_which_runs_only_its_own_scripts(
        self, shared: Api, path: str
    ) -> None:
        reply = shared.as_user(None).get(shared.origin + path)
        assert reply.status_code == 200
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe-eval" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["cache-control"] == "no-cache"
        assert re.search(r'<base href="/" ?/?>', reply.text)
        scripts = re.findall(r"<script[^>]*>", reply.text)
        assert scripts
        assert all("src=" in script for script in scripts)

    def test_built_files_are_kept_by_browsers_and_compressed(self, shared: Api) -> None:
        nobody = shared.as_user(None)
        html = nobody.get(shared.origin + "/").text
        (script,) = re.findall(r'<script[^>]*src="\./(static/[^"]+)"', html)
        reply = nobody.get(f"{shared.origin}/{script}")
        assert reply.status_code == 200
        assert "immutable" in reply.headers["cache-control"]
        assert reply.headers["content-encoding"] == "gzip"
        assert "javascript" in reply.headers["content-type"]

    @pytest.mark.parametrize(
        "path",
        ["/static/no-such.js", "/static/%2e%2e/app.py", "/auth/no-such"],
    )
    def test_what_is_no_page_is_not_found(self, shared: Api, path: str) -> None:
        assert shared.as_user(None).get(shared.origin + path).status_code == 404

    def test_other_methods_find_nothing(self, shared: Api) -> None:
        assert shared.as_user(None).request("POST", shared.origin + "/dags").status_code == 404

    def test_the_base_path_is_in_the_page(
        self, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://example.com/flow/")
        with running(store) as api:
            assert '<base href="/flow/" />' in api.as_user(None).get(f"{api.origin}/flow/dags").text


class TestTheDatabaseAway:
    def test_it_is_a_503_that_says_why(self, store: Store, home: Path) -> None:
        with running(store) as api:
            store.write(lambda conn: conn.execute(text("ALTER TABLE dag RENAME TO gone")))
            reply = api.get("/dags")
            assert reply.status_code == 503
            assert "db migrate" in reply.json()["detail"]
            assert "Traceback" not in reply.text
            assert reply.headers["retry-after"]
            store.write(lambda conn: conn.execute(text("ALTER TABLE gone RENAME TO dag")))
            assert api.get("/dags").status_code == 200

    def test_health_tells_it(self, store: Store, home: Path) -> None:
        with running(store) as api:
            store.write(lambda conn: conn.execute(text("ALTER TABLE job RENAME TO gone")))
            health = api.ok("GET", "/monitor/health")
            assert health["metadatabase"] == {"status": "unhealthy"}
            assert health["scheduler"]["status"] == "unhealthy"


def test_health_follows_the_heartbeats(store: Store, home: Path) -> None:
    from slipstream.clock import FakeClock
    from slipstream.store import job

    clock = FakeClock()
    with running(store, clock) as api:
        assert api.ok("GET", "/monitor/health")["scheduler"] == {
            "status": "unhealthy",
            "latest_scheduler_heartbeat": None,
        }
        id = store.write(lambda conn: job.register(conn, job_type="SchedulerJob", now=clock.now()))
        assert api.ok("GET", "/monitor/health")["scheduler"] == {
            "status": "healthy",
            "latest_scheduler_heartbeat": "2026-01-01T00:00:00+00:00",
        }
        clock.advance(60)
        assert api.ok("GET", "/monitor/health")["scheduler"]["status"] == "unhealthy"
        store.write(job.heartbeat, [id], clock.now())
        assert api.ok("GET", "/monitor/health")["scheduler"]["status"] == "healthy"
        assert api.ok("GET", "/jobs?is_alive=true")["total_entries"] == 1
        store.write(job.end, id, "success", clock.now())
        assert api.ok("GET", "/monitor/health")["scheduler"]["status"] == "unhealthy"
        assert api.ok("GET", "/jobs?is_alive=true")["total_entries"] == 0


def test_health_is_that_of_the_scheduler_that_is_at_work(store: Store, home: Path) -> None:
    from slipstream.clock import FakeClock
    from slipstream.store import job

    clock = FakeClock()
    with running(store, clock) as api:
        first = store.write(job.register, job_type="SchedulerJob", now=clock.now())
        clock.advance(5)
        second = store.write(job.register, job_type="SchedulerJob", now=clock.now())
        store.write(job.end, second, "success", clock.now())
        # The newest heartbeat is that of one that has left; another goes on.
        assert api.ok("GET", "/monitor/health")["scheduler"]["status"] == "healthy"
        store.write(job.end, first, "failed", clock.now())
        assert api.ok("GET", "/monitor/health")["scheduler"]["status"] == "unhealthy"
