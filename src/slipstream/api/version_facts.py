"""What lists show of a DAG version's spec, remembered: versions never change.

A spec can hold thousands of tasks; kept is only what differs from what the database rows say
already, so that a page of a hundred DAGs or task instances decodes no spec twice.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from slipstream.spec import DagSpec, TaskSpec, TimetableSpec
from slipstream.store import Connection
from slipstream.store.listing import version

CACHED_VERSIONS = 1024
_APERIODIC = frozenset({"null", "once", "continuous", "asset_triggered"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the spec of one version says; the defaults stand for an unknown version."""

    is_periodic: bool = False
    has_task_limits: bool = False
    allowed_run_types: list[str] | None = None
    display_names: dict[str, str] = field(default_factory=dict)
    """Of tasks whose display name is not their id."""
    operator_names: dict[str, str] = field(default_factory=dict)
    """Of tasks whose operator is not shown by its class name (``@task``)."""

    @property
    def is_backfillable(self) -> bool:
        return self.is_periodic and (
            self.allowed_run_types is None or "backfill" in self.allowed_run_types
        )


_UNKNOWN = Facts()


class VersionFacts:
    """A bounded cache of facts by DAG version id; safe to share between threads."""

    def __init__(self, limit: int = CACHED_VERSIONS) -> None:
        self._limit = limit
        self._known: OrderedDict[str, Facts] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, conn: Connection, version_ids: Iterable[str | None]) -> FactsById:
        """Return the facts of these versions, reading the specs of those not known yet."""
        wanted = {v for v in version_ids if v is not None}
        with self._lock:
            found = {v: self._known[v] for v in wanted if v in self._known}
        missing = wanted - found.keys()
        if missing:
            read = {v: facts_of(spec) for v, spec in version.specs(conn, missing).items()}
            found |= read
            with self._lock:
                self._known.update(read)
                while len(self._known) > self._limit:
                    self._known.popitem(last=False)
        return FactsById(found)


class FactsById:
    """Facts by version id, with defaults for what is not there."""

    def __init__(self, found: dict[str, Facts]) -> None:
        self._found = found

    def __getitem__(self, version_id: str | None) -> Facts:
        return self._found.get(version_id or "", _UNKNOWN)


def facts_of(spec: DagSpec) -> Facts:
    """Extract the facts from a spec."""
    tasks: list[TaskSpec] = spec.get("tasks", [])
    return Facts(
        is_periodic=_is_periodic(spec["timetable"]),
        has_task_limits=any(
            "max_active_tis_per_dag" in t or "max_active_tis_per_dagrun" in t for t in tasks
        ),
        allowed_run_types=spec.get("allowed_run_types"),
        display_names=_differing(tasks, "display_name"),
        operator_names=_differing(tasks, "operator_name"),
    )


def _differing(tasks: Iterable[TaskSpec], key: str) -> dict[str, str]:
    rows: Iterable[Any] = tasks
    return {t["task_id"]: t[key] for t in rows if t.get(key)}


def _is_periodic(timetable: TimetableSpec) -> bool:
    if timetable["type"] == "asset_or_time":
        return _is_periodic(timetable.get("args", {})["timetable"])
    return timetable["type"] not in _APERIODIC
