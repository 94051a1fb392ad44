"""``airflow.typing_compat``: names only; what they are is in ``slipstream``."""

from typing import Literal, ParamSpec, Protocol, Self, TypeAlias, TypedDict, runtime_checkable

__all__ = [
    "Literal",
    "ParamSpec",
    "Protocol",
    "Self",
    "TypeAlias",
    "TypedDict",
    "runtime_checkable",
]
