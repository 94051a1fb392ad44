"""``airflow._shared``: names only; what they are is in ``slipstream``."""
