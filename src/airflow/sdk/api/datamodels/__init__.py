"""``airflow.sdk.api.datamodels``: names only; what they are is in ``slipstream``."""
