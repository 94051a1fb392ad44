"""``airflow.sdk.execution_time``: names only; what they are is in ``slipstream``."""
