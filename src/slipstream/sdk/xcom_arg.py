"""References to another task's result, and the dependencies that they imply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from slipstream.sdk.exceptions import AirflowException, XComNotFound
from slipstream.sdk.node import Dependency, DependencyMixin
from slipstream.sdk.types import NOTSET, ArgNotSet

if TYPE_CHECKING:
    from slipstream.sdk.context import Context
    from slipstream.sdk.edge import EdgeModifier
    from slipstream.sdk.operator import BaseOperator

XCOM_RETURN_KEY = "return_value"


class XComArg(DependencyMixin):
    """A value that a task will push; pass it to another task, index it, or depend on it.

    ``XComArg(task)`` and ``task.output`` are the return value, ``task.output["k"]`` the XCom ``k``.
    """

    operator: BaseOperator

    def __new__(cls, *args: Any, **kwargs: Any) -> XComArg:
        return super().__new__(PlainXComArg if cls is XComArg else cls)

    def __init__(self, operator: BaseOperator, key: str = XCOM_RETURN_KEY) -> None:
        raise NotImplementedError

    def iter_references(self) -> Iterator[tuple[BaseOperator, str]]:
        """Yield the tasks and keys that the value is made of."""
        raise NotImplementedError

    def resolve(self, context: Context) -> Any:
        """Return the value, pulled from the run's XComs."""
        raise NotImplementedError

    @staticmethod
    def iter_xcom_references(arg: Any) -> Iterator[tuple[BaseOperator, str]]:
        """Yield every reference in a value, however deeply it is nested."""
        return iter_references(arg)

    @staticmethod
    def apply_upstream_relationship(op: BaseOperator, arg: Any) -> None:
        """Make ``op`` depend on every task that ``arg`` refers to."""
        link_references(op, arg)

    def _operators(self) -> list[DependencyMixin]:
        found: dict[int, DependencyMixin] = {}
        for operator, _ in self.iter_references():
            found[id(operator)] = operator
        return list(found.values())

    @property
    def roots(self) -> list[DependencyMixin]:
        return self._operators()

    @property
    def leaves(self) -> list[DependencyMixin]:
        return self._operators()

    def set_upstream(self, other: Dependency, edge_modifier: EdgeModifier | None = None) -> None:
        for operator in self._operators():
            operator.set_upstream(other, edge_modifier)

    def set_downstream(self, other: Dependency, edge_modifier: EdgeModifier | None = None) -> None:
        for operator in self._operators():
            operator.set_downstream(other, edge_modifier)

    def as_setup(self) -> XComArg:
        for operator in self._operators():
            operator.as_setup()
        return self

    def as_teardown(
        self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None
    ) -> XComArg:
        for operator in self._operators():
            operator.as_teardown(setups=setups, on_failure_fail_dagrun=on_failure_fail_dagrun)
        return self

    def __enter__(self) -> Any:
        from slipstream.sdk.setup_teardown import SetupTeardownScope  # imports operator

        return SetupTeardownScope.open(self)

    def __exit__(self, *_: object) -> None:
        from slipstream.sdk.setup_teardown import SetupTeardownScope  # imports operator

        SetupTeardownScope.close()

    def map(self, f: Callable[[Any], Any]) -> MapXComArg:
        """Return a reference to the value with ``f`` applied to each element."""
        return MapXComArg(self, [f])

    def zip(self, *others: XComArg, fillvalue: Any = NOTSET) -> ZipXComArg:
        """Return a reference to tuples of this value's elements and the others'."""
        return ZipXComArg([self, *others], fillvalue=fillvalue)

    def concat(self, *others: XComArg) -> ConcatXComArg:
        """Return a reference to this value's elements followed by the others'."""
        return ConcatXComArg([self, *others])


