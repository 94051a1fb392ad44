"""Sequences: 40 tasks of fib(10), 10 tasks of fib(33), and a chain of 100 empty functions."""

from datetime import datetime

from airflow.sdk import DAG, task


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def sequence(dag_id, n_tasks, work):
    with DAG(dag_id, schedule=None, start_date=datetime(2024, 1, 1), catchup=False) as dag:
        previous = None
        for i in range(n_tasks):

            @task(task_id=f"t{i:03}")
            def step():
                work()

            current = step()
            if previous is not None:
                previous >> current
            previous = current
    return dag


fib10 = sequence("bench_fib10_x40", 40, lambda: fib(10))
fib33 = sequence("bench_fib33_x10", 10, lambda: fib(33))
chain = sequence("bench_chain_100", 100, lambda: None)
