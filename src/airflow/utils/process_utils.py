"""``airflow.utils.process_utils``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.system import execute_in_subprocess, patch_environ

__all__ = ["execute_in_subprocess", "patch_environ"]
