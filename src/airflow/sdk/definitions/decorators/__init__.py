"""``airflow.sdk.definitions.decorators``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.dag import dag
from slipstream.sdk.decorator import TaskDecoratorCollection, result
from slipstream.sdk.decorator import task_decorator as task
from slipstream.sdk.setup_teardown import setup, teardown
from slipstream.sdk.taskgroup_decorator import task_group

__all__ = ["TaskDecoratorCollection", "dag", "result", "setup", "task", "task_group", "teardown"]
