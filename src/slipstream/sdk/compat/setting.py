"""``airflow.settings`` and the constants of ``airflow.configuration``."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from slipstream.config import conf
from slipstream.sdk import bundle
from slipstream.sdk.compat.session import refuse
from slipstream.sdk.timezone import default_timezone

AIRFLOW_HOME = str(conf.home)
AIRFLOW_CONFIG = str(conf.home / "airflow.cfg")
DAGS_FOLDER = str(bundle.dags_folder())
PLUGINS_FOLDER = conf.get("core", "plugins_folder", fallback="") or str(conf.home / "plugins")
TIMEZONE: tzinfo = default_timezone()
engine: Any = None
"""There is no SQLAlchemy engine for user code."""


def Session(*args: Any, **kwargs: Any) -> None:  # noqa: N802 (Airflow's name)
    """Refuse."""
    refuse("settings.Session()")


def task_instance_mutation_hook(task_instance: Any) -> None:
    """Do nothing; ``airflow_local_settings.py`` may define its own."""


def pod_mutation_hook(pod: Any) -> None:
    """Do nothing; ``airflow_local_settings.py`` may define its own."""
