"""``airflow.sdk.definitions.edges``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.edge import EdgeModifier, Label

__all__ = ["EdgeModifier", "Label"]
