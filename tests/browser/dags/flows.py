"""One DAG for each flow. A gate is a file that a test makes, for a task to go on at that moment."""

import os
import time
from datetime import datetime
from pathlib import Path

from airflow.sdk import DAG, Param, task

GATES = Path(os.environ["AIRFLOW_HOME"], "gates")


def wait_for(gate):
    while not (GATES / gate).exists():
        time.sleep(0.05)


def dag(dag_id, **options):
    return DAG(dag_id, **{"schedule": None, "is_paused_upon_creation": False, **options})


@task
def begin():
    return "begun"


@task
def end():
    print("at the end")


@task
def gated(gate):
    wait_for(gate)


@task
def talk():
    print("before the gate")
    wait_for("talking")
    for number in range(400):
        print(f"spoken line {number}")


@task
def shaky():
    if not (GATES / "mended").exists():
        raise RuntimeError("the bridge is out")


with dag("watched", tags=["observation"]):
    begin() >> gated("watched") >> end()

with dag("talking"):
    talk()

with dag("mended"):
    begin() >> shaky() >> end()

with dag("marked", default_args={"owner": "cartographers"}):
    gated("nobody opens this") >> end()

with dag("ledger_7", dag_display_name="Great ledger"):
    begin()

with dag("dated"):
    begin()

with dag(
    "switched",
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    is_paused_upon_creation=True,
):
    begin()

with dag(
    "formed",
    is_paused_upon_creation=True,
    params={
        "city": Param("Graz", type="string", title="City", minLength=3),
        "copies": Param(2, type="integer", minimum=1, maximum=9),
        "colour": Param("red", type="string", enum=["red", "green", "blue"]),
        "urgent": Param(False, type="boolean"),
        "day": Param("2026-03-01", type="string", format="date"),
        "names": Param(["one"], type="array", items={"type": "string"}),
        "options": Param({"deep": 1}, type="object"),
    },
):
    begin()
