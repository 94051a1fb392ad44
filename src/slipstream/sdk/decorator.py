"""``@task`` and its relatives: functions that become operators when they are called.

``task_decorator_factory`` is what providers build their own ``@task.x`` on.
"""

from __future__ import annotations

import functools
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from slipstream.sdk.context_keys import KNOWN_CONTEXT_KEYS
from slipstream.sdk.dagcontext import DagContext, TaskGroupContext
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.kwargs import KeywordParameters, determine_kwargs, is_async_callable
from slipstream.sdk.module_loading import import_string
from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.types import NOTSET
from slipstream.sdk.xcom_arg import XComArg

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.taskgroup import TaskGroup

__all__ = [
    "DecoratedOperator",
    "KeywordParameters",
    "TaskDecorator",
    "determine_kwargs",
    "get_unique_task_id",
    "is_async_callable",
    "task_decorator",
    "task_decorator_factory",
]


def get_unique_task_id(
    task_id: str, dag: DAG | None = None, task_group: TaskGroup | None = None
) -> str:
    """Return ``task_id``, or ``task_id__1``, ``__2``, … when that is taken in the DAG."""
    dag = dag or DagContext.get_current()
    if dag is None:
        return task_id
    group = task_group or TaskGroupContext.get_current(dag)

    def full(name: str) -> str:
        return group.child_id(name) if group is not None else name

    if full(task_id) not in dag.task_dict:
        return task_id
    base = re.split(r"__\d+$", task_id)[0]
    n = 1
    while full(f"{base}__{n}") in dag.task_dict:
        n += 1
    return f"{base}__{n}"


class DecoratedOperator(BaseOperator):
    """Base of operators made of a function and the arguments that it was called with.

    Mix it in before the operator that runs the function.
    """

    template_fields: Collection[str] = ("op_args", "op_kwargs")
    template_fields_renderers: ClassVar[dict[str, str]] = {"op_args": "py", "op_kwargs": "py"}
    shallow_copy_attrs: Sequence[str] = ("python_callable",)
    custom_operator_name: str = "@task"
    op_args: Any
    op_kwargs: Any

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        task_id: str,
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        kwargs_to_upstream: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if not getattr(self, "_unique_id_taken", False):
            task_id = get_unique_task_id(task_id, kwargs.get("dag"), kwargs.get("task_group"))
        self.python_callable = python_callable
        self.op_args = list(op_args or ())
        self.op_kwargs = dict(op_kwargs or {})
        check_call(python_callable, self.op_args, self.op_kwargs)
        super().__init__(task_id=task_id, **(kwargs_to_upstream or {}), **kwargs)

    def get_python_source(self) -> str:
        """Return the function's source without its ``@task`` decorators."""
        source = textwrap.dedent(inspect.getsource(self.python_callable))
        return without_decorators(source, self.custom_operator_name)


def without_decorators(source: str, name: str) -> str:
    """Return a function's source without decorators called ``name`` or of the ``@task`` family."""
    family = {name, "@task", "@setup", "@teardown"}
    lines = source.splitlines(keepends=True)
    out: list[str] = []
    depth = 0
    dropping = False
    for line in lines:
        text = line.strip()
        if not out and (dropping or re.split(r"[.(\s]", text)[0] in family or text == name):
            depth += line.count("(") - line.count(")")
            dropping = depth > 0
            continue
        out.append(line)
    return "".join(out)


def check_call(func: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]) -> None:
    """Check that the function can be called so, the context filling its keys' parameters.

    :raises TypeError: an argument is missing or unknown
    :raises ValueError: a parameter named after a context key has a default other than None
    """
    signature = inspect.signature(func)
    parameters = []
    must_default = False
    for p in signature.parameters.values():
        if p.name in KNOWN_CONTEXT_KEYS:
            if p.default not in (None, p.empty):
                raise ValueError(
                    f"Parameter {p.name} stands for a part of the context: its default must be None"
                )
            p = p.replace(default=None)
            must_default = True
        elif must_default and p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD:
            # A key of the context stands before: a call must still name this one.
            p = p.replace(default=NOTSET)
        parameters.append(p)
    bound = signature.replace(parameters=parameters).bind(*args, **kwargs)
    missing = [p.name for p in parameters if p.default is NOTSET and p.name not in bound.arguments]
    if missing:
        raise TypeError(f"missing a required argument: {missing[0]!r}")


