"""``airflow.api_fastapi.auth.managers.models``: names only; what they are is in ``slipstream``."""
