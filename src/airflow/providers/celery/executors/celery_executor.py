"""``airflow.providers.celery.executors.celery_executor``: names only."""

from slipstream.executors.celery.executor import CeleryExecutor

__all__ = ["CeleryExecutor"]
