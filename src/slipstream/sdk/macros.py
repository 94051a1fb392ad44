"""``macros`` of templates: dates, and modules that templates use."""

from __future__ import annotations

import datetime as _dt
import json
import time
import uuid
from datetime import datetime, timedelta
from importlib import import_module
from random import random
from types import SimpleNamespace
from typing import Any

import dateutil
import yaml

__all__ = [
    "datetime",
    "datetime_diff_for_humans",
    "dateutil",
    "ds_add",
    "ds_format",
    "ds_format_locale",
    "json",
    "random",
    "time",
    "timedelta",
    "uuid",
    "yaml",
]


def ds_add(ds: str, days: int) -> str:
    """Return the date ``days`` after (before, if negative) ``ds``, both as ``2026-01-31``."""
    if not days:
        return str(ds)
    return (_parse(str(ds), "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")


def ds_format(ds: str, input_format: str, output_format: str) -> str:
    """Return a date or time in another ``strftime`` format."""
    return _parse(str(ds), input_format).strftime(output_format)


def ds_format_locale(ds: str, input_format: str, output_format: str, locale: Any = None) -> str:
    """Return a date or time in a format of Babel's, in a language."""
    # Heavy, and only for this macro.
    dates: Any = import_module("babel.dates")
    text: str = dates.format_datetime(
        _parse(str(ds), input_format), format=output_format, locale=locale
    )
    return text


def datetime_diff_for_humans(dt: Any, since: Any = None) -> str:
    """Return a difference as words: ``2 days ago``, ``1 day before``."""
    import pendulum  # heavy, only for this macro

    words: str = pendulum.instance(dt).diff_for_humans(since)
    return words


def _parse(text: str, form: str) -> _dt.datetime:
    return _dt.datetime.strptime(text, form)  # noqa: DTZ007 (only its text is used)


def accessor() -> Any:
    """Return this module's macros together with those of plugins, as attributes."""
    from slipstream.sdk.plugin import macros_of_plugins  # reads the plugins folder

    return SimpleNamespace(**{n: globals()[n] for n in __all__}, **macros_of_plugins())
