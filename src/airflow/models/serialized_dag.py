"""``airflow.models.serialized_dag``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.compat.orm import SerializedDagModel

__all__ = ["SerializedDagModel"]
