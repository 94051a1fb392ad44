"""A rehearsal: the base zygote runs a task that does nothing, so that real ones find all warm.

What a task's first steps import, compile and cache is then there before the fork, shared, instead
of being made anew in a private copy by each of them; that halves the cost of a small task.
"""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from typing import Any

from slipstream.attempt import Workload
from slipstream.sdk.context import Context
from slipstream.sdk.dag import DAG
from slipstream.sdk.operator import BaseOperator
from slipstream.task import protocol, run

_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


class _Nothing(BaseOperator):
    """Does nothing."""

    template_fields = ("word",)

    def __init__(self, *, word: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.word = word

    def execute(self, context: Context) -> str:
        return self.word


def rehearse() -> None:
    """Run a task of no DAG file from assignment to outcome; leaves nothing but warm caches."""
    environ = dict(os.environ)
    with DAG("rehearsal", schedule=None) as dag:
        _Nothing(task_id="nothing", word="{{ ds }}")
    workload = Workload(
        attempt_id="",
        dag_id="rehearsal",
        run_id="rehearsal",
        dag_run_pk=0,
        task_id="nothing",
        relative_fileloc="",
        logical_date=_MOMENT,
        run_after=_MOMENT,
        execution_timeout_s=3600.0,
    )
    assignment = protocol.decode(
        protocol.encode({"m": "assign", "workload": workload.to_json()})[4:]
    )
    task_run = run.TaskRun(Workload.from_json(assignment["workload"]), dag, _MOMENT)
    outcome = task_run.run()
    if outcome.error is not None:
        raise RuntimeError(f"the rehearsal failed: {outcome.error}")
    protocol.encode({"m": "finish", "outcome": outcome.to_json()})
    task_run.run_callbacks()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environ)
