"""``airflow.utils.providers_configuration_loader``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.provider_manager import providers_configuration_loaded

__all__ = ["providers_configuration_loaded"]
