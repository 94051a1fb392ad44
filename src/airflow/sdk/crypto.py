"""``airflow.sdk.crypto``: names only; what they are is in ``slipstream``."""
