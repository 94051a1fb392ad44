"""``airflow.executors``: a package of names."""
