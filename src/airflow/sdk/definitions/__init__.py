"""``airflow.sdk.definitions``: names only; what they are is in ``slipstream``."""