class PlainXComArg(XComArg):
    """One XCom of one task."""

    def __init__(self, operator: BaseOperator, key: str = XCOM_RETURN_KEY) -> None:
        self.operator = operator
        self.key = key

    @property
    def is_setup(self) -> bool:
        return self.operator.is_setup

    @is_setup.setter
    def is_setup(self, value: bool) -> None:
        self.operator.is_setup = value

    @property
    def is_teardown(self) -> bool:
        return self.operator.is_teardown

    @is_teardown.setter
    def is_teardown(self, value: bool) -> None:
        self.operator.is_teardown = value

    @property
    def on_failure_fail_dagrun(self) -> bool:
        return self.operator.on_failure_fail_dagrun

    @on_failure_fail_dagrun.setter
    def on_failure_fail_dagrun(self, value: bool) -> None:
        self.operator.on_failure_fail_dagrun = value

    def iter_references(self) -> Iterator[tuple[BaseOperator, str]]:
        yield self.operator, self.key

    def __getitem__(self, item: str) -> XComArg:
        if not isinstance(item, str):
            raise ValueError(
                f"A task's XComs are named by strings: {item!r} is a {type(item).__name__}"
            )
        return PlainXComArg(self.operator, item)

    def __iter__(self) -> Iterator[Any]:
        # Without this, __getitem__ would make the reference look iterable.
        raise TypeError("'XComArg' object is not iterable")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PlainXComArg):
            return NotImplemented
        return self.operator is other.operator and self.key == other.key

    def __hash__(self) -> int:
        return hash((id(self.operator), self.key))

    def __str__(self) -> str:
        """Return a template expression, so that a reference inside an f-string works."""
        task = self.operator
        parts = [f"task_ids={task.task_id!r}"]
        if task.has_dag():
            parts.append(f"dag_id={task.dag_id!r}")
        parts.append(f"key={self.key!r}")
        return f"{{{{ task_instance.xcom_pull({', '.join(parts)}) }}}}"

    def __repr__(self) -> str:
        if self.key == XCOM_RETURN_KEY:
            return f"XComArg({self.operator!r})"
        return f"XComArg({self.operator!r}, {self.key!r})"

    def resolve(self, context: Context) -> Any:
        ti = context["ti"]
        task_id = self.operator.task_id
        value = ti.xcom_pull(task_ids=task_id, key=self.key, default=NOTSET)
        if not isinstance(value, ArgNotSet):
            return value
        # As Airflow: a task that returned nothing, or has not run, gives None; a named key must exist.
        if self.key == XCOM_RETURN_KEY:
            return None
        raise XComNotFound(ti.dag_id, task_id, self.key)


class MapXComArg(XComArg):
    """A reference with functions applied to each element."""

    def __init__(self, arg: XComArg, callables: Sequence[Callable[[Any], Any]]) -> None:
        for c in callables:
            if getattr(c, "_airflow_is_task_decorator", False):
                raise ValueError("map() takes a plain function: remove @task from it")
        self.arg = arg
        self.callables = list(callables)

    def iter_references(self) -> Iterator[tuple[BaseOperator, str]]:
        yield from self.arg.iter_references()

    def map(self, f: Callable[[Any], Any]) -> MapXComArg:
        return MapXComArg(self.arg, [*self.callables, f])

    def resolve(self, context: Context) -> Any:
        return [self._apply(v) for v in _elements(self.arg.resolve(context))]

    def _apply(self, value: Any) -> Any:
        for f in self.callables:
            value = f(value)
        return value

    def __repr__(self) -> str:
        return f"{self.arg!r}{''.join(f'.map({f!r})' for f in self.callables)}"


class ZipXComArg(XComArg):
    """Several references element by element."""

    def __init__(self, args: Sequence[XComArg], *, fillvalue: Any = NOTSET) -> None:
        if len(args) < 2:
            raise ValueError("At least two inputs are required")
        self.args = args
        self.fillvalue = fillvalue

    def iter_references(self) -> Iterator[tuple[BaseOperator, str]]:
        for arg in self.args:
            yield from arg.iter_references()

    def resolve(self, context: Context) -> Any:
        columns = [_elements(arg.resolve(context)) for arg in self.args]
        if isinstance(self.fillvalue, ArgNotSet):
            return list(zip(*columns, strict=False))
        from itertools import zip_longest  # tiny, and only here

        return list(zip_longest(*columns, fillvalue=self.fillvalue))


class ConcatXComArg(XComArg):
    """Several references one after another."""

    def __init__(self, args: Sequence[XComArg]) -> None:
        if not args:
            raise ValueError("At least one input is required")
        self.args = args

    def iter_references(self) -> Iterator[tuple[BaseOperator, str]]:
        for arg in self.args:
            yield from arg.iter_references()

    def concat(self, *others: XComArg) -> ConcatXComArg:
        return ConcatXComArg([*self.args, *others])

    def resolve(self, context: Context) -> Any:
        return [v for arg in self.args for v in _elements(arg.resolve(context))]


def _elements(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(value)
    raise ValueError(
        f"map() goes over a list or a dict, and the task returned a {type(value).__name__}"
    )


def iter_references(value: Any) -> Iterator[tuple[BaseOperator, str]]:
    """Yield the tasks and keys that a value refers to: in lists, dicts, objects with template_fields."""
    if value is None or isinstance(value, str | int | float):
        return
    if hasattr(value, "iter_references"):
        yield from value.iter_references()
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from iter_references(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from iter_references(item)
    else:
        fields = getattr(value, "template_fields", None)
        if fields and not isinstance(fields, str) and not isinstance(value, type):
            for name in fields:
                yield from iter_references(getattr(value, name, None))


def link_references(task: BaseOperator, value: Any) -> None:
    """Make ``task`` depend on every task that ``value`` refers to."""
    for operator, _ in iter_references(value):
        if operator is task:
            raise AirflowException(f"Task {task.task_id!r} cannot use its own output")
        task.set_upstream(operator)
