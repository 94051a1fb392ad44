"""A DAG of which every page has something to show."""

import time
from datetime import datetime

from airflow.sdk import DAG, TaskGroup, task
from airflow.providers.standard.operators.bash import BashOperator

with DAG(
    "gallery",
    schedule="@monthly",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["art", "night"],
    description="Shows what a DAG can have",
    doc_md="# Gallery\n\nWith a [link](https://example.org) and `code`.",
    default_args={"owner": "curator"},
    is_paused_upon_creation=True,
):

    @task(doc_md="Opens the **doors**.")
    def unlock():
        print("\x1b[32mopen\x1b[0m")
        return {"visitors": 3, "rooms": ["north", "south"]}

    @task
    def paint(ti=None):
        ti.xcom_push("brush", ["fine", "broad"])
        time.sleep(0.2)
        return "painted"

    @task
    def fall():
        raise ValueError("it fell")

    @task
    def mourn():
        pass

    with TaskGroup("rooms"):
        bare = BashOperator(task_id="sweep", bash_command="echo {{ run_id }}")
        bare >> paint()

    @task(task_id="a_task_" + "whose_name_is_longer_than_any_phone_is_wide_" * 3)
    def say():
        pass

    opened = unlock()
    opened >> say()
    opened >> bare
    opened >> fall() >> mourn()
