"""Run ids in Airflow 3's formats: ``scheduled__2026-01-01T00:00:00+00:00``."""

from __future__ import annotations

import random
import string
from datetime import datetime

from slipstream.state import DagRunType
from slipstream.timetable.base import to_utc

_ALPHABET = string.ascii_letters + string.digits


def of_timetable(run_type: DagRunType, run_after: datetime) -> str:
    """Return the id of a run that a timetable made or a person triggered (API, CLI, UI)."""
    return f"{run_type.value}__{to_utc(run_after).isoformat()}"


def generate(
    run_type: DagRunType,
    logical_date: datetime | None,
    run_after: datetime,
    *,
    suffix: str | None = None,
) -> str:
    """Return the id of a run that a backfill, an operator or an asset event made.

    Without a logical date several runs may share ``run_after``: ``suffix``, eight random letters
    and digits if not given, keeps them apart.
    """
    plain = of_timetable(run_type, run_after)
    if logical_date is not None:
        return plain
    return f"{plain}_{suffix or ''.join(random.choices(_ALPHABET, k=8))}"


def run_type_of(run_id: str) -> DagRunType:
    """Return the run type that ``run_id`` spells out; manual when it spells none."""
    prefix, found, _ = run_id.partition("__")
    return DagRunType(prefix) if found and prefix in set(DagRunType) else DagRunType.MANUAL
