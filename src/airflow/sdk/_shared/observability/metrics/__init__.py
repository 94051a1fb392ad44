"""``airflow.sdk._shared.observability.metrics``: names only; what they are is in ``slipstream``."""
