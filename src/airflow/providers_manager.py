"""``airflow.providers_manager``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.provider_manager import ProvidersManager

__all__ = ["ProvidersManager"]
