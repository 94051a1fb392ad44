"""What a DAG's tasks will import, imported once: a DAG zygote's forks share it.

jinja2 and pendulum cost a task process 50 ms each. A DAG whose fields hold templates, or whose
functions ask for dates, has them loaded before the first fork; another one stays small.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.operator import BaseOperator

_DATES = frozenset(
    {
        "data_interval_end",
        "data_interval_start",
        "logical_date",
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
        "prev_end_date_success",
        "prev_start_date_success",
    }
)
_HAS_KWARGS = 0x08
"""``inspect.CO_VARKEYWORDS``: the function takes ``**kwargs``, so it gets the whole context."""


def preload(dags: Iterable[DAG]) -> None:
    """Import what the tasks of these DAGs need at run time."""
    texts: list[str] = []
    wants_dates = False
    for dag in dags:
        for task in dag.task_dict.values():
            for name in task.template_fields:
                _collect(getattr(task, name, None), texts)
            wants_dates = wants_dates or _asks_for_dates(task)
    templates = [t for t in texts if "{" in t or t.endswith((".sh", ".bash", ".sql"))]
    if templates:
        import_module("slipstream.sdk.jinja")
    if any("macros" in t for t in templates):
        import_module("slipstream.sdk.macros")
    if wants_dates or any(name in t for t in templates for name in _DATES):
        import_module("pendulum")


def _collect(value: Any, texts: list[str]) -> None:
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, list | tuple):
        for item in value:
            _collect(item, texts)
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, texts)


def _asks_for_dates(task: BaseOperator) -> bool:
    code = getattr(getattr(task, "python_callable", None), "__code__", None)
    if code is None:
        return False
    names = {*code.co_varnames, *(c for c in code.co_consts if isinstance(c, str))}
    return bool(code.co_flags & _HAS_KWARGS) or not names.isdisjoint(_DATES)
