"""Every method of Airflow's official client whose path we have, once, against what is there.

The client's models are strict: a field that is missing or of another type raises.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import airflow_client.client as official
import pytest
from airflow_client.client import ApiClient, ApiException, Configuration
from airflow_client.client import api as apis
from tests.api.build import DAG
from tests.api.running import Api

from slipstream.api import openapi

RUN = {"dag_id": DAG, "dag_run_id": "done"}
TI = {**RUN, "task_id": "extract"}
MAPPED = {**RUN, "task_id": "load", "map_index": 1}
ANY = {"dag_id": "~", "dag_run_id": "~"}
XCOM = {**TI, "xcom_key": "k"}
DAY = datetime(2026, 2, 1, tzinfo=UTC)

FAILED = official.PatchTaskInstanceBody(new_state="failed")
CONNECTION = official.ConnectionBody(connection_id="c", conn_type="http", password="x")
VARIABLE = official.VariableBody(key="v", value={"a": 1})
POOL = official.PoolBody(name="p", slots=2)
BACKFILL = official.BackfillPostBody(dag_id=DAG, from_date=DAY, to_date=DAY)


def _delete(kind: str, *keys: str) -> Any:
    action = {"action": "delete", "entities": list(keys), "action_on_non_existence": "skip"}
    return getattr(official, f"BulkBody{kind}").from_dict({"actions": [action]})


# Clearing is not tried as a dry run: the client takes a task instance for either of two models that
# may stand there, and refuses what fits both.
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("Version.get_version", {}),
    ("Monitor.get_health", {}),
    ("DAG.get_dags", {}),
    ("DAG.get_dag", {"dag_id": DAG}),
    ("DAG.get_dag_details", {"dag_id": DAG}),
    ("DAG.get_dag_tags", {}),
    ("DAG.favorite_dag", {"dag_id": DAG}),
    ("DAG.unfavorite_dag", {"dag_id": DAG}),
    ("DAG.patch_dag", {"dag_id": DAG, "dag_patch_body": official.DAGPatchBody(is_paused=False)}),
    ("DAG.patch_dags", {"dag_patch_body": official.DAGPatchBody(is_paused=False)}),
    ("Task.get_tasks", {"dag_id": DAG}),
    ("Task.get_task", {"dag_id": DAG, "task_id": "load"}),
    ("DagStats.get_dag_stats", {}),
    ("DagSource.get_dag_source", {"dag_id": DAG, "accept": "application/json"}),
    ("DagVersion.get_dag_versions", {"dag_id": DAG}),
    ("DagVersion.get_dag_version", {"dag_id": DAG, "version_number": 1}),
    ("DagWarning.list_dag_warnings", {}),
    ("ImportError.get_import_errors", {}),
    ("ImportError.get_import_error", {"import_error_id": 1}),
    ("EventLog.get_event_logs", {}),
    ("EventLog.get_event_log", {"event_log_id": 1}),
    ("Job.get_jobs", {}),
    ("Plugin.get_plugins", {}),
    ("Plugin.import_errors", {}),
    ("Provider.get_providers", {}),
    ("Config.get_config", {"accept": "application/json"}),
    ("Config.get_config_value", {"section": "core", "option": "parallelism"}),
    ("DagRun.get_dag_runs", {"dag_id": DAG}),
    ("DagRun.get_dag_run", RUN),
    (
        "DagRun.get_list_dag_runs_batch",
        {"dag_id": "~", "dag_runs_batch_body": official.DAGRunsBatchBody(dag_ids=[DAG])},
    ),
    ("DagRun.wait_dag_run_until_finished", {**RUN, "interval": 1.0}),
    ("Experimental.wait_dag_run_until_finished", {**RUN, "interval": 1.0, "result": ["extract"]}),
    ("TaskInstance.get_task_instances", RUN),
    ("TaskInstance.get_task_instance", TI),
    ("TaskInstance.get_mapped_task_instance", MAPPED),
    ("TaskInstance.get_mapped_task_instances", {**RUN, "task_id": "load"}),
    ("TaskInstance.get_task_instance_tries", TI),
    ("TaskInstance.get_task_instance_try_details", {**TI, "task_try_number": 1}),
    ("TaskInstance.get_mapped_task_instance_tries", MAPPED),
    ("TaskInstance.get_mapped_task_instance_try_details", {**MAPPED, "task_try_number": 1}),
    ("TaskInstance.get_task_instance_dependencies", TI),
    ("TaskInstance.get_task_instance_dependencies_by_map_index", MAPPED),
    ("TaskInstance.get_extra_links", TI),
    ("ExtraLinks.get_extra_links", TI),
    ("TaskInstance.get_log", {**TI, "try_number": 2, "accept": "application/json"}),
    ("TaskInstance.get_external_log_url", {**TI, "try_number": 1}),
    (
        "TaskInstance.get_task_instances_batch",
        {**ANY, "task_instances_batch_body": official.TaskInstancesBatchBody(dag_ids=[DAG])},
    ),
    ("XCom.get_xcom_entries", TI),
    ("XCom.get_xcom_entry", {**TI, "xcom_key": "return_value"}),
    (
        "XCom.create_xcom_entry",
        {**TI, "x_com_create_body": official.XComCreateBody(key="k", value=[1])},
    ),
    ("XCom.update_xcom_entry", {**XCOM, "x_com_update_body": official.XComUpdateBody(value=2)}),
    ("XCom.delete_xcom_entry", XCOM),
    ("Connection.post_connection", {"connection_body": CONNECTION}),
    ("Connection.get_connections", {}),
    ("Connection.get_connection", {"connection_id": "c"}),
    ("Connection.patch_connection", {"connection_id": "c", "connection_body": CONNECTION}),
    ("Connection.test_connection", {"connection_body": CONNECTION}),
    ("Connection.create_default_connections", {}),
    ("Connection.delete_connection", {"connection_id": "c"}),
    (
        "Connection.bulk_connections",
        {"bulk_body_connection_body": _delete("ConnectionBody", "fs_default")},
    ),
    ("Variable.post_variable", {"variable_body": VARIABLE}),
    ("Variable.get_variables", {}),
    ("Variable.get_variable", {"variable_key": "v"}),
    ("Variable.patch_variable", {"variable_key": "v", "variable_body": VARIABLE}),
    ("Variable.delete_variable", {"variable_key": "v"}),
    ("Variable.bulk_variables", {"bulk_body_variable_body": _delete("VariableBody", "x")}),
    ("Pool.post_pool", {"pool_body": POOL}),
    ("Pool.get_pools", {}),
    ("Pool.get_pool", {"pool_name": "p"}),
    ("Pool.patch_pool", {"pool_name": "p", "pool_patch_body": official.PoolPatchBody(slots=3)}),
    ("Pool.delete_pool", {"pool_name": "p"}),
    ("Pool.bulk_pools", {"bulk_body_pool_body": _delete("PoolBody", "x")}),
    ("Backfill.create_backfill_dry_run", {"backfill_post_body": BACKFILL}),
    ("Backfill.create_backfill", {"backfill_post_body": BACKFILL}),
    ("Backfill.list_backfills", {"dag_id": DAG}),
    ("Backfill.get_backfill", {"backfill_id": 1}),
    ("Backfill.pause_backfill", {"backfill_id": 1}),
    ("Backfill.unpause_backfill", {"backfill_id": 1}),
    ("Backfill.cancel_backfill", {"backfill_id": 1}),
    (
        "DagRun.trigger_dag_run",
        {
            "dag_id": DAG,
            "trigger_dag_run_post_body": official.TriggerDAGRunPostBody(
                dag_run_id="mine", logical_date=None
            ),
        },
    ),
    (
        "DagRun.patch_dag_run",
        {
            "dag_id": DAG,
            "dag_run_id": "mine",
            "dag_run_patch_body": official.DAGRunPatchBody(state="failed", note="n"),
        },
    ),
    (
        "DagRun.clear_dag_run",
        {**RUN, "dag_run_clear_body": official.DAGRunClearBody(dry_run=False)},
    ),
    (
        "DagRun.clear_dag_runs",
        {
            "dag_id": DAG,
            "bulk_dag_run_clear_body": official.BulkDAGRunClearBody(
                dag_runs=[official.BulkDAGRunBody(dag_run_id="done")], dry_run=False
            ),
        },
    ),
    (
        "DagRun.bulk_dag_runs",
        {"dag_id": DAG, "bulk_body_bulk_dag_run_body": _delete("BulkDAGRunBody", "x")},
    ),
    ("DagRun.delete_dag_run", {"dag_id": DAG, "dag_run_id": "mine"}),
    ("TaskInstance.patch_task_instance_dry_run", {**TI, "patch_task_instance_body": FAILED}),
    ("TaskInstance.patch_task_instance", {**TI, "patch_task_instance_body": FAILED}),
    (
        "TaskInstance.patch_task_instance_dry_run_by_map_index",
        {**MAPPED, "patch_task_instance_body": FAILED},
    ),
    (
        "TaskInstance.patch_task_instance_by_map_index",
        {**MAPPED, "patch_task_instance_body": FAILED},
    ),
    (
        "TaskInstance.patch_task_group_instances_dry_run",
        {**RUN, "group_id": "middle", "patch_task_instance_body": FAILED},
    ),
    (
        "TaskInstance.patch_task_group_instances",
        {**RUN, "group_id": "middle", "patch_task_instance_body": FAILED},
    ),
    (
        "TaskInstance.post_clear_task_instances",
        {
            "dag_id": DAG,
            "clear_task_instances_body": official.ClearTaskInstancesBody(
                dag_run_id="done", dry_run=False
            ),
        },
    ),
    (
        "TaskInstance.bulk_task_instances",
        {**RUN, "bulk_body_bulk_task_instance_body": _delete("BulkTaskInstanceBody", "x")},
    ),
    ("TaskInstance.delete_task_instance", TI),
    ("DAGParsing.reparse_dag_file", {"file_token": "taken from the DAG"}),
    ("DAG.delete_dag", {"dag_id": "quiet"}),
]
REFUSED = {
    "Config.get_config": 403,
    "Config.get_config_value": 403,
    "Connection.test_connection": 403,
    "TaskInstance.get_external_log_url": 400,
}
"""As Airflow with its own defaults."""
NOTHING = {
    *("DAG.favorite_dag", "DAG.unfavorite_dag", "DAG.delete_dag", "DAGParsing.reparse_dag_file"),
    *("Connection.create_default_connections", "Connection.delete_connection"),
    *("Variable.delete_variable", "Pool.delete_pool", "XCom.delete_xcom_entry"),
    *("DagRun.delete_dag_run", "TaskInstance.delete_task_instance"),
}
"""These return nothing."""
OTHERS = {"Login.login", "Login.logout"}
"""For browsers: they lead to a page."""


@pytest.fixture
def client(filled: Api) -> Iterator[ApiClient]:
    configuration = Configuration(host=filled.origin)
    configuration.access_token = filled.login("admin")
    with ApiClient(configuration) as opened:
        yield opened
        opened.rest_client.pool_manager.clear()


def _methods() -> Iterator[tuple[str, Any]]:
    for name, kind in vars(apis).items():
        if not inspect.isclass(kind) or not name.endswith("Api"):
            continue
        for method, _ in inspect.getmembers(kind, inspect.isfunction):
            if not method.startswith("_") and not method.endswith(
                ("_with_http_info", "_without_preload_content")
            ):
                yield f"{name.removesuffix('Api')}.{method}", kind


def test_every_method_whose_path_we_have_is_called() -> None:
    document = json.loads(openapi.text())
    ours = {op["operationId"] for path in document["paths"].values() for op in path.values()}
    wanted = {name for name, _ in _methods() if name.partition(".")[2] in ours}
    assert wanted - {name for name, _ in CALLS} == OTHERS & wanted


def test_methods_return_their_models(client: ApiClient, filled: Api) -> None:
    # The client's own model refuses a link that is not made yet, which Airflow says as null.
    for key in ("_link_Report", "_link_LogBook"):
        path = "/dags/sales/dagRuns/done/taskInstances/extract/xcomEntries"
        filled.ok("POST", path, json={"key": key, "value": "https://x.example/"}, status=201)
    kinds = dict(_methods())
    for name, arguments in CALLS:
        method = getattr(kinds[name](client), name.partition(".")[2])
        if name.endswith("reparse_dag_file"):
            arguments = {"file_token": kinds["DAG.get_dag"](client).get_dag(DAG).file_token}
        if name in REFUSED:
            with pytest.raises(ApiException) as refused:
                method(**arguments)
            assert refused.value.status == REFUSED[name], name
            continue
        try:
            answer = method(**arguments)
        except Exception as error:
            raise AssertionError(f"{name} is not what the client expects: {error!r}") from error
        assert (answer is None) == (name in NOTHING), f"{name} returned {answer!r}"
