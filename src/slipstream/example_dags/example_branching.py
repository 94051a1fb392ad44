"""### Branching

`choose` names the task that goes on; the tasks of the other branch are skipped. `join` runs after
either of them: its trigger rule only minds failures.

Trigger it with `{"mode": "full"}` or `{"mode": "quick"}`; without a choice the weekday decides.
"""

from __future__ import annotations

from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param, task

with DAG(
    dag_id="example_branching",
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    params={
        "mode": Param(
            "by weekday",
            type="string",
            enum=["by weekday", "full", "quick"],
            description="Which of the two branches to take.",
        )
    },
    doc_md=__doc__,
    tags=["example", "branching"],
):

    @task.branch
    def choose(params: dict, logical_date: datetime | None = None) -> str:
        mode = params["mode"]
        if mode == "by weekday":
            day = logical_date or datetime.now()
            mode = "full" if day.weekday() == 6 else "quick"
        return f"{mode}_check"

    @task
    def full_check() -> str:
        return "Looked at everything, as on every Sunday."

    @task
    def quick_check() -> str:
        return "Looked at what changed."

    join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")

    choose() >> [full_check(), quick_check()] >> join
