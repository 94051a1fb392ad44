"""``airflow.providers.celery``: names only; what they are is in ``slipstream``."""
