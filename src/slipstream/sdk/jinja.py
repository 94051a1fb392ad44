"""The Jinja environments: sandboxed, strict about undefined names, with Airflow's filters."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import jinja2
import jinja2.nativetypes
import jinja2.sandbox

from slipstream.sdk.template import search_path

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG


def ds(value: dt.date | None) -> str | None:
    """Format as ``2026-01-31``."""
    return None if value is None else value.strftime("%Y-%m-%d")


def ds_nodash(value: dt.date | None) -> str | None:
    """Format as ``20260131``."""
    return None if value is None else value.strftime("%Y%m%d")


def ts(value: dt.datetime | None) -> str | None:
    """Format as ISO 8601."""
    return None if value is None else value.isoformat()


def ts_nodash(value: dt.datetime | None) -> str | None:
    """Format as ``20260131T010203``."""
    return None if value is None else value.strftime("%Y%m%dT%H%M%S")


def ts_nodash_with_tz(value: dt.datetime | None) -> str | None:
    """Format as ``20260131T010203+0000``."""
    return None if value is None else value.isoformat().replace("-", "").replace(":", "")


FILTERS = {
    "ds": ds,
    "ds_nodash": ds_nodash,
    "ts": ts,
    "ts_nodash": ts_nodash,
    "ts_nodash_with_tz": ts_nodash_with_tz,
}


class _OpenToSingleUnderscore(jinja2.sandbox.SandboxedEnvironment):
    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Allow ``_x``, which DAG files use; ``__x`` and what Python itself guards stay closed."""
        return not jinja2.sandbox.is_internal_attribute(obj, attr)


class SandboxedEnvironment(_OpenToSingleUnderscore):
    """Renders to text."""


class NativeEnvironment(jinja2.nativetypes.NativeEnvironment, _OpenToSingleUnderscore):
    """Renders to Python values."""


def create_environment(dag: DAG | None, *, native: bool) -> jinja2.Environment:
    """Return the environment of a DAG, with its macros, filters and search path."""
    options: dict[str, Any] = {
        "loader": jinja2.FileSystemLoader(search_path(dag)),
        "undefined": jinja2.StrictUndefined,
        "extensions": ["jinja2.ext.do"],
        "cache_size": 0,
    }
    if dag is not None:
        if dag.template_undefined is not None:
            options["undefined"] = dag.template_undefined
        options.update(dag.jinja_environment_kwargs or {})
    env = (NativeEnvironment if native else SandboxedEnvironment)(**options)
    env.filters.update(FILTERS)
    # Airflow documents it for templates, but its context has no such key: parameters may be called so.
    env.globals["test_mode"] = False
    if dag is not None:
        env.globals.update(dag.user_defined_macros or {})
        env.filters.update(dag.user_defined_filters or {})
    return env
