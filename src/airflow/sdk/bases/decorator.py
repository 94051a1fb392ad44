"""``airflow.sdk.bases.decorator``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.decorator import (
    DecoratedOperator,
    TaskDecorator,
    get_unique_task_id,
    task_decorator_factory,
)
from slipstream.sdk.kwargs import KeywordParameters, determine_kwargs, is_async_callable
from slipstream.sdk.mapped import MappedOperator as DecoratedMappedOperator

__all__ = [
    "DecoratedMappedOperator",
    "DecoratedOperator",
    "KeywordParameters",
    "TaskDecorator",
    "determine_kwargs",
    "get_unique_task_id",
    "is_async_callable",
    "task_decorator_factory",
]
