"""How operators are built: ``default_args`` for any constructor argument, and where the task goes.

Airflow lets ``default_args`` fill every argument of every ``__init__`` in an operator's class
hierarchy. So the metaclass wraps each ``__init__`` that a class defines: before the body runs,
arguments that nobody gave are taken from the defaults that the outermost call collected from the
DAG, the task groups and the operator's own ``default_args``.
"""

from __future__ import annotations

import functools
from abc import ABCMeta
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from slipstream.sdk.dagcontext import DagContext, TaskGroupContext

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.taskgroup import TaskGroup

_RESERVED = frozenset({"params", "default_args"})
_CONSTRUCTION = "_construction"


class _Signature:
    """The names that an ``__init__`` takes and needs, read off its code object (cheaply)."""

    __slots__ = ("named", "required")

    def __init__(self, init: Callable[..., Any]) -> None:
        function: Any = init
        while hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        code = function.__code__
        n_positional, n_keyword_only = code.co_argcount, code.co_kwonlyargcount
        positional = code.co_varnames[1:n_positional]
        keyword_only = code.co_varnames[n_positional : n_positional + n_keyword_only]
        with_default = positional[len(positional) - len(function.__defaults__ or ()) :]
        defaults = {*with_default, *(function.__kwdefaults__ or ())}
        self.named = frozenset((*positional, *keyword_only)) - _RESERVED
        self.required = frozenset((*positional, *keyword_only)) - defaults - {"task_id"}


class Construction:
    """What the outermost constructor call found out, for the inner ones."""

    __slots__ = ("dag", "defaults", "params", "task_group")

    def __init__(self, kwargs: dict[str, Any]) -> None:
        group: TaskGroup | None = kwargs.get("task_group")
        dag: DAG | None = kwargs.get("dag") or (group.dag if group is not None else None)
        dag = dag or DagContext.get_current()
        if group is None:
            group = TaskGroupContext.get_current(dag)
        defaults: dict[str, Any] = {}
        params: dict[str, Any] = {}
        if dag is not None:
            defaults.update(dag.default_args)
            params.update(dag.params.as_params())
        if group is not None and group.default_args:
            defaults.update(group.default_args)
        own = kwargs.get("default_args") or {}
        if not hasattr(own, "keys"):
            raise TypeError(
                f"default_args is a {type(own).__name__}: it must be a dict of argument names and "
                "values"
            )
        defaults.update(own)
        params.update(defaults.pop("params", None) or {})
        self.dag, self.task_group = dag, group
        self.defaults, self.params = defaults, params


def _wrap(init: Callable[..., None]) -> Callable[..., None]:
    signature = _Signature(init)

    @functools.wraps(init)
    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        if args:
            raise TypeError(
                f"{type(self).__name__} takes its arguments by name: write name=value for each"
            )
        construction: Construction | None = self.__dict__.get(_CONSTRUCTION)
        outermost = construction is None
        if construction is None:
            given = dict(kwargs)
            construction = Construction(kwargs)
            object.__setattr__(self, _CONSTRUCTION, construction)
        if construction.defaults:
            for name in signature.named & construction.defaults.keys():
                kwargs.setdefault(name, construction.defaults[name])
        missing = sorted(signature.required - kwargs.keys())
        if missing:
            plural = "s" if len(missing) > 1 else ""
            raise TypeError(
                f"missing keyword argument{plural} {', '.join(map(repr, missing))} of "
                f"{type(self).__name__} (task_id: {kwargs.get('task_id')})"
            )
        try:
            init(self, **kwargs)
        finally:
            if outermost:
                self.__dict__.pop(_CONSTRUCTION, None)
        if outermost:
            self._constructed(given)

    construct._wraps_init = init  # type: ignore[attr-defined]
    return construct


class OperatorMeta(ABCMeta):
    """Wraps the ``__init__`` of every operator class; adds ``.partial`` to it."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any
    ) -> OperatorMeta:
        init = namespace.get("__init__")
        if init is not None and not hasattr(init, "_wraps_init"):
            namespace["__init__"] = _wrap(init)
        return super().__new__(mcs, name, bases, namespace, **kwargs)


def construction_of(operator: Any) -> Construction:
    """Return what the constructor call in progress found out."""
    found: Construction = operator.__dict__[_CONSTRUCTION]
    return found
