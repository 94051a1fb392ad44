"""Values of an author's as JSON, for people to read: never turned back into what they were.

A spec is hashed, so equal values must come out equal in every process: an object is shown by its
class, for its text may hold an address or whatever else its author made of it.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

from slipstream.sdk.mask import redact
from slipstream.sdk.public_name import public_module

_MAX_DEPTH = 10
"""Deeper values are shown by their class, so that one which holds itself has an end."""
_BY_TEXT = (date, time, tzinfo, Decimal, PurePath, UUID)
_NAMED = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)


def readable(value: Any) -> Any:
    """Return ``value`` as plain JSON without secrets; what JSON does not have becomes text.

    Durations and datetimes are ISO 8601, functions and classes their names.
    """
    return redact(_plain(value, _MAX_DEPTH), max_depth=_MAX_DEPTH)


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return str(value)
    if depth and isinstance(value, Mapping):
        return {str(k): _plain(v, depth - 1) for k, v in value.items()}
    if depth and isinstance(value, list | tuple):
        return [_plain(v, depth - 1) for v in value]
    if depth and isinstance(value, AbstractSet):
        return sorted((_plain(v, depth - 1) for v in value), key=str)
    if isinstance(value, timedelta):
        return iso_duration(value)
    if isinstance(value, datetime):
        return _iso_datetime(value)
    if isinstance(value, _BY_TEXT):
        return str(value)
    return _name(value if isinstance(value, _NAMED) else type(value))


def _name(value: Any) -> str:
    module = public_module(value) if value.__module__ else "builtins"
    return f"{module}.{value.__qualname__}"


def iso_duration(value: timedelta) -> str:
    """Return the duration in ISO 8601, as the API writes others: ``PT5M``, ``-P1DT0.5S``."""
    sign = "-" if value < timedelta(0) else ""
    value = abs(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M")) if n)
    if seconds or fraction or not (clock or value.days):
        clock += f"{seconds}{fraction}S"
    days = f"{value.days}D" if value.days else ""
    return f"{sign}P{days}{'T' if clock else ''}{clock}"


def _iso_datetime(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
