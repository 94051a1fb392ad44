"""The options of the DAG processor, read once at its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from slipstream.config import conf


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    n_parsers: int = 2
    """Parsing processes at once."""
    soft_limit_s: float = 30.0
    hard_limit_s: float = 50.0
    memory_limit_mb: int = 1024
    scan_interval_s: float = 300.0
    """Between two looks at all files, for what the watcher cannot see."""
    volatile_interval_s: float = 30.0
    """Between two parses of a file whose result may change though no file does."""
    heartbeat_interval_s: float = 5.0
    ignore_syntax: str = "glob"
    safe_mode: bool = True
    sort_mode: str = "modified_time"
    paused_at_creation: bool = True

    @classmethod
    def from_config(cls) -> Self:
        """Read the options under Airflow's names; ``parse_memory_limit_mb`` is ours."""
        soft = conf.getfloat("core", "dagbag_import_timeout", fallback=30.0)
        hard = conf.getfloat("dag_processor", "dag_file_processor_timeout", fallback=50.0)
        return cls(
            n_parsers=max(conf.getint("dag_processor", "parsing_processes", fallback=2), 1),
            soft_limit_s=soft,
            hard_limit_s=max(hard, soft + 1.0) if hard > 0 else 0.0,
            memory_limit_mb=conf.getint("dag_processor", "parse_memory_limit_mb", fallback=1024),
            scan_interval_s=conf.getfloat("dag_processor", "refresh_interval", fallback=300.0),
            volatile_interval_s=conf.getfloat(
                "dag_processor", "min_file_process_interval", fallback=30.0
            ),
            heartbeat_interval_s=conf.getfloat("scheduler", "job_heartbeat_sec", fallback=5.0),
            ignore_syntax=conf.get("core", "dag_ignore_file_syntax", fallback="glob"),
            safe_mode=conf.getboolean("core", "dag_discovery_safe_mode", fallback=True),
            paused_at_creation=conf.getboolean(
                "core", "dags_are_paused_at_creation", fallback=True
            ),
        )
