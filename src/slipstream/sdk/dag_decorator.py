"""``@dag``: a function that defines tasks becomes a function that returns the DAG."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from slipstream.sdk.dag import DAG
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.param import Param


def dag_factory(
    func: Callable[..., Any], dag_id: str, kwargs: dict[str, Any]
) -> Callable[..., DAG]:
    """Return the function that makes the DAG; its arguments override the params' defaults."""
    signature = inspect.signature(func)
    for p in signature.parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            raise AirflowException(
                f"@dag function {func.__name__}() cannot take *{p.name}: its arguments become params"
            )

    @functools.wraps(func)
    def factory(*args: Any, **given: Any) -> DAG:
        bound = signature.bind(*args, **given)
        bound.apply_defaults()
        options = dict(kwargs)
        options.setdefault("doc_md", inspect.getdoc(func) if func.__doc__ else None)
        with DAG(dag_id or func.__name__, **options) as dag:
            dag.fileloc = func.__globals__.get("__file__") or dag.fileloc
            references = {}
            for name, value in bound.arguments.items():
                dag.params.setdefault(name, value if isinstance(value, Param) else Param(value))
                if name in given or name in _positional(signature, args):
                    dag.params[name] = value
                references[name] = dag.param(name)
            func(**references)
        return dag

    return factory


def _positional(signature: inspect.Signature, args: tuple[Any, ...]) -> set[str]:
    return set(list(signature.parameters)[: len(args)])
