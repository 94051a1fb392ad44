"""Whatever a client sends, the answer is a clear refusal: never a 500, never a traceback."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.build import START
from tests.api.running import Api
from tests.databases import DATABASES

from slipstream.api.app import MAX_BODY_BYTES
from slipstream.clock import FakeClock
from slipstream.command import trigger_run
from slipstream.state import DagRunTriggeredByType
from slipstream.store import Store, run, variable, xcom

EVIL = [
    "'; DROP TABLE dag; --",
    '" OR 1=1 --',
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "..%2f..%2fetc",
    "%00",
    "a\x00b",
    "{{ 7*7 }}",
    "${jndi:ldap://x}",
    "\N{RIGHT-TO-LEFT OVERRIDE}x",
    "x" * 5000,
    "\\",
    "é" * 300,
    "99999999999999999999",
]


@pytest.fixture(scope="module", params=DATABASES)
def shared_dialect(request: pytest.FixtureRequest) -> str:
    """Databases differ in what they choke on."""
    return str(request.param)


Routes = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture(scope="module")
def routes(shared: Api) -> Routes:
    """Method, path and OpenAPI description of every endpoint."""
    paths = shared.ok("GET", f"{shared.origin}/openapi.json")["paths"]
    return [
        (method.upper(), path, operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]


def put_in(path: str, value: str) -> str:
    out, rest = "", path
    while "{" in rest:
        before, _, rest = rest.partition("{")
        _, _, rest = rest.partition("}")
        out += before + quote(value, safe="")
    return (out + rest).removeprefix("/api/v2")


def check(reply: Any, what: str) -> None:
    assert reply.status_code < 500, f"{what}: {reply.status_code} {reply.text[:300]}"
    assert "Traceback" not in reply.text
    assert "sqlalchemy" not in reply.text.lower()


@pytest.mark.parametrize("evil", EVIL)
def test_evil_ids_in_every_path_are_only_names(shared: Api, routes: Routes, evil: str) -> None:
    for method, path, _ in routes:
        if "{" in path and path.startswith("/api"):
            check(shared.request(method, put_in(path, evil), json={}), f"{method} {path}")
    assert shared.ok("GET", "/dags")["total_entries"] == 2


@pytest.mark.parametrize(
    "evil",
    [
        "'",
        "a\x00b",
        "~",
        "|",
        "%",
        "_",
        "\\",
        "é" * 300,
        "-1",
        "",
        "99999999999999999999",
        "0001-01-01T00:00:00+14:00",
        "inf",
    ],
)
def test_evil_values_in_every_query_filter_or_are_refused(
    shared: Api, routes: Routes, evil: str
) -> None:
    for method, path, operation in routes:
        if method != "GET" or not path.startswith("/api") or path.endswith(("/wait", "/stream")):
            continue
        names = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
        for name in names:
            target = put_in(path, "sales")
            check(shared.get(target, params={name: evil}), f"{path}?{name}={evil!r}")


@pytest.mark.parametrize("sent", ["[]", "1", "null", '"x"', "{", "", "{}", '{"a": 1}', "\ufeff{}"])
def test_wrong_bodies_are_refused_everywhere(shared: Api, routes: Routes, sent: str) -> None:
    for method, path, operation in routes:
        if "requestBody" in operation and path.startswith("/api"):
            reply = shared.request(
                method,
                put_in(path, "sales"),
                content=sent.encode(),
                headers={"Content-Type": "application/json"},
            )
            check(reply, f"{method} {path} {sent!r}")


@pytest.mark.parametrize(
    "field", ["dag_run_id", "conf", "note", "logical_date", "run_after", "partition_key"]
)
@pytest.mark.parametrize("value", [1, 1.5, True, [], {}, "\x00", "x" * 3000, -(2**70), [[[]]]])
def test_wrong_types_in_a_trigger_are_refused(shared: Api, field: str, value: object) -> None:
    reply = shared.post("/dags/sales/dagRuns", json={"logical_date": None, field: value})
    check(reply, f"{field}={value!r}")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/dags/~/dagRuns/list", {"dag_ids": ["\x00"], "conf_contains": "\x00"}),
        ("POST", "/dags/~/dagRuns/~/taskInstances/list", {"task_ids": ["\x00"], "pool": ["\x00"]}),
        ("POST", "/dags/sales/clearTaskInstances", {"dag_run_id": "\x00"}),
        ("POST", "/dags/sales/clearTaskInstances", {"dag_run_id": "done", "task_ids": ["\x00"]}),
        ("PATCH", "/variables", {"actions": [{"action": "delete", "entities": ["\x00"]}]}),
        ("POST", "/variables", {"key": "\x00", "value": 1}),
        ("POST", "/variables", {"key": "nul", "value": "\x00", "description": "\x00"}),
        ("POST", "/pools", {"name": "\x00", "slots": 1}),
        ("POST", "/pools", {"name": "nul", "slots": 1, "description": "\x00"}),
        ("POST", "/connections", {"connection_id": "nul", "conn_type": "\x00", "host": "\x00"}),
        (
            "POST",
            "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries",
            {"key": "nul", "value": "\x00"},
        ),
    ],
)
def test_nul_in_bodies_is_refused_or_made_safe(
    shared: Api, method: str, path: str, body: dict[str, object]
) -> None:
    check(shared.request(method, path, json=body), f"{method} {path} {body}")


def test_text_that_databases_cannot_hold_is_stored_safely(filled: Api) -> None:
    note = "nul \x00 and half a \ud83d pair"
    body = json.dumps({"note": note}).encode()
    headers = {"Content-Type": "application/json"}
    reply = filled.patch("/dags/sales/dagRuns/done", content=body, headers=headers)
    check(reply, "note")
    check(filled.get("/dags/sales/dagRuns/done"), "read")


@pytest.mark.parametrize("half", [b'{"key": "\\ud83d"}', b'{"\\ud83d": [1, ["\\ud83d"]]}'])
def test_data_that_no_reply_can_spell_is_shown_with_a_question_mark(
    filled: Api, half: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    body = b'{"logical_date": null, "dag_run_id": "half", "conf": %s}' % half
    assert filled.post("/dags/sales/dagRuns", content=body, headers=headers).status_code == 200
    assert "?" in str(filled.ok("GET", "/dags/sales/dagRuns/half")["conf"])
    assert filled.ok("GET", "/dags/~/dagRuns")["total_entries"] > 1


def test_an_oversized_body_is_refused(shared: Api) -> None:
    body = b'{"logical_date": null, "note": "' + b"x" * (MAX_BODY_BYTES + 1) + b'"}'
    headers = {"Content-Type": "application/json"}
    reply = shared.post("/dags/sales/dagRuns", content=body, headers=headers)
    assert reply.status_code == 413
    login = shared.as_user(None).post(f"{shared.origin}/auth/token", content=body, headers=headers)
    assert login.status_code == 413


def test_a_strangers_body_is_not_even_read(shared: Api) -> None:
    host, port = urlsplit(shared.origin).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        # Promises a gigabyte and sends none of it: the refusal must come all the same.
        sock.sendall(
            b"POST /api/v2/dags/sales/dagRuns HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"
        )
        assert sock.recv(1000).startswith(b"HTTP/1.1 401 ")


def test_deep_json_is_refused(shared: Api) -> None:
    body = b'{"logical_date": null, "conf": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}"
    headers = {"Content-Type": "application/json"}
    check(shared.post("/dags/sales/dagRuns", content=body, headers=headers), "deep")


@pytest.mark.parametrize("depth", [101, 300, 500, 900])
def test_data_too_deep_to_be_shown_is_refused(shared: Api, depth: int) -> None:
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    headers = {"Content-Type": "application/json"}
    xcoms = "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries"
    for path, body in (
        ("/dags/sales/dagRuns", b'{"logical_date": null, "conf": %s}'),
        ("/dags/sales/dagRuns", b'{"logical_date": null, "unknown": %s}'),
        ("/variables", b'{"key": "deep", "value": %s}'),
        (xcoms, b'{"key": "deep", "value": %s}'),
    ):
        reply = shared.post(path, content=body % deep, headers=headers)
        assert reply.status_code == 422, reply.text[:200]
    extra = {"connection_id": "c", "conn_type": "x", "extra": deep.decode()}
    check(shared.post("/connections", json=extra), "extra")


def test_deep_data_of_a_task_keeps_nothing_else_from_being_listed(
    filled: Api, store: Store
) -> None:
    deep: Any = 1
    for _ in range(900):
        deep = {"a": deep}
    with store.read() as conn:
        row = run.get(conn, "sales", "done")
    assert row is not None
    store.write(xcom.set, row.id, "extract", "deep", deep, now=START)
    store.write(variable.set, "deep", json.dumps(deep))
    clock = FakeClock(START)
    by = DagRunTriggeredByType.OPERATOR
    given = {"half": "\ud83d", "deep": deep}
    trigger_run(store, clock, dag_id="sales", run_id="deep", conf=given, triggered_by=by)
    xcoms = "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries"
    assert filled.ok("GET", f"{xcoms}/deep")["value"]["a"]["a"]
    reply = filled.get("/dags/sales/dagRuns")
    assert "nested too deep" in reply.text
    runs = reply.json()["dag_runs"]
    assert {each["dag_run_id"] for each in runs} == {"done", "waiting", "deep"}
    shown = filled.ok("GET", "/variables")["variables"]
    assert [each["key"] for each in shown] == ["deep"]


@pytest.mark.parametrize("path", ["dagRuns/list", "dagRuns/~/taskInstances/list"])
def test_more_ids_than_a_database_takes_are_refused(shared: Api, path: str) -> None:
    ids = [f"dag-{i}" for i in range(10_000)]
    assert shared.ok("POST", f"/dags/~/{path}", json={"dag_ids": ids})["total_entries"] == 0
    assert shared.post(f"/dags/~/{path}", json={"dag_ids": [*ids, "x"]}).status_code == 422


@pytest.mark.parametrize("n", [100, 2000])
def test_many_conditions_are_taken_or_refused(shared: Api, n: int) -> None:
    given = [f"t{i}" for i in range(n)]
    for query in ({"tags": given}, {"owners": given}, {"dag_id_pattern": "|".join(given)}):
        reply = shared.get("/dags", params=query)
        assert reply.status_code in ((200,) if n == 100 else (400, 422)), reply.text[:200]
    mode = {"tags": given, "tags_match_mode": "all"}
    check(shared.get("/dags", params=mode), "all tags")


def test_html_in_names_comes_back_as_data(shared: Api) -> None:
    reply = shared.get("/dags/<script>alert(1)</script>")
    assert reply.status_code == 404
    assert reply.headers["content-type"] == "application/json"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    order_by=st.lists(st.text(max_size=20), max_size=3),
    limit=st.integers(-5, 2**70),
    offset=st.integers(-5, 2**70),
    cursor=st.none() | st.text(max_size=40),
)
def test_any_page_is_a_page_or_a_refusal(
    shared: Api, order_by: list[str], limit: int, offset: int, cursor: str | None
) -> None:
    params: dict[str, Any] = {"limit": limit, "offset": offset, "order_by": order_by}
    if cursor is not None:
        params["cursor"] = cursor.encode("utf-8", "replace").decode()
    params["order_by"] = [o.encode("utf-8", "replace").decode() for o in order_by]
    reply = shared.get("/dags/~/dagRuns", params=params)
    check(reply, repr(params))
    assert reply.status_code in (200, 400, 422)


def exchange(shared: Api, sent: bytes) -> bytes:
    """Send bytes on a connection of their own; return all that comes until the server closes it."""
    address = urlsplit(shared.origin)
    with socket.create_connection((address.hostname, address.port), timeout=20) as sock:
        answer = b""
        try:
            sock.sendall(sent)
            while part := sock.recv(65536):
                answer += part
        except ConnectionError:
            pass  # it was closed while there was more to send
        return answer


@pytest.mark.parametrize(
    "head",
    [
        b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 400_000,
        b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\n" + b"X-Many: a\r\n" * 40_000,
        b"GET /" + b"a" * 400_000,
    ],
    ids=["one long header", "many headers", "a long path"],
)
def test_a_head_without_an_end_is_refused(shared: Api, head: bytes) -> None:
    assert b" 400 " in exchange(shared, head)
    assert shared.ok("GET", "/version")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\xff\x00\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /auth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        (
            b"POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
    ],
)
def test_what_is_not_http_is_refused(shared: Api, sent: bytes) -> None:
    assert b" 400 " in exchange(shared, sent)


def test_a_long_body_after_a_short_head_is_no_long_head(shared: Api) -> None:
    body = json.dumps({"username": "nobody", "password": "x" * 300_000})
    for _ in range(2):  # on one connection
        headers = {"Content-Type": "application/json"}
        reply = shared.post(f"{shared.origin}/auth/token", content=body, headers=headers)
        assert reply.status_code in (401, 422), reply.text
