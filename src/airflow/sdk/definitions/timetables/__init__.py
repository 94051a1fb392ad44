"""``airflow.sdk.definitions.timetables``: names only; what they are is in ``slipstream``."""
