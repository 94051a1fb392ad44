"""``airflow.utils.session``: a task has no database session; functions that ask for one get None."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

from slipstream.sdk.exceptions import AirflowException

F = TypeVar("F", bound=Callable[..., Any])

NEW_SESSION: Any = None


def provide_session(function: F) -> F:
    """Call the function with ``session=None`` when nobody gives a session."""
    if "session" not in inspect.signature(function).parameters:
        raise ValueError(
            f"{function.__qualname__} takes no argument named session: add one, or do not decorate "
            "it"
        )

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        bound = inspect.signature(function).bind_partial(*args, **kwargs)
        if "session" not in bound.arguments:
            kwargs["session"] = NEW_SESSION
        return function(*args, **kwargs)

    return cast(F, call)


def refuse(what: str) -> NoReturn:
    """Say that user code cannot have the database."""
    raise AirflowException(
        f"{what}: Slipstream's database is not reachable as Airflow's ORM. As in Airflow 3, use "
        "the context, Variable, Connection and ti.xcom_pull, or the REST API."
    )


def create_session(*args: Any, **kwargs: Any) -> NoReturn:
    """Refuse."""
    refuse("create_session()")
