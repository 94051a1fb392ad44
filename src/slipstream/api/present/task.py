"""Tasks in replies: a spec's tasks, with the defaults that the spec leaves out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from slipstream.spec import DagSpec, ParamSpec, TaskSpec

_RETRY_DELAY_S = 300.0


def present_params(
    params: dict[str, ParamSpec] | None, source: str | None = None
) -> dict[str, Any]:
    """Return params by name; ``source`` says whose they are where a task shows its DAG's too."""
    return {
        name: {
            "value": param.get("value"),
            "schema": param.get("schema", {}),
            "description": param.get("description"),
            "source": source,
        }
        for name, param in (params or {}).items()
    }


def present(task: TaskSpec, dag: DagSpec) -> dict[str, Any]:
    execution_timeout_s = task.get("execution_timeout_s")
    return {
        "task_id": task["task_id"],
        "task_display_name": task.get("display_name", task["task_id"]),
        "owner": task.get("owner", "airflow"),
        "start_date": _date(task.get("start_date", dag.get("start_date"))),
        "end_date": _date(task.get("end_date", dag.get("end_date"))),
        "trigger_rule": task.get("trigger_rule", "all_success"),
        "depends_on_past": task.get("depends_on_past", False),
        "wait_for_downstream": task.get("wait_for_downstream", False),
        "retries": float(task.get("retries", 0)),
        "queue": task.get("queue", "default"),
        "pool": task.get("pool", "default_pool"),
        "pool_slots": float(task.get("pool_slots", 1)),
        "execution_timeout": None if execution_timeout_s is None else _delta(execution_timeout_s),
        "retry_delay": _delta(task.get("retry_delay_s", _RETRY_DELAY_S)),
        "retry_exponential_backoff": float(task.get("retry_exponential_backoff", 0)),
        "priority_weight": float(task.get("priority_weight", 1)),
        "weight_rule": task.get("weight_rule", "downstream"),
        "ui_color": task.get("ui_color", "#fff"),
        "ui_fgcolor": task.get("ui_fgcolor", "#000"),
        "template_fields": task.get("template_fields", []),
        "downstream_task_ids": sorted(task.get("downstream", [])),
        "doc_md": task.get("doc_md"),
        "operator_name": task.get("operator_name", task["type"]),
        "params": present_params(dag.get("params"), "dag")
        | present_params(task.get("params"), "task"),
        "class_ref": {"module_path": task["module"], "class_name": task["type"]},
        "is_mapped": "mapped" in task,
        "extra_links": sorted(task.get("extra_links", ())),
    }


def _date(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _delta(seconds: float) -> dict[str, Any]:
    delta = timedelta(seconds=seconds)
    return {
        "__type": "TimeDelta",
        "days": delta.days,
        "seconds": delta.seconds,
        "microseconds": delta.microseconds,
    }
