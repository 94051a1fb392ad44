"""``airflow.sdk.yaml``: names only; what they are is in ``slipstream``."""

from yaml import dump, safe_load

__all__ = ["dump", "safe_load"]
