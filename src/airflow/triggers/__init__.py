"""``airflow.triggers``: names only; what they are is in ``slipstream``."""
