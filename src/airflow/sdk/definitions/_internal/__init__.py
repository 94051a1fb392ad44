"""``airflow.sdk.definitions._internal``: names only; what they are is in ``slipstream``."""
