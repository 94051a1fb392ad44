"""``airflow.lineage``: names only; what they are is in ``slipstream``."""
