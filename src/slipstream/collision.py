"""Refuse to run beside a real Airflow: both install the package ``airflow`` and the command.

Whichever was installed last has overwritten files of the other, so nothing that follows could be
trusted.
"""

from __future__ import annotations

import os
import sys

from slipstream.errors import UserError

_DISTRIBUTIONS = ("apache_airflow_core-", "apache_airflow_task_sdk-", "apache_airflow-")
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
        for name in names:
            if (
                name.startswith(_DISTRIBUTIONS)
                and name.endswith((".dist-info", ".egg-info"))
                and not name.startswith(_META_PACKAGES)
            ):
                raise UserError(_message(name, folder))


def _message(name: str, folder: str) -> str:
    distribution = name.partition("-")[0].replace("_", "-")
    return (
        f"{distribution} is installed in {folder}, where Slipstream is too, and each overwrites "
        f"files of the other. Install Slipstream into an environment of its own, or uninstall "
        f"{distribution} and install Slipstream again."
    )
