"""``airflow.providers.standard.decorators``: names only; what they are is in ``slipstream``."""
