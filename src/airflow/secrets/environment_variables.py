"""``airflow.secrets.environment_variables``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.secrets import EnvironmentVariablesBackend

__all__ = ["EnvironmentVariablesBackend"]
