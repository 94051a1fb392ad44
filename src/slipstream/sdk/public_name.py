"""The names that users know our classes by, in logs and in the API."""

from __future__ import annotations

import re

# A class in a DAG file: the loader puts a hash of the path before the module's name, which must
# not get into a spec, or the same file would have another hash on another machine.
_OF_A_DAG_FILE = re.compile(r"\Aunusual_prefix_[0-9a-f]{40}_")
_EXACT = {
    "slipstream.sdk.branch": "airflow.providers.standard.operators.branch",
    "slipstream.sdk.standard.bash_decorator": "airflow.providers.standard.decorators.bash",
    "slipstream.sdk.standard.filesystem_hook": "airflow.providers.standard.hooks.filesystem",
    "slipstream.sdk.standard.python_decorator": "airflow.providers.standard.decorators.python",
    "slipstream.sdk.standard.sensor_decorator": "airflow.providers.standard.decorators.sensor",
    "slipstream.sdk.standard.subprocess_hook": "airflow.providers.standard.hooks.subprocess",
}
_PREFIXES = (
    ("slipstream.sdk.standard.sensor.", "airflow.providers.standard.sensors."),
    ("slipstream.sdk.standard.", "airflow.providers.standard.operators."),
    ("slipstream.sdk.", "airflow.sdk.bases."),
)


def public_module(cls: type) -> str:
    """Return the module that users import a class (or a function) from."""
    module = _OF_A_DAG_FILE.sub("", cls.__module__)
    if module in _EXACT:
        return _EXACT[module]
    for ours, public in _PREFIXES:
        if module.startswith(ours):
            return public + module.removeprefix(ours)
    return module


def public_path(cls: type) -> str:
    """Return the dotted path that users know a class by."""
    return f"{public_module(cls)}.{cls.__qualname__}"
