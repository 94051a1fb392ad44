"""``airflow.utils.log``: names only; what they are is in ``slipstream``."""
