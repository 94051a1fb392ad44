"""``dag.test()`` and ``dag.cli()`` of a DAG file that is run as a script: ``dags test`` in process."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from slipstream.clock import utcnow
from slipstream.errors import SlipstreamError

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.runtime import DagRun


def run(
    dag: DAG,
    run_after: datetime | None = None,
    logical_date: datetime | None = None,
    run_conf: dict[str, Any] | None = None,
    conn_file_path: str | None = None,
    variable_file_path: str | None = None,
    use_executor: bool = False,
    mark_success_pattern: str | None = None,
    execution_date: datetime | None = None,
    **_: Any,
) -> DagRun:
    """Run the DAG's file through ``dags test`` and return the finished run.

    Raises SlipstreamError when no run came of it.
    """
    from slipstream.cli.main import main

    _export(conn_file_path, variable_file_path)
    date = logical_date or execution_date or run_after or utcnow()
    words = ["dags", "test", dag.dag_id, date.isoformat(), "-f", dag.fileloc]
    if run_conf:
        words += ["-c", json.dumps(run_conf)]
    if use_executor:
        words.append("--use-executor")
    if mark_success_pattern:
        words += ["--mark-success-pattern", str(mark_success_pattern)]
    sys.stdout.flush()
    main(words)
    return _finished(dag.dag_id, date)


def cli(dag: DAG) -> int:
    """Offer the DAG's own command line: ``python file.py test [DATE]``."""
    from slipstream.cli.main import main

    words = sys.argv[1:]
    if words[:1] == ["test"]:
        return main(["dags", "test", dag.dag_id, *words[1:], "-f", dag.fileloc])
    return main(["dags", *(words or ["show"]), dag.dag_id])


def _export(conn_file_path: str | None, variable_file_path: str | None) -> None:
    """Hand the files' entries to the task processes, which inherit the environment."""
    from slipstream.sdk.compat.local_secrets import load
    from slipstream.sdk.environment import set_connection, set_variable

    for conn_id, value in load(conn_file_path).items():
        set_connection(conn_id, value if isinstance(value, str) else json.dumps(value))
    for key, value in load(variable_file_path).items():
        set_variable(key, value if isinstance(value, str) else json.dumps(value))


def _finished(dag_id: str, date: datetime) -> DagRun:
    """Return the run of that date; questions about it go to the store."""
    from slipstream.cli.store_api import StoreTaskAPI
    from slipstream.sdk import taskapi
    from slipstream.sdk.runtime import DagRun
    from slipstream.store import Store
    from slipstream.store import run as run_store

    store = Store.open()
    with store.read() as conn:
        row = run_store.get_by_logical_date(conn, dag_id, date)
    if row is None:
        raise SlipstreamError(f"dag.test() of {dag_id!r} made no run; see the message above")
    api = StoreTaskAPI(store, {"dag_id": dag_id, "run_id": row.run_id, "dag_run_pk": row.id})
    taskapi.use(api)
    return DagRun(api.get_dag_run(dag_id, row.run_id))
