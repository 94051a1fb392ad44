"""Fans: 1,000 functions that do nothing, and 200 bash commands, side by side."""

from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task

with DAG(
    "bench_fan_1000",
    schedule=None,
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_tasks=1000,
):
    for i in range(1000):

        @task(task_id=f"t{i:04}")
        def nothing():
            pass

        nothing()

with DAG(
    "bench_bash_200",
    schedule=None,
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_tasks=1000,
):
    for i in range(200):
        BashOperator(task_id=f"t{i:03}", bash_command="true")
