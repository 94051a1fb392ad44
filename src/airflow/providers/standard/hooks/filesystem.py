"""``airflow.providers.standard.hooks.filesystem``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.standard.filesystem_hook import FSHook

__all__ = ["FSHook"]
