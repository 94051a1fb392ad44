"""``airflow.sdk.types``: names only; what they are is in ``slipstream``."""

from logging import Logger

from slipstream.sdk.dagrun import DagRun
from slipstream.sdk.dagrun import DagRun as DagRunProtocol
from slipstream.sdk.operator import BaseOperator as Operator
from slipstream.sdk.runtime import (
    RuntimeTaskInstance as RuntimeTaskInstanceProtocol,
)
from slipstream.sdk.runtime import (
    RuntimeTaskInstance as TaskInstance,
)
from slipstream.sdk.types import TaskInstanceKey
from slipstream.state import DagRunType

__all__ = [
    "DagRun",
    "DagRunProtocol",
    "DagRunType",
    "Logger",
    "Operator",
    "RuntimeTaskInstanceProtocol",
    "TaskInstance",
    "TaskInstanceKey",
]
