"""``airflow.providers.standard.hooks``: names only; what they are is in ``slipstream``."""
