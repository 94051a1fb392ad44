"""What Airflow's auth managers ask permission for; providers import the names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass
class ConnectionDetails:
    """A connection."""

    conn_id: str | None = None
    team_name: str | None = None


@dataclass
class DagDetails:
    """A DAG."""

    id: str | None = None
    team_name: str | None = None


@dataclass
class PoolDetails:
    """A pool."""

    name: str | None = None
    team_name: str | None = None


@dataclass
class VariableDetails:
    """A variable."""

    key: str | None = None
    team_name: str | None = None


@dataclass
class AssetDetails:
    """An asset."""

    id: str | None = None


@dataclass
class AssetAliasDetails:
    """An asset alias."""

    id: str | None = None


@dataclass
class BackfillDetails:
    """A backfill."""

    id: int | None = None


@dataclass
class ConfigurationDetails:
    """A section of the configuration."""

    section: str | None = None


class AccessView(Enum):
    """A page."""

    CLUSTER_ACTIVITY = "CLUSTER_ACTIVITY"
    DOCS = "DOCS"
    IMPORT_ERRORS = "IMPORT_ERRORS"
    JOBS = "JOBS"
    PLUGINS = "PLUGINS"
    PROVIDERS = "PROVIDERS"
    TRIGGERS = "TRIGGERS"
    WEBSITE = "WEBSITE"


class DagAccessEntity(Enum):
    """A part of a DAG."""

    AUDIT_LOG = "AUDIT_LOG"
    CODE = "CODE"
    DEPENDENCIES = "DEPENDENCIES"
    HITL_DETAIL = "HITL_DETAIL"
    RUN = "RUN"
    TASK = "TASK"
    TASK_INSTANCE = "TASK_INSTANCE"
    TASK_LOGS = "TASK_LOGS"
    VERSION = "VERSION"
    WARNING = "WARNING"
    XCOM = "XCOM"
