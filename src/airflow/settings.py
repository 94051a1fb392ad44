"""``airflow.settings``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.setting import (
    AIRFLOW_HOME,
    DAGS_FOLDER,
    PLUGINS_FOLDER,
    TIMEZONE,
    Session,
    engine,
    pod_mutation_hook,
    task_instance_mutation_hook,
)

__all__ = [
    "AIRFLOW_HOME",
    "DAGS_FOLDER",
    "PLUGINS_FOLDER",
    "Session",
    "TIMEZONE",
    "engine",
    "pod_mutation_hook",
    "task_instance_mutation_hook",
]
