"""Cluster policies: functions in ``airflow_local_settings.py`` that see every DAG and task.

``dag_policy(dag)``, ``task_policy(task)`` and ``task_instance_mutation_hook(ti)`` may change what
they get, or raise AirflowClusterPolicyViolation. The file is looked up on ``sys.path`` (the
``config`` folder is there).
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

from slipstream.sdk.exceptions import (
    AirflowClusterPolicyError,
    AirflowClusterPolicySkipDag,
    AirflowClusterPolicyViolation,
)

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG

MODULE = "airflow_local_settings"
_NAMES = ("dag_policy", "task_policy", "task_instance_mutation_hook", "policy")


@functools.cache
def _policies() -> dict[str, Any]:
    if importlib.util.find_spec(MODULE) is None:
        return {}
    module = importlib.import_module(MODULE)
    return {name: found for name in _NAMES if callable(found := getattr(module, name, None))}


def apply(dag: DAG) -> None:
    """Show the DAG and its tasks to the policies.

    :raises AirflowClusterPolicyViolation: a policy refuses it
    :raises AirflowClusterPolicySkipDag: a policy leaves it out
    :raises AirflowClusterPolicyError: a policy failed
    """
    policies = _policies()
    if not policies:
        return
    task_policy = policies.get("task_policy") or policies.get("policy")
    try:
        if task_policy is not None:
            for task in dag.tasks:
                task_policy(task)
        if "dag_policy" in policies:
            policies["dag_policy"](dag)
    except (AirflowClusterPolicyViolation, AirflowClusterPolicySkipDag):
        raise
    except Exception as e:
        raise AirflowClusterPolicyError(
            f"a cluster policy in {MODULE}.py failed on DAG {dag.dag_id!r}: {type(e).__name__}: {e}"
        ) from e


def has_instance_hook() -> bool:
    """Whether ``mutate_task_instance`` shows task instances to user code."""
    return "task_instance_mutation_hook" in _policies()


def mutate_task_instance(ti: Any) -> None:
    """Show a task instance to ``task_instance_mutation_hook`` before it runs."""
    hook = _policies().get("task_instance_mutation_hook")
    if hook is not None:
        hook(ti)
