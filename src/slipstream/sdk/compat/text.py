"""``airflow.utils.helpers`` and ``strings``: what providers use of them."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from slipstream.config import conf
from slipstream.sdk.dependency import chain, cross_downstream
from slipstream.sdk.key import validate_group_key, validate_key
from slipstream.sdk.types import ArgNotSet

__all__ = [
    "at_most_one",
    "build_airflow_dagrun_url",
    "chain",
    "chunks",
    "convert_camel_to_snake",
    "cross_downstream",
    "exactly_one",
    "get_random_string",
    "is_container",
    "merge_dicts",
    "prune_dict",
    "to_boolean",
    "validate_group_key",
    "validate_key",
]

T = TypeVar("T")


def get_random_string(length: int = 8, choices: str = string.ascii_letters + string.digits) -> str:
    """Return random text."""
    return "".join(secrets.choice(choices) for _ in range(length))


def to_boolean(astring: str | None) -> bool:
    """Return whether text means yes."""
    return astring is not None and str(astring).lower() in ("true", "t", "y", "yes", "1", "on")


def is_container(obj: Any) -> bool:
    """Return whether the object has members, and is no text."""
    return hasattr(obj, "__iter__") and not isinstance(obj, str)


def chunks(items: Sequence[T], chunk_size: int) -> Iterator[Sequence[T]]:
    """Yield the sequence in pieces.

    :raises ValueError: ``chunk_size`` is not positive
    """
    if chunk_size <= 0:
        raise ValueError(f"chunk_size is {chunk_size}: a chunk holds at least one item")
    for i in range(0, len(items), chunk_size):
        yield items[i : i + chunk_size]


def merge_dicts(dict1: dict[Any, Any], dict2: dict[Any, Any]) -> dict[Any, Any]:
    """Return ``dict2`` over ``dict1``, nested dicts merged."""
    merged = dict(dict1)
    for key, value in dict2.items():
        before = merged.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        merged[key] = merge_dicts(before, value) if both else value  # type: ignore[arg-type]
    return merged


def prune_dict(val: Any, mode: Literal["strict", "truthy"] = "strict") -> Any:
    """Return nested dicts and lists without None (with ``truthy``: without falsy) values."""

    def gone(value: Any) -> bool:
        return value is None if mode == "strict" else not bool(value)

    if isinstance(val, Mapping):
        pruned = {k: prune_dict(v, mode) for k, v in val.items() if not gone(v)}
        return {k: v for k, v in pruned.items() if not gone(v)}
    if isinstance(val, list):
        items = [prune_dict(v, mode) for v in val if not gone(v)]
        return [v for v in items if not gone(v)]
    return val


def _is_set(value: Any) -> bool:
    return not isinstance(value, ArgNotSet) and bool(value)


def exactly_one(*args: Any) -> bool:
    """Return whether one argument is truthy and the others are not."""
    return sum(_is_set(a) for a in _flat(args)) == 1


def at_most_one(*args: Any) -> bool:
    """Return whether no more than one argument is truthy."""
    return sum(_is_set(a) for a in args) <= 1


def _flat(args: Iterable[Any]) -> Iterable[Any]:
    items = list(args)
    if any(isinstance(a, list | tuple | set) for a in items):
        raise ValueError(
            "One of the arguments is a list, tuple or set of them: put a * before it in the call."
        )
    return items


def convert_camel_to_snake(camel_str: str) -> str:
    """Return ``CamelCase`` as ``camel_case``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", camel_str).lower()


def build_airflow_dagrun_url(dag_id: str, run_id: str) -> str:
    """Return the page of a dag run."""
    base = conf.get("api", "base_url", fallback="").rstrip("/") or "http://localhost:8080"
    return f"{base}/dags/{dag_id}/runs/{quote(run_id, safe='')}"
