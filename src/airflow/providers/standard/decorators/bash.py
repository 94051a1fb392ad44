"""``airflow.providers.standard.decorators.bash``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.bash_decorator import _BashDecoratedOperator, bash_task

__all__ = ["_BashDecoratedOperator", "bash_task"]
