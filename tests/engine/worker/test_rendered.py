"""Rendered fields are there from a task's start, and however it ends."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from sqlalchemy import select
from tests.engine.worker.rig import Rig

from slipstream.state import TaskInstanceState as S
from slipstream.store import schema

BASH = """
from airflow.providers.standard.operators.bash import BashOperator
BashOperator(task_id="t", bash_command="{command}", env={{"WHO": "{{{{ task.task_id }}}}"}}{more})
"""


def _fields(rig: Rig, task_id: str = "t") -> dict[str, Any] | None:
    newest = (
        select(schema.attempt.c.rendered_fields)
        .where(schema.attempt.c.task_id == task_id)
        .order_by(schema.attempt.c.id.desc())
        .limit(1)
    )
    with rig.store.read() as conn:
        found = conn.scalar(newest)
    return None if found is None else dict(json.loads(found))


def test_a_killed_task_keeps_its_rendered_fields(rig: Rig) -> None:
    rig.dag(BASH.format(command="kill -9 $PPID; sleep 60", more=""))
    outcome = rig.outcome("t")
    assert (outcome.state, outcome.signal) == (S.FAILED, signal.SIGKILL)
    fields = _fields(rig)
    assert fields is not None
    assert fields["env"] == {"WHO": "t"}


def test_a_task_that_times_out_keeps_its_rendered_fields(rig: Rig) -> None:
    rig.dag(BASH.format(command="sleep 60", more=", execution_timeout=timedelta(seconds=0.2)"))
    assert rig.outcome("t", execution_timeout_s=0.2).state is S.FAILED
    fields = _fields(rig)
    assert fields is not None
    assert fields["bash_command"] == "sleep 60"


def test_a_running_task_shows_its_rendered_fields(rig: Rig) -> None:
    go = rig.home / "go"
    rig.dag(BASH.format(command=f"until [ -e {go} ]; do sleep 0.05; done", more=""))
    attempt_id = rig.submit("t")
    pid = rig.started(attempt_id).pid
    fields = rig.until(lambda: _fields(rig), "the rendered fields", 10)
    assert fields["env"] == {"WHO": "t"}
    assert pid is not None
    assert Path(f"/proc/{pid}").exists()
    go.touch()
    assert rig.finished(attempt_id).state is S.SUCCESS
    assert _fields(rig) == fields


def test_what_a_task_makes_of_its_fields_as_it_runs_is_what_stays(rig: Rig) -> None:
    rig.dag(
        """
        from airflow.sdk import BaseOperator
        class Late(BaseOperator):
            template_fields = ("word",)
            overwrite_rtif_after_execution = True
            def __init__(self, word, **kwargs):
                super().__init__(**kwargs)
                self.word = word
            def execute(self, context):
                self.word = f"{self.word}, late"
        Late(task_id="t", word="{{ task.task_id }}")
        """
    )
    assert rig.outcome("t").state is S.SUCCESS
    assert _fields(rig) == {"word": "t, late"}


def test_a_host_that_dies_has_shown_what_ran_for_a_while(rig: Rig) -> None:
    rig.dag(BASH.format(command="sleep 60", more=""))
    attempt_id = rig.submit("t")
    rig.started(attempt_id)
    rig.until(lambda: _fields(rig), "the rendered fields", 10)
    os.kill(rig.host_pid, signal.SIGKILL)
    rig.lost(attempt_id)
    fields = _fields(rig)
    assert fields is not None
    assert fields["bash_command"] == "sleep 60"


def test_the_fields_of_a_short_task_come_with_its_finish(rig: Rig) -> None:
    rig.dag("@task\ndef t(i): return i\nfor i in range(5): t.override(task_id=f't{i}')(i)")
    for i in range(5):
        rig.outcome(f"t{i}")
        assert _fields(rig, f"t{i}") == {"op_args": [i], "op_kwargs": {}, "templates_dict": None}


def test_fields_without_values_are_kept_with_the_outcome(rig: Rig) -> None:
    rig.dag("""
from airflow.providers.standard.operators.python import PythonOperator
PythonOperator(task_id="t", python_callable=lambda: None)
""")
    assert rig.outcome("t").state is S.SUCCESS
    assert _fields(rig) == {"templates_dict": None, "op_args": [], "op_kwargs": {}}
