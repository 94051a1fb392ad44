"""Fifty DAGs of ten tasks each, to be run all at once."""

from datetime import datetime

from airflow.sdk import DAG, task


def make(dag_id):
    with DAG(dag_id, schedule=None, start_date=datetime(2024, 1, 1), catchup=False) as dag:
        previous = None
        for i in range(10):

            @task(task_id=f"t{i}")
            def nothing():
                pass

            current = nothing()
            if previous is not None:
                previous >> current
            previous = current
    return dag


for n in range(50):
    globals()[f"many_{n:02}"] = make(f"bench_many_{n:02}")
