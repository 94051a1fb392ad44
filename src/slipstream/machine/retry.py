"""When a failed try is followed by another, and after how long."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, timedelta

from slipstream.machine.instance import TaskInstance

MAX_DELAY_S = 24 * 60 * 60
"""No backoff waits longer than a day, as in Airflow."""


def may_retry(ti: TaskInstance) -> bool:
    """Whether a failure of the current try leaves another (as Airflow 3: none without retries)."""
    return ti.task.retries > 0 and ti.try_number <= ti.max_tries


def retry_at(ti: TaskInstance, run_id: str, ended_at: datetime) -> datetime:
    """Return when the next try may begin, counted from the end of this one."""
    return ended_at + timedelta(seconds=delay_s(ti, run_id))


def delay_s(ti: TaskInstance, run_id: str) -> float:
    """Return the seconds to wait after the current try.

    With a backoff multiplier m, try n waits between delay·mⁿ⁻¹ and twice that. Where in between
    follows from the names and the try alone, so that every scheduler computes the same and the
    instances of a mapped task spread.
    """
    task = ti.task
    multiplier = task.retry_multiplier
    if multiplier <= 0 or multiplier == 1.0:
        return task.retry_delay_s
    try:
        least = task.retry_delay_s * multiplier ** (ti.try_number - 1)
    except OverflowError:
        least = MAX_DELAY_S
    least = max(math.ceil(min(least, MAX_DELAY_S)), 1)
    seed = f"{run_id}/{ti.key.task_id}/{ti.map_index}/{ti.try_number}".encode()
    jitter = int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest()) % least
    longest = MAX_DELAY_S if task.max_retry_delay_s is None else task.max_retry_delay_s
    return min(least + jitter, longest)
