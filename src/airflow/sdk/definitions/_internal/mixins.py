"""``airflow.sdk.definitions._internal.mixins``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.node import DependencyMixin

__all__ = ["DependencyMixin"]
