"""``airflow.dag_processing``: names only; what they are is in ``slipstream``."""
