"""``airflow.timetables``: names only; what they are is in ``slipstream``."""
