"""``airflow.sdk.providers_manager_runtime``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.provider_manager import ProvidersManager as ProvidersManagerTaskRuntime

__all__ = ["ProvidersManagerTaskRuntime"]
