"""``airflow.api_fastapi.auth``: names only; what they are is in ``slipstream``."""
