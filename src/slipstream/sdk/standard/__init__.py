"""The operators, sensors, hooks and decorators of ``airflow.providers.standard``."""
