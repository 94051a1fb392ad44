"""``PythonSensor``: waits until a function returns something true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from slipstream.sdk.context import context_merge
from slipstream.sdk.kwargs import determine_kwargs
from slipstream.sdk.sensor import BaseSensorOperator, PokeReturnValue

if TYPE_CHECKING:
    from slipstream.sdk.context import Context


class PythonSensor(BaseSensorOperator):
    """Calls ``python_callable`` until it returns True (or a PokeReturnValue that is done)."""

    template_fields: Collection[str] = ("templates_dict", "op_args", "op_kwargs")
    op_args: Any
    op_kwargs: Any

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: list[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        templates_dict: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.python_callable = python_callable
        self.op_args = op_args or []
        self.op_kwargs = op_kwargs or {}
        self.templates_dict = templates_dict

    def poke(self, context: Context) -> bool | PokeReturnValue:
        context_merge(context, self.op_kwargs, templates_dict=self.templates_dict)
        kwargs = determine_kwargs(self.python_callable, self.op_args, context)
        answer = self.python_callable(*self.op_args, **kwargs)
        return answer if isinstance(answer, PokeReturnValue) else bool(answer)
