"""Airflow's example DAG files: which import, and why the others do not yet.

A file that is not in ``REASONS`` imports without errors. The reasons belong to the features that
the next release completes; a file leaves this table when its feature works.
"""

from __future__ import annotations

MAPPING = "NotSupportedYet: dynamic task mapping"
ASSETS = "NotSupportedYet: scheduling by assets"
DEFERRAL = "NotSupportedYet: deferral"

REASONS: dict[str, str] = {
    "example_asset_alias": ASSETS,
    "example_asset_alias_with_no_taskflow": ASSETS,
    "example_asset_allow_teams": ASSETS,
    "example_asset_decorator": "NotSupportedYet: @asset",
    "example_asset_partition": "NotSupportedYet: partitions",
    "example_asset_state_store": ASSETS,
    "example_asset_with_watchers": DEFERRAL,
    "example_assets": ASSETS,
    "example_branch_operator": "NotSupportedYet: BranchExternalPythonOperator",
    "example_branch_operator_decorator": "NotSupportedYet: @task.branch_external_python",
    "example_dynamic_task_mapping": MAPPING,
    "example_dynamic_task_mapping_with_no_taskflow_operators": MAPPING,
    "example_external_task_parent_deferrable": DEFERRAL,
    "example_hitl_operator": "NotSupportedYet: HITLEntryOperator",
    "example_params_trigger_ui": MAPPING,
    "example_python_decorator": "NotSupportedYet: @task.virtualenv",
    "example_python_operator": "NotSupportedYet: PythonVirtualenvOperator",
    "example_retry_policy": "NotSupportedYet: retry policies",
    "example_sensors": DEFERRAL,
    "example_task_state_store_mapped": MAPPING,
    "example_time_delta_sensor_async": DEFERRAL,
    "tutorial_objectstorage": "NotSupportedYet: object storage",
    "tutorial_taskflow_api_virtualenv": "NotSupportedYet: @task.virtualenv",
}

NO_DAGS = {
    "example_kubernetes_executor": "defines its DAG only where the Kubernetes provider is",
    "example_local_kubernetes_executor": "defines its DAG only where the Kubernetes provider is",
}
"""Files that import and, as under Airflow without that provider, define nothing."""
