"""Rehearsals: a zygote runs tasks that do nothing, so that real ones find all warm.

What a task's first steps import, compile and cache is then there before the fork, shared, instead
of being made anew in a private copy by each of them; that halves the cost of a small task. Python
adapts its bytecode to what it meets (PEP 659), which takes some rounds.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slipstream.attempt import Workload
from slipstream.sdk import policy, taskapi
from slipstream.sdk.context import Context
from slipstream.sdk.dag import DAG
from slipstream.sdk.operator import BaseOperator
from slipstream.state import TaskInstanceState
from slipstream.task import child, output, process, protocol
from slipstream.task.loading import LoadedFile

log = logging.getLogger(__name__)

_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
_ROUNDS = 20
"""Bytecode is adapted after eight calls, and once more where the first guess was wrong."""
_FEW_ROUNDS = 12
_COMMON_RESULTS: tuple[Any, ...] = (None, True, 0, 0.0, "", b"", (), [], {}, set())


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
        if (decorator := sys.modules.get("slipstream.sdk.standard.python_decorator")) is not None:
            decorator.python_task(_do_nothing, task_id="decorated")()
    _run(dag, _FEW_ROUNDS)
    for value in _COMMON_RESULTS:
        # ``logging`` asks this of a message's only argument, such as what a function returned.
        isinstance(value, Mapping)
    seen: set[type] = set()
    for task in (task for loaded in dags.values() for task in loaded.task_dict.values()):
        if type(task) not in seen:
            seen.add(type(task))
            with suppress(Exception):  # a user's own property: its task will show what is wrong
                task.log.isEnabledFor(logging.INFO)


def _run(dag: DAG, n_rounds: int, **fields: Any) -> None:
    """Run the DAG's tasks so many times, once if a policy of the user's sees each."""
    if policy.has_instance_hook():
        n_rounds = 1
    loaded = LoadedFile(Path(), dags={dag.dag_id: dag})
    with _unchanged():
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
            try:
                for _ in range(n_rounds):
                    _run_once(loaded, workload)
            except Exception:
                # Real tasks do not depend on it.
                log.exception("A rehearsal failed: tasks start a little slower")


@contextmanager
def _unchanged() -> Iterator[None]:
    """Put back what a task process changes of itself."""
    name = Path("/proc/self/comm").read_text().strip()
    environ = dict(os.environ)
    api = taskapi.current()
    handler = signal.getsignal(signal.SIGTERM)
    fds = [(os.dup(fd), fd) for fd in (1, 2)]
    try:
        yield
    finally:
        for copy, fd in fds:
            os.dup2(copy, fd)
            os.close(copy)
        output.tell_of_loss(lambda reason: True)
        signal.signal(signal.SIGTERM, handler)
        taskapi.use(api)
        os.environ.clear()
        os.environ.update(environ)
        process.set_name(name)


def _run_once(loaded: LoadedFile, workload: Workload) -> None:
    """Be the host, and the task process that it tells to run the workload."""
    host, sock = socket.socketpair()
    assignment = {"workload": workload.to_json(), "path": "", "log": os.devnull}
    with host:
        with sock:
            host.sendall(protocol.encode({"m": "assign", **assignment}))
            host.sendall(protocol.encode({"m": "go", "started_at": _MOMENT.isoformat()}))
            # The DAG file's exit handlers are the tasks' own.
            child.attend(protocol.Stream(sock), loaded, lambda: None)
        stream = protocol.Stream(host)
        while (said := stream.receive())["m"] != "finish":
            continue  # what it tells its host on the way
    if said.get("outcome", {}).get("state") != TaskInstanceState.SUCCESS:
        raise RuntimeError(f"the rehearsal failed: {said}")
