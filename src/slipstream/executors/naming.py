"""What tasks call executors: an alias, a class's name, or its import path.

Asked when a DAG file is read, so that a task that no executor will take is an error of its file
and not of a run.
"""

from __future__ import annotations

from slipstream.executors import entries, plain
from slipstream.sdk.exceptions import UnknownExecutorException
from slipstream.spec import DagSpec


def settle(spec: DagSpec, names: str) -> None:
    """Replace what the tasks say of their executors by the names in ``names`` (``[core] executor``).

    Raises UnknownExecutorException for a task whose executor is not among them.
    """
    known = {key: key for key, _, _ in entries(names)}
    for key, name, written in entries(names):
        # As Airflow: the first of a class is what its name means, if nothing has it for an alias.
        for word in (name, written, written.rpartition(".")[2]):
            known.setdefault(word, key)
    for task in spec["tasks"]:
        wanted = task.get("executor")
        if wanted is None:
            continue
        meant = known.get(wanted) or known.get(plain(wanted))
        if meant is None:
            allowed = ", ".join(key for key, _, _ in entries(names))
            raise UnknownExecutorException(
                f"Task {task['task_id']!r} of DAG {spec['dag_id']!r} has executor={wanted!r}, which "
                f"[core] executor does not name; it names {allowed}. Add it there, or choose another "
                "for the task (or in default_args)."
            )
        task["executor"] = meant
