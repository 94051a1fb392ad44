"""``airflow.api_fastapi``: names only; what they are is in ``slipstream``."""
