"""``airflow.task``: names only; what they are is in ``slipstream``."""
