"""``airflow.providers.celery.executors.default_celery``: names only."""

from slipstream.executors.celery.settings import default_settings

DEFAULT_CELERY_CONFIG = default_settings()

__all__ = ["DEFAULT_CELERY_CONFIG"]
