"""Airflow's ORM models by name: they serve as types; their queries are refused with one message."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.compat.session import refuse
from slipstream.sdk.dagrun import DagRun as _DagRun
from slipstream.sdk.dagrun import TaskInstance as _TaskInstance


class _Queryless(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        refuse(f"{cls.__name__}.{name}")


class DagRun(_DagRun, metaclass=_Queryless):
    """A dag run."""


class TaskInstance(_TaskInstance, metaclass=_Queryless):
    """A task instance."""


class Model(metaclass=_Queryless):
    """Base of the others."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.__dict__.update(kwargs)


class Base(Model):
    """SQLAlchemy's base of Airflow's models."""


class AssetModel(Model):
    """A stored asset."""


class DagModel(Model):
    """A stored DAG."""


class DagTag(Model):
    """A stored tag."""


class DagVersion(Model):
    """A stored version."""


class DagWarning(Model):
    """A stored warning."""


class DbCallbackRequest(Model):
    """A stored callback request."""


class HITLDetail(Model):
    """A stored question."""


class Job(Model):
    """A stored job."""


class Log(Model):
    """A stored audit entry."""


class ParseImportError(Model):
    """A stored import error."""


class Pool(Model):
    """A stored pool."""

    DEFAULT_POOL_NAME = "default_pool"


class RenderedTaskInstanceFields(Model):
    """Stored rendered fields."""


class SerializedDagModel(Model):
    """A stored DAG spec."""


class SimpleTaskInstance(Model):
    """A task instance's plain copy."""


class SlaMiss(Model):
    """A missed SLA of Airflow 2."""


class TaskReschedule(Model):
    """A stored reschedule."""


class Team(Model):
    """A stored team."""


class Trigger(Model):
    """A stored trigger."""


class XComModel(Model):
    """A stored XCom."""


ID_LEN = 250


def clear_task_instances(*args: Any, **kwargs: Any) -> None:
    """Refuse."""
    refuse("clear_task_instances()")


def expand_alias_to_assets(*args: Any, **kwargs: Any) -> None:
    """Refuse."""
    refuse("expand_alias_to_assets()")
