"""``airflow.sdk.observability``: names only; what they are is in ``slipstream``."""
