"""``airflow.logging_config``: names only; what they are is in ``slipstream``."""
