"""Every operation, fuzzed from its own description: no server error, and nothing undescribed.

What breaks its description need not be refused: as Airflow's, these endpoints take a date as a
number, too. (``test_bad_input`` has what they refuse.) Ids of things that exist stand in for about half of the ids that are made up, so that replies
with content are seen as well as errors.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.running import Api
from tests.databases import DATABASES

from slipstream.api import openapi

SCHEMA = schemathesis.openapi.from_dict(json.loads(openapi.text()))
OPERATIONS = {
    found.ok().definition.raw["operationId"]: found.ok() for found in SCHEMA.get_all_operations()
}
CHECKS = [
    checks.not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
REAL: dict[str, str | int] = {
    "dag_id": "sales",
    "dag_run_id": "done",
    "task_id": "extract",
    "map_index": -1,
    "group_id": "middle",
    "try_number": 2,
    "task_try_number": 1,
    "xcom_key": "return_value",
    "version_number": 1,
    "pool_name": "default_pool",
    "variable_key": "v",
    "connection_id": "c",
    "event_log_id": 1,
    "import_error_id": 1,
    "backfill_id": 1,
}
EXAMPLES = 10
ENDLESS = {"get_stream"}  # see test_stream


def _with_real_ids(given: dict[str, Any] | None) -> dict[str, Any] | None:
    return given and {
        name: REAL[name] if name in REAL and zlib.crc32(repr(value).encode()) % 2 else value
        for name, value in given.items()
    }


def _each_on_a_database() -> Iterator[Any]:
    """Yield every operation with a database: all three in turn, for each takes its time."""
    for name, database in zip(sorted(OPERATIONS.keys() - ENDLESS), itertools.cycle(DATABASES)):
        marks = getattr(database, "marks", ())
        yield pytest.param(name, getattr(database, "values", [database])[0], marks=marks)


@pytest.mark.parametrize(("name", "dialect"), [*_each_on_a_database()])
def test_operation_keeps_to_its_description(filled: Api, name: str, dialect: str) -> None:
    filled.ok("POST", "/variables", json={"key": "v", "value": 1}, status=201)
    filled.ok("POST", "/connections", json={"connection_id": "c", "conn_type": "x"}, status=201)
    _fuzz(filled, name, GenerationMode.POSITIVE)
    operation = OPERATIONS[name]
    if operation.body or operation.query or operation.path_parameters:
        with contextlib.suppress(Unsatisfiable):  # there is nothing that it would not take
            _fuzz(filled, name, GenerationMode.NEGATIVE)


def _fuzz(api: Api, name: str, mode: GenerationMode) -> None:
    session = requests.Session()
    session.trust_env = False

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[name].as_strategy(generation_mode=mode))
    def call(case: schemathesis.Case) -> None:
        if mode is GenerationMode.POSITIVE:
            case.path_parameters = _with_real_ids(case.path_parameters) or {}
        reply = case.call(base_url=api.origin, session=session, headers=dict(api.headers))
        case.validate_response(reply, checks=CHECKS)

    with session:
        call()
