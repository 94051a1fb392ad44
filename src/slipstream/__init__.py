"""Slipstream: a workflow orchestrator that runs Apache Airflow DAG files on an engine of its own."""

__version__ = "0.1.0"
