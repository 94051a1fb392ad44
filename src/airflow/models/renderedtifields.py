"""``airflow.models.renderedtifields``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import RenderedTaskInstanceFields

__all__ = ["RenderedTaskInstanceFields"]