def infers_multiple_outputs(func: Callable[..., Any]) -> bool:
    """Return whether the function is annotated to return a dict (or TypedDict)."""
    if "return" not in getattr(func, "__annotations__", {}):
        return False
    annotation: Any = func.__annotations__["return"]
    if isinstance(annotation, str):
        try:
            annotation = typing.get_type_hints(func)["return"]
        except Exception:
            # Names that exist only for the type checker: nothing can be inferred, as Airflow.
            return False
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return False
    origin: Any = typing.get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, Mapping | dict)


class TaskDecorator:
    """A decorated function: call it in a DAG to make a task; ``override`` to change arguments."""

    _airflow_is_task_decorator = True

    def __init__(
        self,
        function: Callable[..., Any],
        operator_class: type[BaseOperator],
        multiple_outputs: bool | None = None,
        kwargs: dict[str, Any] | None = None,
        dag: DAG | None = None,
    ) -> None:
        if not callable(function):
            raise TypeError("python_callable must be a function; decorators need one to decorate")
        if isinstance(function, type):
            name = getattr(operator_class, "custom_operator_name", "@task")
            raise TypeError(f"{name} cannot decorate a class")
        self.function = function
        self.operator_class = operator_class
        self.kwargs = dict(kwargs or {})
        self.kwargs.setdefault("task_id", getattr(function, "__name__", "task"))
        self.dag = dag
        if multiple_outputs is None:
            multiple_outputs = self.kwargs.pop("multiple_outputs", None)
        self.multiple_outputs = multiple_outputs
        self.is_setup = False
        self.is_teardown = False
        self.on_failure_fail_dagrun = False
        functools.update_wrapper(self, function)

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        return self.function

    @__wrapped__.setter
    def __wrapped__(self, function: Callable[..., Any]) -> None:
        """Taken by ``functools.update_wrapper``; ``function`` holds it already."""

    def __call__(self, *args: Any, **kwargs: Any) -> XComArg:
        op_kwargs, options = kwargs, dict(self.kwargs)
        if self.is_teardown and "trigger_rule" in options:
            raise ValueError("A teardown has its own trigger rule: leave trigger_rule out")
        if self.dag is not None:
            options.setdefault("dag", self.dag)
        multiple_outputs = self.multiple_outputs
        if multiple_outputs is None:
            multiple_outputs = infers_multiple_outputs(self.function)
        options["multiple_outputs"] = multiple_outputs
        op = self.operator_class(
            python_callable=self.function, op_args=args, op_kwargs=op_kwargs, **options
        )
        if op.doc_md is None and self.function.__doc__:
            op.doc_md = self.function.__doc__
        if self.is_setup:
            op.as_setup()
        if self.is_teardown:
            op.as_teardown(on_failure_fail_dagrun=self.on_failure_fail_dagrun)
        return XComArg(op)

    def override(self, **kwargs: Any) -> TaskDecorator:
        """Return the decorated function with other operator arguments."""
        multiple_outputs = kwargs.pop("multiple_outputs", self.multiple_outputs)
        clone = type(self)(
            self.function,
            self.operator_class,
            multiple_outputs,
            {**self.kwargs, **kwargs},
            self.dag,
        )
        clone.is_setup, clone.is_teardown = self.is_setup, self.is_teardown
        clone.on_failure_fail_dagrun = kwargs.get(
            "on_failure_fail_dagrun", self.on_failure_fail_dagrun
        )
        clone.kwargs.pop("on_failure_fail_dagrun", None)
        return clone

    def partial(self, **kwargs: Any) -> Any:
        """Fix some of the function's arguments; ``expand`` on the result gives the mapped ones."""
        from slipstream.sdk.mapped import DecoratedPartial  # imports this module

        return DecoratedPartial(self, kwargs)

    def expand(self, **map_kwargs: Any) -> XComArg:
        """Make a task per element of the arguments' cross product."""
        from slipstream.sdk.mapped import DecoratedPartial  # imports this module

        made: XComArg = DecoratedPartial(self, {}).expand(**map_kwargs)
        return made

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> XComArg:
        """Make a task per dict of arguments in a list."""
        from slipstream.sdk.mapped import DecoratedPartial  # imports this module

        made: XComArg = DecoratedPartial(self, {}).expand_kwargs(kwargs, strict=strict)
        return made

    def __repr__(self) -> str:
        return f"<@task {self.kwargs['task_id']} of {self.operator_class.__name__}>"


