"""The authoring API: all that a DAG file may use, and what runs a task in its process.

``airflow.sdk`` re-exports it. Touches neither the database nor the web: the store is reached
through ``taskapi``. Importing this package imports nothing else.
"""
