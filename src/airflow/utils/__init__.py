"""``airflow.utils``: names only; what they are is in ``slipstream``."""
