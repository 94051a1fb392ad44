"""``airflow.providers.standard.triggers``: names only; what they are is in ``slipstream``."""
