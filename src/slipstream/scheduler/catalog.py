"""The DAGs as the scheduler knows them: rows, compiled plans, and when each is due next.

A cache of the ``dag`` table. Plans are compiled when a run first needs one and kept for the
newest version only: a run goes on with the newest plan, as in Airflow 3 for plain bundles.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from slipstream.errors import NotFound
from slipstream.machine.plan import DagPlan, compile_plan
from slipstream.store import Connection, dag
from slipstream.store.row import DagRow
from slipstream.timetable import Window, of_dag

_PLANS_KEPT = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled plan and the DAG version that it is of."""

    version_id: str
    plan: DagPlan
    window: Window
    """When automated runs may be made."""


class Catalog:
    """DAG rows by id, their plans, and a heap of next runs."""

    def __init__(self, *, ignores_pauses: bool = False) -> None:
        """``ignores_pauses``: for one run that somebody wants now, whatever the DAG's state."""
        self.dags: dict[str, DagRow] = {}
        self._ignores_pauses = ignores_pauses
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._due: list[tuple[datetime, str]] = []

    def load(self, conn: Connection, owner: str | None = None) -> None:
        """Read a scheduler's DAGs anew, or all, and forget any other."""
        self.dags.clear()
        self._due.clear()
        self.put(dag.list_all(conn) if owner is None else dag.list_owned(conn, owner))

    def refresh(self, conn: Connection, dag_ids: Collection[str]) -> None:
        """Read some DAGs anew; those that are gone are forgotten."""
        found = dag.get_many(conn, dag_ids)
        for dag_id in dag_ids:
            row = found.get(dag_id)
            if row is None:
                self.drop(dag_id)
            else:
                self.put([row])

    def drop(self, dag_id: str) -> None:
        """Forget a DAG: it is gone, or another scheduler's."""
        self.dags.pop(dag_id, None)
        self._plans.pop(dag_id, None)

    def put(self, rows: Iterable[DagRow]) -> None:
        """Take rows in as the newest truth."""
        for each in rows:
            row = each._replace(is_paused=False) if self._ignores_pauses else each
            self.dags[row.dag_id] = row
            if schedulable(row) and row.next_run_after is not None:
                heapq.heappush(self._due, (row.next_run_after, row.dag_id))

    def plan(self, conn: Connection, dag_id: str) -> Plan:
        """Return the plan of a DAG's newest version.

        Raises NotFound when the DAG was never parsed, SpecError when its spec cannot be compiled.
        """
        row = self.dags.get(dag_id)
        kept = self._plans.get(dag_id)
        if kept is not None and (row is None or kept.version_id == row.latest_version_id):
            self._plans.move_to_end(dag_id)
            return kept
        found = dag.latest_spec(conn, dag_id)
        if found is None:
            raise NotFound(f"DAG {dag_id!r} is not known: its file was never parsed, or is gone.")
        version_id, spec = found
        plan = Plan(version_id, compile_plan(spec), of_dag(spec))
        self._plans[dag_id] = plan
        while len(self._plans) > _PLANS_KEPT:
            self._plans.popitem(last=False)
        return plan

    def next_due_at(self) -> datetime | None:
        """Return when the next automated run is due, None when there is none."""
        self._drop_outdated()
        return self._due[0][0] if self._due else None

    def pop_due(self, now: datetime, limit: int) -> list[DagRow]:
        """Remove and return DAGs whose next run is due; ``put`` brings them back."""
        due: list[DagRow] = []
        while len(due) < limit:
            self._drop_outdated()
            if not self._due or self._due[0][0] > now:
                break
            due.append(self.dags[heapq.heappop(self._due)[1]])
        return due

    def _drop_outdated(self) -> None:
        while self._due:
            at, dag_id = self._due[0]
            row = self.dags.get(dag_id)
            if row is not None and schedulable(row) and row.next_run_after == at:
                return
            heapq.heappop(self._due)


def schedulable(row: DagRow) -> bool:
    """Say whether timetables may make runs of the DAG."""
    return not (row.is_paused or row.is_stale or row.has_import_errors)
