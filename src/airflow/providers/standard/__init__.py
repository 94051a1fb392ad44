"""``airflow.providers.standard``: names only; what they are is in ``slipstream``."""
