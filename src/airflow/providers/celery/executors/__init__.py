"""``airflow.providers.celery.executors``: names only; what they are is in ``slipstream``."""
