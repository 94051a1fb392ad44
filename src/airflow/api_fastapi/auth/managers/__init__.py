"""``airflow.api_fastapi.auth.managers``: names only; what they are is in ``slipstream``."""
