"""Settings: ``$AIRFLOW_HOME``, ``airflow.cfg``, ``AIRFLOW__SECTION__KEY``, and their defaults.

    from slipstream.config import conf

    conf.getint("core", "parallelism")

This package is the only reader of environment variables. Importing it touches no file.
"""

from __future__ import annotations

from slipstream.config.parser import Config
from slipstream.config.resolve import RenamedOptionWarning, Setting

__all__ = ["Config", "RenamedOptionWarning", "Setting", "conf"]

conf = Config()
