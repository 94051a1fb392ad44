"""Benchmarks that drive a running system through Airflow's REST API alone.

The same DAG files and the same driver measure Slipstream and Apache Airflow, so the two columns of
the table in ``docs/performance.md`` compare like with like. See ``python -m bench --help``.
"""
