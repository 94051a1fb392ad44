"""From an admitted task instance to the workload that its executor gets."""

from __future__ import annotations

from slipstream.attempt import Workload
from slipstream.log_name import log_name
from slipstream.machine.event import TIKey
from slipstream.scheduler.book import ActiveRun
from slipstream.store.row import DagRow, RunRow


def log_path(row: RunRow, task_id: str, map_index: int, try_number: int) -> str:
    """Return the attempt's log file below the log folder."""
    return log_name(row.dag_id, row.run_id, task_id, map_index, try_number)


def of_attempt(run: ActiveRun, dag: DagRow, key: TIKey, attempt_id: str) -> Workload:
    """Return the workload of a task instance whose current attempt is ``attempt_id``."""
    ti = run.machine.tis[key]
    task, row = ti.task, run.row
    deferral = ti.deferral or {}
    return Workload(
        attempt_id=attempt_id,
        dag_id=row.dag_id,
        run_id=row.run_id,
        dag_run_pk=row.id,
        task_id=key.task_id,
        map_index=key.map_index,
        try_number=ti.try_number,
        max_tries=ti.max_tries,
        queue=task.queue,
        executor=task.executor,
        pool=task.pool,
        pool_slots=task.pool_slots,
        priority_weight=task.priority_weight,
        bundle_name=dag.bundle_name,
        bundle_version=dag.bundle_version,
        relative_fileloc=dag.relative_fileloc,
        dag_version_id=run.version_id,
        log_path=log_path(row, key.task_id, key.map_index, ti.try_number),
        execution_timeout_s=task.execution_timeout_s,
        run_type=row.run_type,
        logical_date=row.logical_date,
        data_interval_start=row.data_interval_start,
        data_interval_end=row.data_interval_end,
        run_after=row.run_after,
        run_start_date=row.start_date,
        first_started_at=ti.start_date if ti.try_is_open else None,
        reschedule_count=ti.reschedule_count,
        conf=row.conf,
        triggered_by=row.triggered_by,
        triggering_user=row.triggering_user,
        partition_key=row.partition_key,
        next_method=deferral.get("next_method"),
        next_kwargs=deferral.get("next_kwargs"),
    )
