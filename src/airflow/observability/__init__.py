"""``airflow.observability``: names only; what they are is in ``slipstream``."""
