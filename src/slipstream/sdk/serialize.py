"""From an author's DAG to the DAG spec, the only form that the engine reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from slipstream.sdk import operator_defaults
from slipstream.sdk.exceptions import SerializationError
from slipstream.sdk.operator import DEFAULT_OWNER, DEFAULT_POOL, DEFAULT_QUEUE, DEFAULT_RETRY_DELAY
from slipstream.sdk.param import Param, ParamsDict
from slipstream.sdk.public_name import public_module
from slipstream.sdk.readable import readable
from slipstream.sdk.timezone import timezone_name
from slipstream.spec import SPEC_VERSION, DagSpec, GroupSpec, ParamSpec, TaskSpec
from slipstream.state import TriggerRule, WeightRule

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.operator import BaseOperator
    from slipstream.sdk.taskgroup import TaskGroup


def dag_to_spec(dag: DAG, relative_fileloc: str) -> DagSpec:
    """Return the DAG's spec.

    :raises SerializationError: something in it has no JSON form
    :raises AirflowException: the DAG is not valid (cycle, timetable, params)
    """
    dag.validate()
    timetable = dag.timetable
    fields: dict[str, Any] = {
        "display_name": dag.dag_display_name if dag.dag_display_name != dag.dag_id else None,
        "description": dag.description,
        "doc_md": _doc_md(dag),
        "owners": sorted({t.owner for t in dag.tasks}),
        "owner_links": dag.owner_links,
        "tags": sorted(dag.tags),
        "timezone": timezone_name(dag.plain_timezone),
        "start_date": _iso(dag.__dict__["_start_date"]),
        "end_date": _iso(dag.__dict__["_end_date"]),
        "timetable_summary": timetable.summary,
        "timetable_description": timetable.description,
        "catchup": dag.catchup,
        "max_consecutive_failed_dag_runs": dag.max_consecutive_failed_dag_runs,
        "dagrun_timeout_s": _seconds(dag.dagrun_timeout),
        "fail_fast": dag.fail_fast,
        "allowed_run_types": sorted(str(t) for t in dag.allowed_run_types or ()),
        "render_template_as_native_obj": dag.render_template_as_native_obj,
        "params": _params(dag.params),
        "default_args": readable(dag.default_args),
        "callbacks": [n for n in ("success", "failure") if getattr(dag, f"on_{n}_callback")],
        "groups": [_group_to_spec(g) for g in dag.task_group.iter_groups()],
        "edge_labels": _edge_labels(dag),
    }
    spec = {k: v for k, v in fields.items() if v}
    if dag.is_paused_upon_creation is not None:
        spec["is_paused_upon_creation"] = dag.is_paused_upon_creation
    if dag.access_control is not None:  # an empty one takes all permissions on the DAG away
        spec["access_control"] = dag.access_control
    if spec.get("timezone") == "UTC":
        del spec["timezone"]
    spec.update(
        spec=SPEC_VERSION,
        dag_id=dag.dag_id,
        relative_fileloc=relative_fileloc,
        timetable=timetable.to_spec(),
        max_active_tasks=dag.max_active_tasks,
        max_active_runs=dag.max_active_runs,
        tasks=[task_to_spec(t) for t in dag.canonical_sort()],
    )
    return cast(DagSpec, _jsonable(spec, f"DAG {dag.dag_id!r}"))


def spec_hash(spec: DagSpec) -> str:
    """Return the sha256 of the spec's canonical JSON."""
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def task_to_spec(task: BaseOperator) -> TaskSpec:
    """Return a task's spec; keys at their default are left out."""
    fields: dict[str, Any] = {
        "operator_name": task.operator_name if task.operator_name != task.task_type else None,
        "display_name": task._task_display_name,
        "downstream": sorted(task.downstream_task_ids),
        "group": task.task_group.group_id if task.task_group is not None else None,
        "owner": task.owner if task.owner != DEFAULT_OWNER else None,
        "retries": task.retries,
        "retry_exponential_backoff": _backoff(task.retry_exponential_backoff),
        "max_retry_delay_s": _seconds(_longest_delay(task)),
        "execution_timeout_s": _seconds(task.execution_timeout),
        "trigger_rule": _unless(task.trigger_rule, TriggerRule.ALL_SUCCESS),
        "depends_on_past": task.depends_on_past,
        "ignore_first_depends_on_past": task.ignore_first_depends_on_past,
        "wait_for_past_depends_before_skipping": task.wait_for_past_depends_before_skipping,
        "wait_for_downstream": task.wait_for_downstream,
        "weight_rule": _weight_rule(task),
        "pool": _unless(task.pool, DEFAULT_POOL),
        "queue": _unless(task.queue, DEFAULT_QUEUE),
        "executor": task.executor,
        "max_active_tis_per_dag": task.max_active_tis_per_dag,
        "max_active_tis_per_dagrun": task.max_active_tis_per_dagrun,
        # A task that adds nothing to its DAG's bounds has none of its own here.
        "start_date": _iso(_own(task, "_start_date")),
        "end_date": _iso(_own(task, "_end_date")),
        "no_op": is_no_op(task),
        "is_setup": task.is_setup,
        "is_teardown": task.is_teardown,
        "on_failure_fail_dagrun": task.on_failure_fail_dagrun,
        "map_index_template": task.map_index_template,
        "is_sensor": task.is_sensor,
        "deferrable": bool(getattr(task, "deferrable", False)),
        "multiple_outputs": task.multiple_outputs,
        "callbacks": [
            n
            for n in ("execute", "success", "failure", "retry", "skipped")
            if getattr(task, f"on_{n}_callback")
        ],
        "template_fields": _in_order(task.template_fields),
        "template_fields_renderers": dict(task.template_fields_renderers),
        "params": _params(_own_params(task)),
        "inlets": [_asset(a) for a in task.inlets],
        "outlets": [_asset(a) for a in task.outlets],
        "extra_links": {str(link.name): link.xcom_key for link in task.operator_extra_links},
        "ui_color": _unless(task.ui_color, "#fff"),
        "ui_fgcolor": _unless(task.ui_fgcolor, "#000"),
    }
    fields.update(
        {k: getattr(task, k) for k in ("doc", "doc_md", "doc_json", "doc_yaml", "doc_rst")}
    )
    spec = {k: v for k, v in fields.items() if v}
    if task.retry_delay != DEFAULT_RETRY_DELAY:
        spec["retry_delay_s"] = task.retry_delay.total_seconds()
    if (weight := _priority_weight(task)) != 1:
        spec["priority_weight"] = weight
    if task.pool_slots != 1:
        spec["pool_slots"] = task.pool_slots
    if not task.do_xcom_push:
        spec["do_xcom_push"] = False
    spec.update(task_id=task.task_id, type=task.task_type, module=public_module(type(task)))
    return cast(TaskSpec, _jsonable(spec, f"task {task.task_id!r} of DAG {task.dag_id!r}"))


