"""``airflow.version``: the version that DAG files and providers ask for."""

from airflow import __version__

version = __version__
