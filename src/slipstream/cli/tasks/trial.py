"""A task instance that lives in this process only: for ``tasks test`` and ``tasks render``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from slipstream.attempt import Outcome, Workload, new_id
from slipstream.cli import dagfile
from slipstream.cli.date import parse_date
from slipstream.cli.lookup import the_task
from slipstream.cli.store_api import StoreTaskAPI
from slipstream.clock import utcnow
from slipstream.errors import NotFound, UserError
from slipstream.sdk import taskapi
from slipstream.sdk.context import Context
from slipstream.sdk.dag import DAG
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.execute import rendered_fields
from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.runtime import RuntimeTaskInstance
from slipstream.state import DagRunType
from slipstream.store import Store, run
from slipstream.store.row import RunRow
from slipstream.task.run import TaskRun
from slipstream.timetable.run_id import of_timetable


class Trial:
    """One task of a DAG with a workload that no store knows."""

    def __init__(self, dag_: DAG, workload: Workload) -> None:
        self._dag = dag_
        self._workload = workload
        self._traceback: TracebackType | None = None
        self.state = ""
        """What its run would make of the task: up_for_retry, too."""

    def run(self) -> Outcome:
        """Run the task and its callbacks; what it raises is in the outcome."""
        task_run = TaskRun(self._workload, self._dag, utcnow())
        outcome = task_run.run()
        task_run.run_callbacks()
        self.state = str(task_run.state)
        error = task_run.exception
        self._traceback = error.__traceback__ if error else None
        return outcome

    def traceback(self) -> TracebackType | None:
        """Return where the task raised, for a debugger."""
        return self._traceback

    def render(self) -> dict[str, Any]:
        """Return the task's template fields, rendered."""
        task = self._dag.get_task(self._workload.task_id)
        context = RuntimeTaskInstance(self._workload, task, utcnow()).get_template_context()
        copy = task.prepare_for_execution()
        try:
            copy.resolve_template_files()
            copy.render_template_fields(context)
        except AirflowException:
            raise
        except Exception as error:  # whatever a template calls
            where = _failing_field(task.prepare_for_execution(), context)
            raise UserError(
                f"Task {task.task_id!r}: {where} cannot be rendered: {type(error).__name__}: {error}"
            ) from error
        return rendered_fields(copy)


def _failing_field(task: BaseOperator, context: Context) -> str:
    """Return which template field of a task it is that cannot be rendered."""
    for name in task.template_fields:
        try:
            task.render_template(getattr(task, name, None), context)
        except Exception:
            return name
    return "a template field"


@contextmanager
def trial(store: Store, args: argparse.Namespace, conf: dict[str, Any]) -> Iterator[Trial]:
    """Yield the task that the arguments name; requests of its code go to the store."""
    file, _ = dagfile.named(store, args.dag_id, args.dagfile_path)
    dagfile.extend_path(file)
    dag_ = dagfile.choose(file, dagfile.load(store, file), args.dag_id)
    spec = dagfile.spec_of(dag_, file.relative_fileloc)
    the_task(spec, args.task_id)
    workload = _workload(store, dag_, args, conf)
    workload.bundle_name, workload.relative_fileloc = file.bundle_name, file.relative_fileloc
    before = taskapi.use(StoreTaskAPI(store, workload.to_json(), is_trial=True))
    try:
        yield Trial(dag_, workload)
    except AirflowException as error:
        # The context or the templates: what the task itself raises is in its outcome.
        raise UserError(f"Task {args.task_id!r}: {type(error).__name__}: {error}") from error
    finally:
        taskapi.use(before)


def _workload(store: Store, dag_: DAG, args: argparse.Namespace, conf: dict[str, Any]) -> Workload:
    """Return a workload of the run that exists, else of one that might at that date."""
    now = utcnow()
    given = args.logical_date_or_run_id
    row = _existing_run(store, dag_.dag_id, given) if given else None
    try:
        date = row.logical_date if row else parse_date(given) if given else now
    except UserError:
        raise NotFound(
            f"DAG {dag_.dag_id!r} has no run {given!r}, and that is no date either."
        ) from None
    workload = Workload(
        attempt_id=new_id(),
        dag_id=dag_.dag_id,
        run_id=row.run_id if row else of_timetable(DagRunType.MANUAL, date or now),
        dag_run_pk=row.id if row else 0,
        task_id=args.task_id,
        map_index=args.map_index,
        max_tries=dag_.get_task(args.task_id).retries,
        relative_fileloc="",
        run_type=row.run_type if row else DagRunType.MANUAL.value,
        logical_date=date,
        run_after=row.run_after if row else now,
        run_start_date=(row.start_date if row else None) or now,
        conf={**(row.conf if row else {}), **conf},
    )
    if row is not None:
        workload.data_interval_start = row.data_interval_start
        workload.data_interval_end = row.data_interval_end
    elif date is not None:
        interval = dagfile.manual_interval(dag_, date)
        workload.data_interval_start, workload.data_interval_end = interval
    return workload


def _existing_run(store: Store, dag_id: str, given: str) -> RunRow | None:
    with store.read() as conn:
        found = run.get(conn, dag_id, given)
        if found is not None:
            return found
        try:
            return run.get_by_logical_date(conn, dag_id, parse_date(given))
        except UserError:
            return None
