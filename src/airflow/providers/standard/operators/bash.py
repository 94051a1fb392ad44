"""``airflow.providers.standard.operators.bash``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.bash import BashOperator

__all__ = ["BashOperator"]