def _longest_delay(task: BaseOperator) -> timedelta | None:
    """Return the bound of growing delays; None for the engine's own, a day."""
    longest = operator_defaults.longest_retry_delay()
    if longest == operator_defaults.LONGEST_RETRY_DELAY:
        return task.max_retry_delay
    return min(longest, task.max_retry_delay or longest)


def is_no_op(task: BaseOperator) -> bool:
    """Return whether the engine may complete the task without a process."""
    return (
        task.inherits_from_empty_operator
        and not task.outlets
        and not (task.on_execute_callback or task.on_success_callback)
        and not (task._pre_execute_hook or task._post_execute_hook)
        and task.start_trigger_args is None
    )


def _group_to_spec(group: TaskGroup) -> GroupSpec:
    parent = group.parent_group
    fields: dict[str, Any] = {
        "parent": parent.group_id if parent is not None else None,
        "label": group.label if group.label != group.group_id else None,
        "display_name": group.group_display_name,
        "tooltip": group.tooltip,
        "doc_md": group.doc_md,
        "ui_color": _unless(group.ui_color, "CornflowerBlue"),
        "ui_fgcolor": _unless(group.ui_fgcolor, "#000"),
    }
    spec = {k: v for k, v in fields.items() if v}
    if not group.prefix_group_id:
        spec["prefix_group_id"] = False
    return cast(GroupSpec, {"group_id": group.group_id, **spec})


