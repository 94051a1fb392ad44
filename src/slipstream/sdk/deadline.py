"""Deadline alerts and callbacks of their kind: parsed, and refused where they would be used."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable as AnyCallable
from datetime import datetime, timedelta
from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet
from slipstream.sdk.module_loading import import_string, is_valid_dotpath, qualname


class Callback(ABC):
    """A callable by dotted path, with arguments."""

    path: str
    kwargs: dict[str, Any]

    def __init__(
        self, callback_callable: AnyCallable[..., Any] | str, kwargs: dict[str, Any] | None = None
    ) -> None:
        if isinstance(callback_callable, str):
            path = callback_callable.strip()
            if not is_valid_dotpath(path):
                raise ImportError(
                    f"The callback {path!r} is no import path, such as package.module.function"
                )
            self.path = path
        else:
            if not callable(callback_callable):
                raise AttributeError(
                    f"The callback {callback_callable!r} cannot be called: give a function or its "
                    "import path"
                )
            self.path = qualname(callback_callable, use_qualname=True)
        self.kwargs = dict(kwargs or {})

    def resolve(self) -> AnyCallable[..., Any]:
        """Import the callable."""
        found: AnyCallable[..., Any] = import_string(self.path)
        return found

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return (self.path, self.kwargs) == (other.path, other.kwargs)

    def __hash__(self) -> int:
        return hash((type(self), self.path))


class AsyncCallback(Callback):
    """Runs in the triggerer."""


class SyncCallback(Callback):
    """Runs in an executor."""

    def __init__(
        self,
        callback_callable: AnyCallable[..., Any] | str,
        kwargs: dict[str, Any] | None = None,
        executor: str | None = None,
    ) -> None:
        super().__init__(callback_callable, kwargs)
        self.executor = executor


class BaseDeadlineReference:
    """The moment that a deadline counts from."""

    @property
    def reference_name(self) -> str:
        return type(self).__name__


class _Named(BaseDeadlineReference):
    def __init__(self, name: str, **kwargs: Any) -> None:
        self.name, self.kwargs = name, kwargs

    @property
    def reference_name(self) -> str:
        return self.name


class DeadlineReference:
    """The built-in references."""

    DAGRUN_LOGICAL_DATE = _Named("DagRunLogicalDateDeadline")
    DAGRUN_QUEUED_AT = _Named("DagRunQueuedAtDeadline")

    @classmethod
    def FIXED_DATETIME(cls, when: datetime) -> BaseDeadlineReference:  # noqa: N802
        """Return a fixed moment."""
        return _Named("FixedDatetimeDeadline", datetime=when)

    @classmethod
    def AVERAGE_RUNTIME(  # noqa: N802
        cls, max_runs: int = 0, min_runs: int | None = None
    ) -> BaseDeadlineReference:
        """Return the mean duration of past runs after the run was queued."""
        return _Named("AverageRuntimeDeadline", max_runs=max_runs, min_runs=min_runs)

    @classmethod
    def register_custom_reference(cls, reference: type, *_: Any) -> type:
        """Add a reference class of the user's."""
        setattr(cls, reference.__name__, reference)
        return reference


def deadline_reference(deadline_reference_type: Any = None) -> Any:
    """Register the decorated reference class."""
    return DeadlineReference.register_custom_reference


class DeadlineAlert:
    """A deadline of a DAG. Given to a DAG, it is refused until deadlines are watched."""

    def __init__(
        self, reference: Any, interval: timedelta | Any, callback: Callback, name: str | None = None
    ) -> None:
        if not isinstance(callback, Callback):
            raise ValueError(
                f"callback is a {type(callback).__name__}: it must be an AsyncCallback or a "
                "SyncCallback"
            )
        self.reference, self.interval = reference, interval
        self.callback, self.name = callback, name


def refuse(dag_id: str) -> None:
    """Raise NotSupportedYet for a DAG with deadlines."""
    raise NotSupportedYet(f"deadline alerts (of DAG {dag_id!r})")
