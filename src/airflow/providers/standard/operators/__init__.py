"""``airflow.providers.standard.operators``: names only; what they are is in ``slipstream``."""
