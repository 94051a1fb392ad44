"""``airflow._shared.timezones``: names only; what they are is in ``slipstream``."""
