"""Every reply has exactly the fields of Airflow 3.3.2's published schemas, with their types."""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.api.running import Api

SHAPES: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("shapes.json").read_text(encoding="utf-8")
)
RUN = "/dags/sales/dagRuns/done"
EXTRACT = f"{RUN}/taskInstances/extract"


def _alternatives(kind: str) -> list[str]:
    """Split ``[a|b]|null`` at the bars outside of brackets."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(kind):
        depth += (char == "[") - (char == "]")
        if char == "|" and depth == 0:
            parts.append(kind[start:at])
            start = at + 1
    return [*parts, kind[start:]]


def _is(value: Any, kind: str) -> bool:
    if kind in SHAPES:
        return isinstance(value, dict) and not list(problems(value, kind, kind))
    if kind.startswith("["):
        return isinstance(value, list) and all(fits(v, kind[1:-1]) for v in value)
    if kind.startswith("enum "):
        return value in kind.removeprefix("enum ").split(",")
    match kind:
        case "any":
            return True
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "datetime":
            return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
        case "uuid":
            return isinstance(value, str) and str(uuid.UUID(value)) == value
        case "duration":
            return isinstance(value, str) and re.match(r"^-?P", value) is not None
        case "object":
            return isinstance(value, dict)
    raise AssertionError(f"unknown kind {kind}")


def fits(value: Any, kind: str) -> bool:
    return any(_is(value, alternative) for alternative in _alternatives(kind))


def problems(value: dict[str, Any], shape: str, where: str) -> list[str]:
    fields = SHAPES[shape]
    found = []
    if value.keys() != fields.keys():
        found.append(f"{where}: fields differ by {sorted(value.keys() ^ fields.keys())}")
    for name in value.keys() & fields.keys():
        if not fits(value[name], fields[name]):
            found.append(f"{where}.{name}: {value[name]!r} is no {fields[name]}")
    return found


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/version", "VersionInfo"),
        ("/monitor/health", "HealthInfoResponse"),
        ("/dags", "DAGCollectionResponse"),
        ("/dags/sales", "DAGResponse"),
        ("/dags/quiet", "DAGResponse"),
        ("/dags/sales/details", "DAGDetailsResponse"),
        ("/dags/quiet/details", "DAGDetailsResponse"),
        ("/dags/sales/tasks", "TaskCollectionResponse"),
        ("/dags/sales/tasks/extract", "TaskResponse"),
        ("/dagTags", "DAGTagCollectionResponse"),
        ("/dagStats", "DagStatsCollectionResponse"),
        ("/dags/sales/dagVersions", "DAGVersionCollectionResponse"),
        ("/dags/sales/dagVersions/1", "DagVersionResponse"),
        ("/dagSources/sales", "DAGSourceResponse"),
        ("/importErrors", "ImportErrorCollectionResponse"),
        ("/dagWarnings", "DAGWarningCollectionResponse"),
        ("/dags/sales/dagRuns", "DAGRunCollectionResponse"),
        ("/dags/~/dagRuns?cursor=&limit=1", "DAGRunCollectionResponse"),
        (RUN, "DAGRunResponse"),
        ("/dags/sales/dagRuns/waiting", "DAGRunResponse"),
        (f"{RUN}/taskInstances", "TaskInstanceCollectionResponse"),
        ("/dags/~/dagRuns/~/taskInstances", "TaskInstanceCollectionResponse"),
        (EXTRACT, "TaskInstanceResponse"),
        (f"{RUN}/taskInstances/load/1", "TaskInstanceResponse"),
        (f"{RUN}/taskInstances/load/listMapped", "TaskInstanceCollectionResponse"),
        (f"{EXTRACT}/tries", "TaskInstanceHistoryCollectionResponse"),
        (f"{EXTRACT}/tries/1", "TaskInstanceHistoryResponse"),
        (f"{RUN}/taskInstances/load/1/tries", "TaskInstanceHistoryCollectionResponse"),
        (f"{RUN}/taskInstances/load/1/tries/1", "TaskInstanceHistoryResponse"),
        (f"{EXTRACT}/dependencies", "TaskDependencyCollectionResponse"),
        (f"{EXTRACT}/xcomEntries", "XComCollectionResponse"),
        (f"{EXTRACT}/xcomEntries/return_value", "XComResponseNative"),
        (f"{EXTRACT}/xcomEntries/return_value?stringify=true", "XComResponseString"),
        ("/pools", "PoolCollectionResponse"),
        ("/pools/default_pool", "PoolResponse"),
        ("/variables", "VariableCollectionResponse"),
        ("/connections", "ConnectionCollectionResponse"),
        ("/jobs", "JobCollectionResponse"),
        ("/eventLogs", "EventLogCollectionResponse"),
        ("/eventLogs/1", "EventLogResponse"),
        ("/backfills?dag_id=sales", "BackfillCollectionResponse"),
    ],
)
def test_reply_has_the_published_shape(shared: Api, path: str, shape: str) -> None:
    reply = shared.ok("GET", path)
    assert problems(reply, shape, shape) == []


def test_written_things_have_the_published_shape(filled: Api) -> None:
    variable = filled.ok("POST", "/variables", json={"key": "k", "value": 1}, status=201)
    assert problems(variable, "VariableResponse", "variable") == []
    given = {"connection_id": "c", "conn_type": "http", "extra": '{"a": 1}', "port": 80}
    connection = filled.ok("POST", "/connections", json=given, status=201)
    assert problems(connection, "ConnectionResponse", "connection") == []
    pool = filled.ok("POST", "/pools", json={"name": "p", "slots": 2}, status=201)
    assert problems(pool, "PoolResponse", "pool") == []
    entry = filled.ok("POST", f"{EXTRACT}/xcomEntries", json={"key": "k", "value": 1}, status=201)
    assert problems(entry, "XComResponseNative", "xcom") == []
    run = filled.ok("POST", "/dags/sales/dagRuns", json={"logical_date": None})
    assert problems(run, "DAGRunResponse", "run") == []
    dag = filled.ok("PATCH", "/dags/quiet", json={"is_paused": False})
    assert problems(dag, "DAGResponse", "dag") == []
    actions = [{"action": "delete", "entities": ["k"]}]
    bulk = filled.ok("PATCH", "/variables", json={"actions": actions})
    assert problems(bulk, "BulkResponse", "bulk") == []
    patched = filled.ok("PATCH", EXTRACT, json={"new_state": "failed"})
    assert problems(patched, "TaskInstanceCollectionResponse", "task instances") == []


def test_datetimes_are_written_as_airflow_writes_them(shared: Api) -> None:
    run = shared.ok("GET", RUN)
    assert run["start_date"] == "2026-03-01T12:00:00Z"
    assert run["end_date"] == "2026-03-01T12:00:06.500000Z"
    assert run["duration"] == 6.5
    assert shared.ok("GET", "/dags/sales/details")["dag_run_timeout"] == "PT1H"
