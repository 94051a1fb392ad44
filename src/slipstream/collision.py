"""Refuse to run beside distributions that install the same files: a real Airflow, and its standard
provider, whose operators are part of Slipstream.

Whichever was installed last has overwritten files of the other, so nothing that follows could be
trusted.
"""

from __future__ import annotations

import os
import sys

from slipstream.errors import UserError

_DISTRIBUTIONS = (
    "apache_airflow_core-",
    "apache_airflow_providers_standard-",
    "apache_airflow_task_sdk-",
    "apache_airflow-",
)
_META_PACKAGES = ("apache_airflow-3",)  # these hold no code: the other two come with them


def refuse_real_airflow() -> None:
    """Raise UserError when Apache Airflow is installed where this process imports from."""
    for folder in sys.path:
        if not folder.endswith(("site-packages", "dist-packages")):
            continue
        try:
            names = os.listdir(folder)
        except OSError:
            continue  # Python ignores such entries of sys.path as well
        found = [
            name
            for name in names
            if name.startswith(_DISTRIBUTIONS) and name.endswith((".dist-info", ".egg-info"))
        ]
        if any(not name.startswith(_META_PACKAGES) for name in found):
            raise UserError(_message(found, folder))


def _message(names: list[str], folder: str) -> str:
    found = sorted({name.partition("-")[0].replace("_", "-") for name in names})
    are, they = ("is", "it") if len(found) == 1 else ("are", "them")
    return (
        f"{' and '.join(found)} {are} installed in {folder}, where Slipstream is too, and each "
        "overwrites files of the other. Install Slipstream into an environment of its own, or "
        f"remove {they} and put Slipstream's files back: `pip uninstall {' '.join(found)}`, then "
        "`pip install --force-reinstall --no-deps slipstream-orchestrator`."
    )
