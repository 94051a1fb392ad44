"""``airflow.utils.platform``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.system import get_airflow_git_version, getuser

__all__ = ["get_airflow_git_version", "getuser"]
