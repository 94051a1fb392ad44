"""What becomes of tasks that are generators: they run to their end and may yield Metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import GeneratorType
from typing import Any


def result_of(function: Callable[..., Any], returned: Any, context: Mapping[str, Any]) -> Any:
    """Return what ``function``, which returned ``returned``, has for a result.

    As Airflow 3: a generator function is run to its end, the Metadata that it yields belongs to the
    events of its outlets, and what it returns is the result. A generator that an ordinary function
    returns is a value like others.
    """
    if not isinstance(returned, GeneratorType):
        return returned
    import inspect  # few tasks are generators

    from slipstream.sdk.asset import Metadata

    if not inspect.isgeneratorfunction(function):
        return returned

    while True:
        try:
            item = next(returned)
        except StopIteration as end:
            return end.value
        if not isinstance(item, Metadata):
            log = context["task"].log
            log.warning("The task yields a %s, which is ignored", type(item).__name__)
            continue
        context["outlet_events"][item.asset].extra.update(item.extra)
        if item.alias:
            context["outlet_events"][item.alias].add(item.asset, extra=item.extra)
