"""``airflow.sdk.api``: names only; what they are is in ``slipstream``."""
