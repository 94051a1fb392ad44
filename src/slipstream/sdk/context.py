"""The context: what a task's templates and functions can ask about the run they are in.

``build`` makes it from a workload. Values that cost something (pendulum's datetimes, a question
to the store) are computed when they are first read.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Collection, ItemsView, Iterator, Mapping, ValuesView
from typing import TYPE_CHECKING, Any

from slipstream.sdk.accessor import ConnectionAccessor, MacrosAccessor, Variables
from slipstream.sdk.asset_event import InletEvents, OutletEvents, TriggeringAssetEvents
from slipstream.sdk.context_keys import KNOWN_CONTEXT_KEYS
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.lazy_value import LazyValue
from slipstream.sdk.state_store import StateStoreAccessor

if TYPE_CHECKING:
    from slipstream.attempt import Workload
    from slipstream.sdk.operator import BaseOperator
    from slipstream.sdk.runtime import RuntimeTaskInstance

__all__ = ["KNOWN_CONTEXT_KEYS", "Context", "build", "context_merge", "get_current_context"]


_ASKED = frozenset(
    {
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
        "prev_end_date_success",
        "prev_start_date_success",
    }
)


class _Lazy:
    __slots__ = ("compute",)

    def __init__(self, compute: Callable[[], Any]) -> None:
        self.compute = compute


class Context(dict[str, Any]):
    """A dict, some of whose values are computed when they are read."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if isinstance(value, _Lazy):
            value = value.compute()
            super().__setitem__(key, value)
        return value

    def __iter__(self) -> Iterator[str]:
        # Being there makes dict(context) and f(**context) read through __getitem__.
        return super().__iter__()

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 (that is this method)

    def items(self) -> Any:
        return ItemsView(self)

    def values(self) -> Any:
        return ValuesView(self)

    def copy(self) -> Context:
        clone = Context()
        for key in self:
            dict.__setitem__(clone, key, dict.__getitem__(self, key))
        return clone

    __copy__ = copy

    def pop(self, key: str, *default: Any) -> Any:
        if key in self:
            value = self[key]
            super().__delitem__(key)
            return value
        return super().pop(key, *default)

    def setdefault(self, key: str, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def for_call(self) -> dict[str, Any]:
        """Return all entries, for a function that takes them as ``**kwargs``.

        Those that only the store can answer stay lazy, as Airflow's do: few functions use them.
        """
        return {k: LazyValue(lambda k=k: self[k]) if k in _ASKED else self[k] for k in self}  # type: ignore[misc]

    def set_lazy(self, key: str, compute: Callable[[], Any]) -> None:
        """Have ``key`` computed when it is first read."""
        super().__setitem__(key, _Lazy(compute))


_stack: list[Context] = []


def get_current_context() -> Context:
    """Return the context of the task that is running.

    :raises RuntimeError: no task is
    """
    if not _stack:
        raise RuntimeError(
            "Current context was requested but no context was found! "
            "Are you running within an Airflow task?"
        )
    return _stack[-1]


@contextlib.contextmanager
def set_current_context(context: Context) -> Iterator[Context]:
    """Make ``context`` the current one in the block."""
    _stack.append(context)
    try:
        yield context
    finally:
        _stack.pop()


def context_merge(context: Mapping[str, Any], *additions: Mapping[str, Any], **kwargs: Any) -> None:
    """Add entries to a context in place."""
    for addition in additions:
        context.update(addition)  # type: ignore[attr-defined]
    context.update(kwargs)  # type: ignore[attr-defined]


def context_copy_partial(source: Mapping[str, Any], keys: Collection[str]) -> Context:
    """Return a context with only some of the keys."""
    return Context({k: source[k] for k in keys if k in source})


def build(workload: Workload, task: BaseOperator, ti: RuntimeTaskInstance) -> Context:
    """Return the context of an attempt."""
    from slipstream.sdk.param import process_params

    dag = task.dag
    context = Context(
        dag=dag,
        task=task,
        ti=ti,
        task_instance=ti,
        dag_run=ti.dag_run,
        run_id=workload.run_id,
        try_number=workload.try_number,
        inlets=task.inlets,
        outlets=task.outlets,
        map_index_template=task.map_index_template,
        task_reschedule_count=workload.reschedule_count,
        partition_key=workload.partition_key,
        partition_date=None,
        templates_dict=None,
        test_mode=False,
        var=Variables(),
        conn=ConnectionAccessor(),
        macros=MacrosAccessor(),
    )
    context.set_lazy(
        "params",
        lambda: process_params(dag, task.params, workload.conf, suppress_exception=False),
    )
    _add_asset_keys(context)
    _add_dates(context, workload, ti)
    context.set_lazy("prev_start_date_success", lambda: ti.previous_success("start_date"))
    context.set_lazy("prev_end_date_success", lambda: ti.previous_success("end_date"))
    at = workload.logical_date
    suffix = at.astimezone(dt.UTC).strftime("%Y%m%d") if at is not None else workload.run_id
    context["task_instance_key_str"] = f"{dag.dag_id}__{task.task_id}__{suffix}"
    return context


def _add_dates(context: Context, workload: Workload, ti: RuntimeTaskInstance) -> None:
    """Add the keys that exist only for runs with a logical date."""
    if workload.logical_date is None:
        return
    at = workload.logical_date.astimezone(dt.UTC)
    ts = at.isoformat()
    context.update(
        ds=at.strftime("%Y-%m-%d"),
        ds_nodash=at.strftime("%Y%m%d"),
        ts=ts,
        ts_nodash=at.strftime("%Y%m%dT%H%M%S"),
        ts_nodash_with_tz=ts.replace("-", "").replace(":", ""),
    )
    context.set_lazy("logical_date", lambda: ti.dag_run.logical_date)
    context.set_lazy("data_interval_start", lambda: ti.dag_run.data_interval_start)
    context.set_lazy("data_interval_end", lambda: ti.dag_run.data_interval_end)
    for key in ("data_interval_start", "data_interval_end"):
        context.set_lazy(f"prev_{key}_success", lambda key=key: ti.previous_success(key))  # type: ignore[misc]


def _add_asset_keys(context: Context) -> None:
    context["outlet_events"] = OutletEvents()
    context["inlet_events"] = InletEvents(context["inlets"])
    context["triggering_asset_events"] = TriggeringAssetEvents({})
    context["task_state_store"] = StateStoreAccessor("task_state_store")
    if context["inlets"] or context["outlets"]:
        context["asset_state_store"] = StateStoreAccessor("asset_state_store")


AIRFLOW_VAR_NAME_FORMAT_MAPPING = {
    key: {"default": f"{key.lower().replace('airflow_ctx', 'airflow.ctx')}", "env_var_format": key}
    for key in (
        "AIRFLOW_CTX_DAG_ID",
        "AIRFLOW_CTX_TASK_ID",
        "AIRFLOW_CTX_LOGICAL_DATE",
        "AIRFLOW_CTX_TRY_NUMBER",
        "AIRFLOW_CTX_DAG_RUN_ID",
        "AIRFLOW_CTX_DAG_OWNER",
        "AIRFLOW_CTX_DAG_EMAIL",
    )
}


def context_to_environment(
    context: Mapping[str, Any], in_env_var_format: bool = True
) -> dict[str, str]:
    """Return ``AIRFLOW_CTX_DAG_ID`` and its relatives for a subprocess.

    :param in_env_var_format: names as above; else ``airflow.ctx.dag_id``
    """
    task, ti, dag_run = context.get("task"), context.get("ti"), context.get("dag_run")
    email = getattr(task, "email", None)
    logical_date = getattr(dag_run, "raw_logical_date", None)
    values: dict[str, Any] = {
        "DAG_EMAIL": ",".join(email) if isinstance(email, list | tuple | set) else email,
        "DAG_OWNER": getattr(task, "owner", None),
        "DAG_ID": getattr(ti, "dag_id", None),
        "TASK_ID": getattr(ti, "task_id", None),
        "LOGICAL_DATE": logical_date.isoformat() if logical_date is not None else None,
        "TRY_NUMBER": getattr(ti, "try_number", None),
        "DAG_RUN_ID": getattr(dag_run, "run_id", None),
    }
    prefix = "AIRFLOW_CTX_" if in_env_var_format else "airflow.ctx."
    return {
        f"{prefix}{k if in_env_var_format else k.lower()}": str(v)
        for k, v in values.items()
        if v not in (None, "")
    }


context_to_airflow_vars = context_to_environment


def context_get_outlet_events(context: Mapping[str, Any]) -> Any:
    """Return what a task records for its outlets' events.

    :raises AirflowException: outside of a task
    """
    try:
        return context["outlet_events"]
    except KeyError:
        raise AirflowException("outlet_events exist only while a task runs") from None
