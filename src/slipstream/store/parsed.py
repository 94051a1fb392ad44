"""What the DAG processor hands to the store, and what the store says of it: plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Final

from slipstream.spec import DagSpec

if TYPE_CHECKING:
    from slipstream.timetable.base import NextRun


class Keep(Enum):
    """The one value that says: leave the next run as it is in the store."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDag:
    """A DAG that a file defined."""

    spec: DagSpec
    spec_hash: str
    next_run: NextRun | Keep | None = KEEP
    """The next automated run; KEEP when nothing that decides it changed."""
    is_paused_upon_creation: bool
    """Only for a DAG that the store has never seen."""
    warnings: Sequence[tuple[str, str]] = ()
    """``(warning_type, message)``; they replace the DAG's earlier ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedError:
    """Why a file, or a part of it, could not be imported."""

    stacktrace: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFile:
    """What one file gave."""

    bundle_name: str
    relative_fileloc: str
    fileloc: str
    mtime: float
    """Seconds since the epoch, as ``os.stat`` gave them before the parse."""
    size: int
    duration_s: float
    parsed_at: datetime
    parsed_by: str
    """Our version: another one parses the file anew."""
    dags: Sequence[ParsedDag] = ()
    errors: Sequence[ParsedError] = ()
    source: str | None = None
    bundle_version: str | None = None


@dataclass(slots=True)
class Saved:
    """What ``upsert_file`` changed, by dag_id."""

    created: set[str] = field(default_factory=set)
    new_version: dict[str, str] = field(default_factory=dict)
    """``dag_id`` to the id of its new version; holds created DAGs too."""
    stale: set[str] = field(default_factory=set)
    """No file defines them any more."""
    revived: set[str] = field(default_factory=set)
    rescheduled: set[str] = field(default_factory=set)
    """Their next run was set."""
    healed: set[str] = field(default_factory=set)
    """Their file can be imported again; the scheduler need not know."""

    @property
    def changed(self) -> set[str]:
        """All DAGs that the scheduler was told of."""
        return self.new_version.keys() | self.stale | self.revived | self.rescheduled


def next_run_values(next_run: NextRun | None) -> dict[str, datetime | str | None]:
    """Return the columns of ``dag`` that hold the next run."""
    if next_run is None:
        return dict.fromkeys(
            (
                "next_logical_date",
                "next_data_interval_start",
                "next_data_interval_end",
                "next_run_after",
                "next_run_id",
            )
        )
    return {
        "next_logical_date": next_run.logical_date,
        "next_data_interval_start": next_run.data_interval.start,
        "next_data_interval_end": next_run.data_interval.end,
        "next_run_after": next_run.run_after,
        "next_run_id": next_run.run_id,
    }
