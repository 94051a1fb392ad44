"""Small parts of Airflow outside of its SDK that DAG files and providers import."""
