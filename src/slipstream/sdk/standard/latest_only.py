"""``LatestOnlyOperator``: skips what follows in all but the newest run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from slipstream.clock import utcnow
from slipstream.sdk.branch import BaseBranchOperator
from slipstream.state import DagRunType

if TYPE_CHECKING:
    from slipstream.sdk.context import Context


class LatestOnlyOperator(BaseBranchOperator):
    """Skips its direct downstream tasks when a newer scheduled run is already due.

    Manual, asset-triggered and operator-triggered runs count as the latest.
    """

    ui_color = "#e9ffdb"

    def choose_branch(self, context: Context) -> str | Iterable[str]:
        run = context["dag_run"]
        if run.run_type not in (DagRunType.SCHEDULED, DagRunType.BACKFILL):
            self.log.info("The run was triggered from outside: the tasks downstream go on")
            return list(context["task"].downstream_task_ids)
        begin, end = self._window(context)
        now = utcnow()
        self.log.info("The run is the latest from %s to %s; now it is %s", begin, end, now)
        if begin == end or begin < now <= end:
            return list(context["task"].downstream_task_ids)
        self.log.info("A later run is due already: the tasks downstream are skipped")
        return []

    @staticmethod
    def _window(context: Context) -> tuple[Any, Any]:
        """Return when this run is the latest: from its due time until the next one's."""
        from slipstream.sdk.timetables import DataInterval, TimeRestriction  # heavy: cron

        run, dag = context["dag_run"], context["dag"]
        start = run.data_interval_start or run.run_after
        end = run.data_interval_end or run.run_after
        info = dag.timetable.next_dagrun_info(
            last_automated_data_interval=DataInterval(start, end),
            # The bounds of the DAG do not matter: the question is when the next one would be due.
            restriction=TimeRestriction(earliest=None, latest=None, catchup=True),
        )
        if info is None or info.data_interval is None:
            return end, end
        if start == end:
            return run.run_after, info.run_after
        return info.data_interval.start, info.data_interval.end
