"""``airflow.providers.standard.sensors``: names only; what they are is in ``slipstream``."""
