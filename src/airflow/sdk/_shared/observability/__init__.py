"""``airflow.sdk._shared.observability``: names only; what they are is in ``slipstream``."""