def _edge_labels(dag: DAG) -> dict[str, dict[str, str]]:
    labels: dict[str, dict[str, str]] = {}
    for up, downs in sorted(dag.edge_info.items()):
        found = {down: info["label"] for down, info in sorted(downs.items()) if "label" in info}
        if found:
            labels[up] = found
    return labels


def _doc_md(dag: DAG) -> str | None:
    """Return the documentation; ``doc_md="notes.md"`` names a file beside the DAG's."""
    text = dag.doc_md
    if text is None or not text.endswith(".md") or "\n" in text:
        return text.strip("\n") if text else text
    from jinja2 import TemplateNotFound

    from slipstream.sdk.jinja import create_environment  # heavy, and few DAGs name a file

    env = create_environment(dag, native=False)
    assert env.loader is not None
    try:
        return env.loader.get_source(env, text)[0]
    except TemplateNotFound:
        return text


def _params(params: ParamsDict | Mapping[str, Param]) -> dict[str, ParamSpec]:
    items = params.as_params() if isinstance(params, ParamsDict) else params
    specs: dict[str, ParamSpec] = {}
    for name, param in items.items():
        spec: dict[str, Any] = {}
        if param.has_value:
            spec["value"] = param.value
        if param.schema:
            spec["schema"] = param.schema
        if param.description:
            spec["description"] = param.description
        specs[name] = cast(ParamSpec, spec)
    return specs


def _in_order(names: Collection[str]) -> list[str]:
    """Return the names as the author ordered them; sorted, if they have no order."""
    return sorted(names) if isinstance(names, AbstractSet) else list(names)


def _own_params(task: BaseOperator) -> dict[str, Param]:
    """Return the task's params that are not just the DAG's."""
    of_dag = task.dag.params.as_params() if task.has_dag() else {}
    return {k: p for k, p in task.params.as_params().items() if of_dag.get(k) is not p}


def _asset(asset: Any) -> Any:
    return asset.to_spec() if hasattr(asset, "to_spec") else str(asset)


def _weight_rule(task: BaseOperator) -> str | None:
    if not isinstance(task.weight_rule, WeightRule):
        return WeightRule.ABSOLUTE.value
    return None if task.weight_rule is WeightRule.DOWNSTREAM else task.weight_rule.value


def _priority_weight(task: BaseOperator) -> int:
    """Return the weight; that of a strategy of the user's is asked for once, for a first try.

    The scheduler never runs user code, so a strategy cannot look at later tries.
    """
    if isinstance(task.weight_rule, WeightRule):
        return task.priority_weight
    ti = SimpleNamespace(
        dag_id=task.dag_id,
        task_id=task.task_id,
        task=task,
        map_index=-1,
        try_number=0,
        max_tries=task.retries,
        pool=task.pool,
        queue=task.queue,
        priority_weight=task.priority_weight,
    )
    return int(task.weight_rule.get_weight(ti))


def _backoff(value: float | bool) -> float:
    return 2.0 if value is True else float(value)


def _unless(value: Any, default: Any) -> Any:
    return None if value == default else str(value)


def _own(task: BaseOperator, name: str) -> datetime | None:
    """Return a task's bound that is not just the DAG's."""
    value: datetime | None = task.__dict__[name]
    return None if value == task.dag.__dict__[name] else value


def _seconds(value: timedelta | None) -> float | None:
    return None if value is None else value.total_seconds()


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _jsonable(value: Any, where: str) -> Any:
    """Return ``value`` as plain JSON; sets become sorted lists, tuples lists.

    :raises SerializationError: it holds something else
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): _jsonable(v, where) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(v, where) for v in value]
    if isinstance(value, set | frozenset):
        return sorted((_jsonable(v, where) for v in value), key=str)
    if isinstance(value, datetime):
        return value.isoformat()
    raise SerializationError(
        f"{where} cannot be serialized: it holds a {type(value).__module__}."
        f"{type(value).__qualname__} ({value!r:.100})"
    )
