"""``dag.test()`` and ``dag.cli()`` of a DAG file that is run as a script.

``dag.test()`` runs the tasks in the calling process, so that breakpoints stop and what tasks print
and log is on the console. ``dags test`` is the other way: task processes and a view of them.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from slipstream.clock import utcnow
from slipstream.config import conf
from slipstream.sdk.types import NOTSET, ArgNotSet

if TYPE_CHECKING:
    from slipstream.cli.dags.one_run import OneRun
    from slipstream.executors.base import Executor
    from slipstream.sdk.dag import DAG
    from slipstream.sdk.dagrun import DagRun
    from slipstream.store import Store


def run(
    dag: DAG,
    run_after: datetime | None = None,
    logical_date: datetime | ArgNotSet | None = NOTSET,
    run_conf: dict[str, Any] | None = None,
    conn_file_path: str | None = None,
    variable_file_path: str | None = None,
    use_executor: bool = False,
    mark_success_pattern: re.Pattern[str] | str | None = None,
    execution_date: datetime | None = None,
    **_: Any,
) -> DagRun:
    """Run the DAG once, here and now, and return the finished run.

    ``use_executor`` gives the tasks to [core] executor, with processes of their own. Raises
    ParamValidationError for a ``run_conf`` that the DAG's params refuse, UserError for a DAG that
    cannot be run.
    """
    from slipstream.cli.service.process import prepare_database
    from slipstream.store import Store

    date = logical_date
    if isinstance(date, ArgNotSet):
        date = execution_date or utcnow()
    pattern = mark_success_pattern
    if isinstance(pattern, re.Pattern):
        pattern = pattern.pattern
    _check_params(dag, run_conf or {})
    _log_to_console()
    store = Store.open()  # stays open: the run that is returned reads it
    prepare_database(store, migrate=True)
    with _exported(conn_file_path, variable_file_path):
        one = _drive(store, dag, date, run_after, run_conf or {}, pattern, use_executor)
    return _finished(store, one)


def _check_params(dag: DAG, run_conf: dict[str, Any]) -> None:
    from slipstream.sdk.param import ParamsDict, process_params

    process_params(dag, ParamsDict(), run_conf, suppress_exception=False)


def _drive(
    store: Store,
    dag: DAG,
    date: datetime | None,
    run_after: datetime | None,
    run_conf: dict[str, Any],
    pattern: str | None,
    use_executor: bool,
) -> OneRun:
    from slipstream.cli import dagfile
    from slipstream.cli.dags.one_run import abandon, begin, driver
    from slipstream.cli.dags.progress import Lines

    file = dagfile.of_path(dag.fileloc)
    dagfile.extend_path(file)
    # Its neighbours in the file are registered too: it may trigger them.
    dags, duration_s = dagfile.timed_load(store, file)
    dagfile.register(store, file, {**dags, dag.dag_id: dag}, duration_s)
    interval = dagfile.manual_interval(dag, date) if date is not None else None
    with driver(store, _carriers(store, dag, use_executor)) as scheduler:
        one = begin(store, scheduler, dag.dag_id, date, interval, run_conf, pattern, run_after)
        view = Lines()
        try:
            while not one.is_over:
                if one.turn():
                    one.refresh()
                view.update(one.tis)
        except BaseException:
            abandon(store, one)
            raise
    return one


def _carriers(store: Store, dag: DAG, use_executor: bool) -> dict[str, Executor]:
    if use_executor:
        from slipstream import executors

        return executors.create(conf.get("core", "executor"))
    from slipstream.executors.in_process import InProcessExecutor

    executor = InProcessExecutor(store, dag)
    return {executor.name: executor}


def _log_to_console() -> None:
    """Show what tasks log, unless the script has set up logging by itself."""
    root = logging.getLogger()
    if root.handlers:
        return
    from slipstream.cli.author_log import AuthorFormatter
    from slipstream.sdk.mask import SecretsMasker

    handler = logging.StreamHandler()
    handler.setFormatter(AuthorFormatter())
    handler.addFilter(SecretsMasker())
    root.addHandler(handler)
    root.setLevel(conf.get("logging", "logging_level", fallback="INFO").upper())
    for name in ("slipstream", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def cli(dag: DAG) -> int:
    """Offer the DAG's own command line: ``python file.py test [DATE]``."""
    from slipstream.cli.main import main

    words = sys.argv[1:]
    if words[:1] == ["test"]:
        return main(["dags", "test", dag.dag_id, *words[1:], "-f", dag.fileloc])
    return main(["dags", *(words or ["show"]), dag.dag_id])


@contextmanager
def _exported(conn_file_path: str | None, variable_file_path: str | None) -> Iterator[None]:
    """Have the files' entries in the environment, which task processes inherit too."""
    from slipstream.sdk import environment
    from slipstream.sdk.compat.local_secrets import load

    found = {}
    for name_of, path in (
        (environment.connection_name, conn_file_path),
        (environment.variable_name, variable_file_path),
    ):
        for key, value in load(path).items():
            found[name_of(key)] = value if isinstance(value, str) else json.dumps(value)
    with environment.patched(found):
        yield


def _finished(store: Store, one: OneRun) -> DagRun:
    """Return the run as tasks know it; questions about it go to the store."""
    from slipstream.cli.store_api import StoreTaskAPI
    from slipstream.sdk import taskapi
    from slipstream.sdk.dagrun import DagRun

    row = one.row
    api = StoreTaskAPI(store, {"dag_id": row.dag_id, "run_id": row.run_id, "dag_run_pk": row.id})
    taskapi.use(api)
    return DagRun(api.get_dag_run(row.dag_id, row.run_id))
