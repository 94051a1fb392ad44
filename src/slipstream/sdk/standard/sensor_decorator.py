"""``@task.sensor``: a function that is called until it returns something true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from slipstream.sdk.decorator import DecoratedOperator, task_decorator_factory
from slipstream.sdk.standard.sensor.python import PythonSensor


class DecoratedSensorOperator(DecoratedOperator, PythonSensor):
    """Calls the decorated function as ``poke``."""

    template_fields: Collection[str] = ("op_args", "op_kwargs")
    shallow_copy_attrs: Sequence[str] = ("python_callable",)
    custom_operator_name = "@task.sensor"

    def __init__(
        self, *, python_callable: Any, op_args: Any = None, op_kwargs: Any = None, **kwargs: Any
    ) -> None:
        kwargs.pop("multiple_outputs", None)
        arguments = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(kwargs_to_upstream=arguments, **arguments, **kwargs)


def sensor_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> Any:
    """Make a sensor of a function (``@task.sensor``)."""
    return task_decorator_factory(
        python_callable, decorated_operator_class=DecoratedSensorOperator, **kwargs
    )
