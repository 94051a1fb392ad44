"""``airflow.sdk.execution_time.timeout``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.system import timeout
from slipstream.sdk.compat.system import timeout as TimeoutPosix

__all__ = ["TimeoutPosix", "timeout"]
