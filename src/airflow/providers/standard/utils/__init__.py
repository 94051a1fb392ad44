"""``airflow.providers.standard.utils``: names only; what they are is in ``slipstream``."""