def task_decorator_factory(
    python_callable: Callable[..., Any] | None = None,
    *,
    multiple_outputs: bool | None = None,
    decorated_operator_class: type[BaseOperator],
    **kwargs: Any,
) -> Any:
    """Return a task decorator that makes ``decorated_operator_class`` of a function.

    Works bare and with arguments: ``python_callable`` is given in the first case.
    """
    if python_callable is not None:
        if callable(python_callable):
            return TaskDecorator(
                python_callable, decorated_operator_class, multiple_outputs, kwargs
            )
        raise TypeError(
            f"@task takes its arguments by name, and {python_callable!r} has none: write name=value"
        )
    return lambda func: TaskDecorator(func, decorated_operator_class, multiple_outputs, kwargs)


_BUILT_IN = {
    "python": "slipstream.sdk.standard.python_decorator.python_task",
    "bash": "slipstream.sdk.standard.bash_decorator.bash_task",
    "branch": "slipstream.sdk.standard.python_decorator.branch_task",
    "short_circuit": "slipstream.sdk.standard.python_decorator.short_circuit_task",
    "virtualenv": "slipstream.sdk.standard.venv_decorator.virtualenv_task",
    "external_python": "slipstream.sdk.standard.venv_decorator.external_python_task",
    "branch_virtualenv": "slipstream.sdk.standard.venv_decorator.branch_virtualenv_task",
    "branch_external_python": "slipstream.sdk.standard.venv_decorator.branch_external_python_task",
    "sensor": "slipstream.sdk.standard.sensor_decorator.sensor_task",
    "stub": "slipstream.sdk.standard.stub_decorator.stub_task",
    "run_if": "slipstream.sdk.conditional.run_if",
    "skip_if": "slipstream.sdk.conditional.skip_if",
}


class TaskDecoratorCollection:
    """``task``: the plain decorator, and those of the standard and other providers by name."""

    def __init__(self, dag: DAG | None = None) -> None:
        self._dag = dag

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.python(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        path = _BUILT_IN.get(name)
        if path is None:
            from slipstream.sdk.provider import task_decorators  # reads installed packages

            path = task_decorators().get(name)
        if path is None:
            raise AttributeError(f"there is no @task.{name}: is its provider installed?")
        factory = import_string(path)
        if self._dag is not None and name not in ("run_if", "skip_if"):
            factory = self._bind(factory)
        else:
            self.__dict__[name] = factory
        return factory

    def _bind(self, factory: Callable[..., Any]) -> Callable[..., Any]:
        dag = self._dag

        @functools.wraps(factory)
        def bound(*args: Any, **kwargs: Any) -> Any:
            return factory(*args, dag=dag, **kwargs)

        return bound

    def bound_to(self, dag: DAG) -> TaskDecoratorCollection:
        """Return the decorators with ``dag=`` filled in (``@dag.task``)."""
        return TaskDecoratorCollection(dag)

    def __dir__(self) -> Iterator[str]:
        return iter([*_BUILT_IN, *super().__dir__()])


task_decorator = TaskDecoratorCollection()


def result(t: Any) -> Any:
    """Mark a task's return value as the result of its DAG."""
    if isinstance(t, XComArg):
        for operator, _ in t.iter_references():
            operator.dag.add_result(operator)
        return t
    if isinstance(t, BaseOperator):
        t.dag.add_result(t)
        return t
    if isinstance(t, TaskDecorator):

        @functools.wraps(t.function)
        def call(*args: Any, **kwargs: Any) -> XComArg:
            made = t(*args, **kwargs)
            result(made)
            return made

        return call
    raise AirflowException(f"@result goes on a task, not on {type(t).__name__}")
