"""Who may do what, on a real server: every route for every role, and DAG by DAG.

What is expected is written down here by hand, from Flask-AppBuilder's roles, in words of its own;
the server's table is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.api.build import START, fill
from tests.api.running import Api, running
from tests.api.test_gate import PUBLIC, walk
from tests.store.build import parsed_dag, parsed_file

from slipstream.api.app import create_app
from slipstream.api.auth import password
from slipstream.store import Connection, Store, audit, dag, role, user
from slipstream.store.parsed import ParsedError

RANKS = {"vera": 1, "uma": 2, "olaf": 3, "admin": 4}
VIEWER, USER, OP, ADMIN = 1, 2, 3, 4


def least(method: str, path: str) -> int:
    """Return the least role that FAB lets do this, by what the path is about."""
    reads = method == "GET" or path.endswith("/list")
    if path.startswith("/auth/fab/"):
        return ADMIN
    if path.startswith("/auth/") or path == "/api/v2/session":
        return VIEWER  # one's own
    about = path.removeprefix("/api/v2/")
    first = about.split("/")[0]
    if about.endswith("favorite"):
        return VIEWER  # one's own, too
    if first == "eventLogs":
        return ADMIN
    if first in ("connections", "variables", "config", "plugins", "providers"):
        return OP
    if first == "pools" or "xcomEntries" in about:
        return VIEWER if reads else OP
    return VIEWER if reads else USER


FILLERS = {
    "dag_id": "sales",
    "dag_run_id": "nope",
    "task_id": "extract",
    "map_index": "0",
    "try_number": "1",
    "task_try_number": "1",
    "version_number": "1",
    "backfill_id": "77",
    "import_error_id": "77777",
    "event_log_id": "77777",
    "file_token": "x.y",
    "section": "core",
    "option": "executor",
    "username": "nobody",
    "name": "Nothing",
}


def filled_in(path: str) -> str:
    for name, value in FILLERS.items():
        path = path.replace(f"{{{name}}}", value)
    return path.replace("{", "").replace("}", "")


NEEDS_BODY = {
    "/api/v2/pools": {"actions": [{"action": "delete", "entities": ["nothing"]}]},
    "/api/v2/variables": {"actions": [{"action": "delete", "entities": ["nothing"]}]},
    "/api/v2/connections": {"actions": [{"action": "delete", "entities": ["nothing"]}]},
}


def test_every_route_is_for_whom_it_should_be(store: Store, filled: Api) -> None:
    clients = {name: filled.as_user(name) for name in RANKS}
    seen, wrong = 0, []
    for method, path in sorted(walk(create_app(store)), key=lambda each: each[0] == "DELETE"):
        if path in PUBLIC or not path.startswith(("/api/v2/", "/auth/fab", "/auth/sessions")):
            continue
        seen += 1
        for name, rank in RANKS.items():
            given = NEEDS_BODY.get(path) if method == "PATCH" else None
            if method == "DELETE" and "fab" in path and name == "admin":
                continue  # it would work
            target = filled_in(path)
            if target.endswith("/stream"):
                continue
            reply = clients[name].request(method, filled.origin + target, json=given)
            is_refused = (reply.status_code, reply.text) == (403, '{"detail":"Forbidden"}')
            if rank < least(method, path):
                fits = is_refused
            else:
                fits = not is_refused and reply.status_code not in (401, 500)
            if not fits:
                wrong.append(f"{name} {method} {target}: {reply.status_code} {reply.text[:100]}")
    assert not wrong, "\n".join(wrong)
    assert seen > 90


CHANGES = [
    ("PATCH", "/dags/sales", {"is_paused": False}, USER),
    ("PATCH", "/dags?dag_id_pattern=sales", {"is_paused": False}, USER),
    ("POST", "/dags/sales/dagRuns", {"logical_date": None}, USER),
    ("POST", "/dags/sales/clearTaskInstances", {"dry_run": True}, USER),
    ("PATCH", "/dags/sales/dagRuns/done", {"note": "n"}, USER),
    ("POST", "/dags/sales/dagRuns/done/clear", {"dry_run": True}, USER),
    ("PATCH", "/dags/sales/dagRuns/done/taskInstances/extract", {"note": "n"}, USER),
    (
        "PATCH",
        "/dags/~/dagRuns",
        {"actions": [{"action": "update", "entities": []}]},
        USER,
    ),
    (
        "POST",
        "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries",
        {"key": "k", "value": 1},
        OP,
    ),
    ("POST", "/variables", {"key": "k", "value": "v"}, OP),
    ("POST", "/connections", {"connection_id": "c", "conn_type": "http"}, OP),
    ("POST", "/pools", {"name": "p", "slots": 1}, OP),
    ("PATCH", "/pools/p", {"slots": 2}, OP),
    ("DELETE", "/pools/p", None, OP),
    ("DELETE", "/variables/k", None, OP),
    ("DELETE", "/connections/c", None, OP),
    ("DELETE", "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries/k", None, OP),
]


def test_whole_requests_are_for_whom_they_should_be(filled: Api) -> None:
    for name, rank in RANKS.items():
        client = filled.as_user(name)
        for method, path, given, needed in CHANGES:
            reply = client.request(method, path, json=given)
            if rank < needed:
                assert (reply.status_code, reply.json()) == (403, {"detail": "Forbidden"}), path
            else:
                assert reply.status_code < 300, f"{name} {method} {path}: {reply.text}"


def test_a_refusal_names_the_permission_that_it_asked_for(filled: Api) -> None:
    viewer = filled.as_user("vera")
    for method, path, needs in (
        ("GET", "/connections", "can_read on Connections"),
        ("PATCH", "/pools", "can_create, can_edit or can_delete on Pools"),
        ("POST", "/dags/sales/dagRuns", "can_create on DAG Runs"),
        ("PATCH", "/dags/sales", "can_edit on DAGs"),
    ):
        reply = viewer.request(method, path, json={})
        assert (reply.status_code, reply.headers["Slipstream-Needs"]) == (403, needs)


# -- DAG by DAG


def _team(conn: Connection) -> None:
    """Let ``tom`` do what a User may, but see and change ``quiet`` only."""
    row = role.create(conn, "Team")
    role.add_permissions(
        conn,
        row.id,
        [
            *((action, "DAG:quiet") for action in ("can_read", "can_edit", "can_delete")),
            *(
                (action, part)
                for part in ("DAG Runs", "Task Instances", "XComs")
                for action in ("can_read", "can_create", "can_edit", "can_delete")
            ),
            *(
                ("can_read", part)
                for part in (
                    *("Audit Logs", "DAG Code", "DAG Versions", "DAG Warnings", "ImportError"),
                    "Task Logs",
                )
            ),
        ],
    )
    user.create(
        conn,
        username="tom",
        email="tom@x",
        password_hash=password.hashed("geheim"),
        role_ids=[row.id],
        now=START,
    )
    audit.add(conn, event="of_quiet", now=START, owner="ann", dag_id="quiet")
    audit.add(conn, event="of_none", now=START, owner="ann")


@pytest.fixture
def two(store: Store, home: Any) -> Iterator[tuple[Api, Api]]:
    """Clients of the admin, and of one who may read and change one of two DAGs."""
    fill(store)
    broken = ParsedError(stacktrace="NameError: secret", line=1)
    files = [
        parsed_file("sales2.py", parsed_dag("sales2", "h2"), errors=[broken]),
        parsed_file(
            "both.py",
            parsed_dag("quiet2", "h2", spec={"tags": ["hidden"]}),
            parsed_dag("quiet", "h2", spec={"tags": ["seen"]}),
            errors=[broken],
        ),
    ]
    store.write(dag.upsert_file, files, START)
    store.write(_team)
    with running(store) as admin:
        admin.ok("POST", "/dags/quiet/dagRuns", json={"logical_date": None, "dag_run_id": "q"})
        tom = admin.as_user(None)
        given = {"username": "tom", "password": "geheim"}
        token = tom.post(f"{admin.origin}/auth/token", json=given).json()["access_token"]
        tom.headers["Authorization"] = f"Bearer {token}"
        yield admin, tom


LISTS = [
    ("GET", "/dags", None, "dags"),
    ("GET", "/dags/~/dagRuns", None, "dag_runs"),
    ("POST", "/dags/~/dagRuns/list", {}, "dag_runs"),
    ("GET", "/dags/~/dagRuns/~/taskInstances", None, "task_instances"),
    ("POST", "/dags/~/dagRuns/~/taskInstances/list", {}, "task_instances"),
    ("GET", "/dags/~/dagVersions", None, "dag_versions"),
    ("GET", "/dagStats", None, "dags"),
    ("GET", "/dagStats?dag_ids=sales&dag_ids=quiet", None, "dags"),
    ("GET", "/dags/~/dagRuns/~/taskInstances/~/xcomEntries", None, "xcom_entries"),
]


def test_lists_show_readable_dags_only(two: tuple[Api, Api]) -> None:
    admin, tom = two
    for method, path, given, name in LISTS:
        everything = admin.ok(method, path, json=given)
        assert "sales" in {row["dag_id"] for row in everything[name]}, path
        seen = tom.ok(method, path, json=given)
        assert {row["dag_id"] for row in seen[name]} <= {"quiet"}, path
        assert seen["total_entries"] == len(seen[name]) < everything["total_entries"], path
        if name in ("dags", "dag_runs", "dag_versions"):
            assert seen[name], path


def test_a_filter_opens_no_other_dag(two: tuple[Api, Api]) -> None:
    _, tom = two
    for method, path, given in (
        ("GET", "/dags?dag_id_pattern=sales", None),
        ("GET", "/dagStats?dag_ids=sales", None),
        ("POST", "/dags/~/dagRuns/list", {"dag_ids": ["sales"]}),
        ("POST", "/dags/~/dagRuns/~/taskInstances/list", {"dag_ids": ["sales"]}),
        ("GET", "/dags/~/dagRuns/~/taskInstances?run_id_pattern=done", None),
        ("GET", "/dags/~/dagRuns/~/taskInstances/extract/xcomEntries", None),
    ):
        assert tom.ok(method, path, json=given)["total_entries"] == 0, path


def test_tags_warnings_and_the_audit_log_are_of_readable_dags(two: tuple[Api, Api]) -> None:
    admin, tom = two
    assert set(admin.ok("GET", "/dagTags")["tags"]) == {"etl", "shop", "seen", "hidden"}
    assert tom.ok("GET", "/dagTags")["tags"] == ["seen"]
    assert tom.ok("GET", "/dagWarnings")["total_entries"] == 0
    seen = tom.ok("GET", "/eventLogs?limit=100")["event_logs"]
    assert {entry["dag_id"] for entry in seen} == {None, "quiet"}
    hidden = [e for e in admin.ok("GET", "/eventLogs")["event_logs"] if e["dag_id"] == "sales"]
    tom.ok("GET", f"/eventLogs/{hidden[0]['event_log_id']}", status=403)
    tom.ok("GET", f"/eventLogs/{seen[0]['event_log_id']}")


def test_import_errors_hide_what_is_not_readable(two: tuple[Api, Api]) -> None:
    admin, tom = two
    everything = {e["filename"]: e for e in admin.ok("GET", "/importErrors")["import_errors"]}
    assert set(everything) == {"broken.py", "sales2.py", "both.py"}
    reply = tom.ok("GET", "/importErrors")
    seen = {e["filename"]: e["stack_trace"] for e in reply["import_errors"]}
    assert set(seen) == {"broken.py", "both.py"}
    assert reply["total_entries"] == 2
    assert "secret" not in seen["both.py"]  # the file also holds a DAG that is not readable
    assert "ImportError" in seen["broken.py"]  # nobody's
    tom.ok("GET", f"/importErrors/{everything['sales2.py']['import_error_id']}", status=403)
    one = tom.ok("GET", f"/importErrors/{everything['both.py']['import_error_id']}")
    assert "secret" not in one["stack_trace"]


CLOSED = [
    ("GET", "/dags/sales", None),
    ("GET", "/dags/sales/details", None),
    ("PATCH", "/dags/sales", {"is_paused": True}),
    ("DELETE", "/dags/sales", None),
    ("GET", "/dags/sales/grid", None),
    ("GET", "/dags/sales/graph", None),
    ("GET", "/dags/sales/calendar", None),
    ("GET", "/dags/sales/dagRuns/done/gantt", None),
    ("GET", "/dags/sales/tasks", None),
    ("GET", "/dags/sales/tasks/extract", None),
    ("GET", "/dags/sales/dagVersions", None),
    ("GET", "/dags/sales/dagVersions/1", None),
    ("GET", "/dagSources/sales", None),
    ("GET", "/dags/sales/dagRuns", None),
    ("POST", "/dags/sales/dagRuns", {"logical_date": None}),
    ("GET", "/dags/sales/dagRuns/done", None),
    ("PATCH", "/dags/sales/dagRuns/done", {"note": "x"}),
    ("DELETE", "/dags/sales/dagRuns/done", None),
    ("POST", "/dags/sales/dagRuns/done/clear", {"dry_run": True}),
    ("GET", "/dags/sales/dagRuns/done/wait?interval=1", None),
    ("GET", "/dags/sales/dagRuns/done/story", None),
    ("POST", "/dags/sales/clearTaskInstances", {"dry_run": True}),
    ("GET", "/dags/sales/dagRuns/done/taskInstances", None),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/extract", None),
    ("PATCH", "/dags/sales/dagRuns/done/taskInstances/extract", {"note": "x"}),
    ("DELETE", "/dags/sales/dagRuns/done/taskInstances/extract", None),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/extract/logs/2", None),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/extract/tries", None),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/extract/links", None),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/extract/explain", None),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/extract/story", None),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/load/0", None),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/load/listMapped", None),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries", None),
    ("GET", "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries/return_value", None),
    ("DELETE", "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries/return_value", None),
    (
        "POST",
        "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries",
        {"key": "k", "value": 1},
    ),
    ("GET", "/backfills?dag_id=sales", None),
    (
        "POST",
        "/backfills/dry_run",
        {"dag_id": "sales", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-02T00:00:00Z"},
    ),
    (
        "POST",
        "/backfills",
        {"dag_id": "sales", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-02T00:00:00Z"},
    ),
    # DAGs that the body names
    ("POST", "/dags/~/clearDagRuns", {"dag_runs": [{"dag_id": "sales", "dag_run_id": "done"}]}),
    (
        "PATCH",
        "/dags/~/dagRuns",
        {
            "actions": [
                {
                    "action": "update",
                    "entities": [{"dag_id": "sales", "dag_run_id": "done", "note": "x"}],
                }
            ]
        },
    ),
    (
        "PATCH",
        "/dags/quiet/dagRuns",
        {
            "actions": [
                {"action": "delete", "entities": [{"dag_id": "sales", "dag_run_id": "done"}]}
            ]
        },
    ),
    (
        "PATCH",
        "/dags/quiet/dagRuns/q/taskInstances",
        {
            "actions": [
                {
                    "action": "update",
                    "entities": [
                        {
                            "dag_id": "sales",
                            "dag_run_id": "done",
                            "task_id": "extract",
                            "note": "x",
                        }
                    ],
                }
            ]
        },
    ),
]


def test_another_dag_is_closed_in_every_way(two: tuple[Api, Api]) -> None:
    admin, tom = two
    before = admin.ok("GET", "/dags/sales/dagRuns/done")
    for method, path, given in CLOSED:
        reply = tom.request(method, path, json=given)
        assert (reply.status_code, reply.json()) == (403, {"detail": "Forbidden"}), (
            f"{method} {path}: {reply.status_code} {reply.text[:200]}"
        )
    token = admin.ok("GET", "/dags/sales")["file_token"]
    tom.ok("PUT", f"/parseDagFile/{token}", status=403)
    assert admin.ok("GET", "/dags/sales/dagRuns/done") == before


def test_the_pages_overviews_are_of_readable_dags(two: tuple[Api, Api]) -> None:
    admin, tom = two
    asked = "/dags/~/recentRuns?dag_ids=sales&dag_ids=quiet"
    assert {row["dag_id"] for row in admin.ok("GET", asked)["dags"]} == {"sales", "quiet"}
    assert {row["dag_id"] for row in tom.ok("GET", asked)["dags"]} == {"quiet"}
    shown = tom.ok("GET", "/overview")
    assert "sales" not in json.dumps(shown)
    assert sum(shown["runs"].values()) == 1


def test_the_own_dag_is_open(two: tuple[Api, Api]) -> None:
    _, tom = two
    tom.ok("GET", "/dags/quiet")
    tom.ok("PATCH", "/dags/quiet", json={"is_paused": False})
    tom.ok("GET", "/dags/quiet/dagRuns/q/taskInstances")
    tom.ok("PATCH", "/dags/quiet/dagRuns/q", json={"note": "mine"})
    shown = tom.ok("PATCH", "/dags?dag_id_pattern=~", json={"is_paused": True})
    assert [row["dag_id"] for row in shown["dags"]] == ["quiet"]
    tom.ok("GET", "/backfills?dag_id=quiet")


def test_access_control_of_a_dag_file_gives_and_takes(store: Store, home: Any) -> None:
    fill(store)
    store.write(role.create, "Readers")

    def parse(access_control: Any) -> None:
        spec = {} if access_control is None else {"access_control": access_control}
        file = parsed_file("own.py", parsed_dag("own", json.dumps(spec), spec=spec))
        store.write(dag.upsert_file, [file], START)

    def given() -> set[tuple[str, str]]:
        with store.read() as conn:
            row = role.get(conn, "Readers")
            assert row is not None
            return set(role.permissions(conn, [row.id])[row.id])

    parse({"Readers": {"DAGs": ["can_read", "nonsense"]}, "Nobody": {"DAGs": ["can_read"]}})
    assert given() == {("can_read", "DAG:own")}
    parse({"Readers": {"DAGs": ["can_edit"], "DAG Runs": ["can_create"]}})
    assert given() == {("can_edit", "DAG:own"), ("can_create", "DAG Run:own")}
    parse(None)  # as FAB: says nothing, changes nothing
    assert given() == {("can_edit", "DAG:own"), ("can_create", "DAG Run:own")}
    parse({})
    assert given() == set()


def test_the_public_role_is_what_somebody_without_a_login_may(
    store: Store, home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    monkeypatch.setenv("AIRFLOW__FAB__AUTH_ROLE_PUBLIC", "Viewer")
    with running(store) as api:
        nobody = api.as_user(None)
        assert nobody.ok("GET", "/dags")["total_entries"] == 2
        nobody.ok("PATCH", "/dags/sales", json={"is_paused": True}, status=403)
        nobody.ok("GET", "/variables", status=403)
        shown = nobody.ok("GET", "/session")
        assert shown["user"]["roles"] == ["Viewer"]
        assert json.dumps(shown).count("can_edit") == 2  # the own profile and password, of nobody
        nobody.ok(
            "PUT", f"{api.origin}/auth/password", json={"current": "a", "new": "b"}, status=403
        )
