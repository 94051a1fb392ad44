"""Airflow's official Python client, whose models are strict, works on these endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import airflow_client.client as official
import pytest
from airflow_client.client import ApiClient, ApiException, Configuration
from airflow_client.client.api.config_api import ConfigApi
from airflow_client.client.api.connection_api import ConnectionApi
from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.dag_run_api import DagRunApi
from airflow_client.client.api.dag_source_api import DagSourceApi
from airflow_client.client.api.dag_stats_api import DagStatsApi
from airflow_client.client.api.dag_version_api import DagVersionApi
from airflow_client.client.api.event_log_api import EventLogApi
from airflow_client.client.api.import_error_api import ImportErrorApi
from airflow_client.client.api.job_api import JobApi
from airflow_client.client.api.monitor_api import MonitorApi
from airflow_client.client.api.pool_api import PoolApi
from airflow_client.client.api.task_api import TaskApi
from airflow_client.client.api.task_instance_api import TaskInstanceApi
from airflow_client.client.api.variable_api import VariableApi
from airflow_client.client.api.version_api import VersionApi
from airflow_client.client.api.x_com_api import XComApi
from tests.api.running import Api


@pytest.fixture
def client(filled: Api) -> Iterator[ApiClient]:
    configuration = Configuration(host=filled.origin)
    configuration.access_token = filled.login("admin")
    with ApiClient(configuration) as opened:
        yield opened
        opened.rest_client.pool_manager.clear()


def test_dags_are_listed_read_and_paused(client: ApiClient) -> None:
    dags = DAGApi(client)
    listed = dags.get_dags(limit=10, order_by=["-dag_id"], tags=["etl"])
    assert [d.dag_id for d in listed.dags] == ["sales"]
    assert listed.total_entries == 1
    details = dags.get_dag_details("sales")
    assert details.latest_dag_version is not None
    assert details.latest_dag_version.version_number == 1
    assert dags.patch_dag("sales", official.DAGPatchBody(is_paused=True)).is_paused
    assert dags.get_dag("sales").is_paused
    assert dags.get_dag_tags().tags == ["etl", "shop"]
    patched = dags.patch_dags(official.DAGPatchBody(is_paused=True), dag_id_pattern="~")
    assert patched.total_entries == 2


def test_tasks_are_listed(client: ApiClient) -> None:
    found = TaskApi(client).get_tasks("sales")
    assert [t.task_id for t in found.tasks] == ["extract", "load", "tell"]
    timeout = found.tasks[0].execution_timeout
    assert timeout is not None
    assert (timeout.days, timeout.seconds, timeout.microseconds) == (1, 3661, 500_000)
    assert TaskApi(client).get_task("sales", "load").is_mapped


def test_a_run_is_triggered_read_patched_cleared_and_deleted(client: ApiClient) -> None:
    runs = DagRunApi(client)
    body = official.TriggerDAGRunPostBody(logical_date=None, conf={"a": 1}, note="hi")
    run = runs.trigger_dag_run("sales", body)
    assert run.state == "queued"
    assert run.conf == {"a": 1}
    assert runs.get_dag_run("sales", run.dag_run_id).note == "hi"
    found = runs.get_dag_runs("~", state=["queued"], order_by=["-run_after"], limit=1)
    assert found.dag_runs[0].dag_run_id == run.dag_run_id
    marked = runs.patch_dag_run("sales", run.dag_run_id, official.DAGRunPatchBody(state="failed"))
    assert marked.state == "failed"
    cleared = runs.clear_dag_run("sales", run.dag_run_id, official.DAGRunClearBody(dry_run=False))
    assert cleared.actual_instance.state == "queued"
    batch = runs.get_list_dag_runs_batch("~", official.DAGRunsBatchBody(dag_ids=["sales"]))
    assert batch.total_entries == 3
    runs.delete_dag_run("sales", run.dag_run_id)
    with pytest.raises(ApiException) as e:
        runs.get_dag_run("sales", run.dag_run_id)
    assert e.value.status == 404


def test_runs_are_paged_by_cursor(client: ApiClient) -> None:
    runs = DagRunApi(client)
    first = runs.get_dag_runs("~", cursor="", limit=1)
    second = runs.get_dag_runs("~", cursor=first.next_cursor, limit=1)
    assert first.dag_runs[0].dag_run_id != second.dag_runs[0].dag_run_id
    assert second.next_cursor is None
    back = runs.get_dag_runs("~", cursor=second.previous_cursor, limit=1)
    assert back.dag_runs[0].dag_run_id == first.dag_runs[0].dag_run_id


def test_task_instances_are_listed_marked_and_cleared(client: ApiClient) -> None:
    tis = TaskInstanceApi(client)
    listed = tis.get_task_instances("sales", "done")
    assert {(t.task_id, t.map_index) for t in listed.task_instances} >= {("load", 0), ("load", 1)}
    extract = tis.get_task_instance("sales", "done", "extract")
    assert extract.state == "success"
    assert extract.rendered_fields == {"bash_command": "date"}
    assert tis.get_mapped_task_instance("sales", "done", "load", 1).task_display_name == "Load it"
    assert tis.get_mapped_task_instances("sales", "done", "load").total_entries == 2
    tries = tis.get_task_instance_tries("sales", "done", "extract")
    assert [(t.try_number, t.state) for t in tries.task_instances] == [
        (1, "failed"),
        (2, "success"),
    ]
    body = official.PatchTaskInstanceBody(new_state="failed")
    assert tis.patch_task_instance_dry_run("sales", "done", "extract", body).total_entries == 1
    marked = tis.patch_task_instance("sales", "done", "extract", body)
    assert marked.task_instances[0].state == "failed"
    clear = official.ClearTaskInstancesBody(dag_run_id="done", dry_run=True)
    would = tis.post_clear_task_instances("sales", clear)
    assert [t.task_id for t in would.task_instances] == ["extract"]
    clear = official.ClearTaskInstancesBody(dag_run_id="done", dry_run=False)
    assert tis.post_clear_task_instances("sales", clear).total_entries == 1
    assert tis.get_task_instance("sales", "done", "extract").state != "failed"
    batch = tis.get_task_instances_batch("~", "~", official.TaskInstancesBatchBody(page_limit=1))
    assert len(batch.task_instances) == 1


def test_logs_are_read(client: ApiClient) -> None:
    log = TaskInstanceApi(client).get_log("sales", "done", "extract", 2, accept="application/json")
    events = [m.event for m in log.content.actual_instance]
    assert events[0] == "::group::Log message source details"
    assert events[2:] == ["::endgroup::", "line 0", "line 1", "line 2", "raw <output>"]


def test_xcoms_are_read_and_written(client: ApiClient) -> None:
    xcoms = XComApi(client)
    of = {"dag_id": "sales", "dag_run_id": "done", "task_id": "extract"}
    assert xcoms.get_xcom_entries(**of).total_entries == 1
    value = xcoms.get_xcom_entry(**of, xcom_key="return_value").actual_instance.value
    assert value == {"rows": 3}
    body = official.XComCreateBody(key="k", value=[1])
    assert xcoms.create_xcom_entry(**of, x_com_create_body=body).value == [1]
    change = official.XComUpdateBody(value="x")
    assert xcoms.update_xcom_entry(**of, xcom_key="k", x_com_update_body=change).value == "x"
    xcoms.delete_xcom_entry(**of, xcom_key="k")


def test_what_people_set_up_is_managed(client: ApiClient) -> None:
    variables, connections, pools = VariableApi(client), ConnectionApi(client), PoolApi(client)
    body = official.VariableBody(key="k", value={"a": 1}, description="d")
    assert variables.post_variable(body).value == '{"a": 1}'
    assert variables.get_variables(variable_key_pattern="k").total_entries == 1
    variables.delete_variable("k")
    given = official.ConnectionBody(connection_id="c", conn_type="http", password="secret")
    assert connections.post_connection(given).password == "***"
    assert connections.get_connections().total_entries == 1
    assert pools.post_pool(official.PoolBody(name="p", slots=2)).open_slots == 2
    assert {p.name for p in pools.get_pools().pools} == {"default_pool", "p"}


def test_the_rest_is_read(client: ApiClient) -> None:
    assert VersionApi(client).get_version().version == "3.3.2"
    assert MonitorApi(client).get_health().metadatabase.status == "healthy"
    assert ImportErrorApi(client).get_import_errors().import_errors[0].filename
    assert DagVersionApi(client).get_dag_versions("sales").total_entries == 1
    assert DagSourceApi(client).get_dag_source("sales").content == "# sales\n"
    stats = DagStatsApi(client).get_dag_stats(["sales"]).dags[0].stats
    assert {s.state: s.count for s in stats}["success"] == 1
    jobs = JobApi(client).get_jobs().jobs
    assert jobs[0].job_type == "DagProcessorJob"
    assert isinstance(jobs[0].start_date, datetime)
    assert EventLogApi(client).get_event_logs(owner="ann").event_logs[0].event == "cli_trigger"
    with pytest.raises(ApiException) as e:
        ConfigApi(client).get_config()
    assert e.value.status == 403
