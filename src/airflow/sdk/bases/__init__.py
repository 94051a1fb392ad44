"""``airflow.sdk.bases``: names only; what they are is in ``slipstream``."""
