"""``airflow.security``: a package of names."""
