"""``airflow.models``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.dagbag import DagBag
from slipstream.sdk.compat.orm import (
    ID_LEN,
    Base,
    DagModel,
    DagRun,
    DagTag,
    DagWarning,
    Log,
    Pool,
    RenderedTaskInstanceFields,
    SlaMiss,
    TaskInstance,
    TaskReschedule,
    Trigger,
    clear_task_instances,
)
from slipstream.sdk.compat.orm import (
    ParseImportError as ImportError,
)
from slipstream.sdk.connection import Connection
from slipstream.sdk.dag import DAG
from slipstream.sdk.mapped import MappedOperator
from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.operatorlink import BaseOperatorLink
from slipstream.sdk.param import Param
from slipstream.sdk.skip import SkipMixin
from slipstream.sdk.variable import Variable
from slipstream.sdk.xcom import BaseXCom
from slipstream.sdk.xcom import BaseXCom as XCom
from slipstream.sdk.xcom_arg import XComArg

__all__ = [
    "Base",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseXCom",
    "Connection",
    "DAG",
    "DagBag",
    "DagModel",
    "DagRun",
    "DagTag",
    "DagWarning",
    "ID_LEN",
    "ImportError",
    "Log",
    "MappedOperator",
    "Param",
    "Pool",
    "RenderedTaskInstanceFields",
    "SkipMixin",
    "SlaMiss",
    "TaskInstance",
    "TaskReschedule",
    "Trigger",
    "Variable",
    "XCom",
    "XComArg",
    "clear_task_instances",
]
