"""Rehearsals: a zygote runs tasks that do nothing, so that real ones find all warm.

What a task's first steps import, compile and cache is then there before the fork, shared, instead
of being made anew in a private copy by each of them; that halves the cost of a small task. Python
adapts its bytecode to what it meets (PEP 659), which takes some rounds.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from slipstream.attempt import Workload
from slipstream.sdk import policy
from slipstream.sdk.context import Context
from slipstream.sdk.dag import DAG
from slipstream.sdk.operator import BaseOperator
from slipstream.task import output, protocol, run

_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
_ROUNDS = 20
"""Bytecode is adapted after eight calls, and once more where the first guess was wrong."""
_FEW_ROUNDS = 12


class _Nothing(BaseOperator):
    """Does nothing."""

    template_fields = ("word",)

    def __init__(self, *, word: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.word = word

    def execute(self, context: Context) -> str:
        self.log.info("Nothing: %s", self.word)
        return self.word


def _do_nothing() -> None:
    """The function of the rehearsed PythonOperator."""


def rehearse() -> None:
    """Run a task of no DAG file, from assignment to outcome; leaves nothing but warm caches."""
    with DAG("rehearsal", schedule=None) as dag:
        _Nothing(task_id="nothing", word="")
    _run(dag, _ROUNDS, execution_timeout_s=3600.0)


def rehearse_for(dags: Mapping[str, DAG]) -> None:
    """Run, in a zygote that has loaded these DAGs, what many of their tasks begin with."""
    with DAG("rehearsal", schedule=None) as dag:
        if "slipstream.sdk.jinja" in sys.modules:
            _Nothing(task_id="template", word="{{ ds }}")
        if (python := sys.modules.get("slipstream.sdk.standard.python")) is not None:
            python.PythonOperator(task_id="function", python_callable=_do_nothing)
    _run(dag, _FEW_ROUNDS)
    seen: set[type] = set()
    for task in (task for loaded in dags.values() for task in loaded.task_dict.values()):
        if type(task) not in seen:
            seen.add(type(task))
            with suppress(Exception):  # a user's own property: its task will show what is wrong
                task.log.isEnabledFor(logging.INFO)


def _run(dag: DAG, n_rounds: int, **fields: Any) -> None:
    """Run the DAG's tasks so many times, once if a policy of the user's sees each."""
    environ = dict(os.environ)
    handler = signal.getsignal(signal.SIGTERM)
    if policy.has_instance_hook():
        n_rounds = 1
    with output.captured():
        for task_id in dag.task_dict:
            workload = Workload(
                attempt_id="",
                dag_id=dag.dag_id,
                run_id="rehearsal",
                dag_run_pk=0,
                task_id=task_id,
                relative_fileloc="",
                logical_date=_MOMENT,
                run_after=_MOMENT,
                **fields,
            )
            for _ in range(n_rounds):
                _run_once(dag, workload)
    signal.signal(signal.SIGTERM, handler)
    os.environ.clear()
    os.environ.update(environ)


def _run_once(dag: DAG, workload: Workload) -> None:
    frame = protocol.encode({"m": "assign", "workload": workload.to_json()})
    (assignment,) = protocol.FrameBuffer().feed(frame)
    task_run = run.TaskRun(Workload.from_json(assignment["workload"]), dag, _MOMENT)
    outcome = task_run.run()
    if outcome.error is not None:
        raise RuntimeError(f"the rehearsal failed: {outcome.error}")
    protocol.encode({"m": "finish", "outcome": outcome.to_json()})
    task_run.run_callbacks()
