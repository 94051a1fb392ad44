"""What a task gets for arguments that nobody gave: the defaults that the configuration may change.

As in Airflow, a process asks the configuration once: eight questions for each operator were two thirds
of the time that it takes to make one.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from slipstream.config import conf
from slipstream.sdk.exceptions import AirflowException
from slipstream.state import WeightRule

OWNER = "airflow"
QUEUE = "default"
RETRIES = 0
RETRY_DELAY = timedelta(seconds=300)
WEIGHT_RULE = WeightRule.DOWNSTREAM
LONGEST_RETRY_DELAY = timedelta(days=1)


@cache
def owner() -> str:
    """Return ``[operators] default_owner``."""
    return conf.get("operators", "default_owner", fallback=OWNER)


@cache
def queue() -> str:
    """Return ``[operators] default_queue``."""
    return conf.get("operators", "default_queue", fallback=QUEUE)


@cache
def retries() -> int:
    """Return ``[core] default_task_retries``."""
    return conf.getint("core", "default_task_retries", fallback=RETRIES)


@cache
def retry_delay() -> timedelta:
    """Return ``[core] default_task_retry_delay``, which is in seconds."""
    return _seconds("default_task_retry_delay") or RETRY_DELAY


@cache
def longest_retry_delay() -> timedelta:
    """Return ``[core] max_task_retry_delay``, the bound of growing delays; a day at most."""
    return min(_seconds("max_task_retry_delay") or LONGEST_RETRY_DELAY, LONGEST_RETRY_DELAY)


@cache
def execution_timeout() -> timedelta | None:
    """Return ``[core] default_task_execution_timeout``, which is in seconds; None for no limit."""
    return _seconds("default_task_execution_timeout")


@cache
def weight_rule() -> Any:
    """Return ``[core] default_task_weight_rule``."""
    return conf.get("core", "default_task_weight_rule", fallback=WEIGHT_RULE)


@cache
def email_on(event: str) -> bool:
    """Return ``[email] default_email_on_failure`` or ``…_retry``."""
    return conf.getboolean("email", f"default_email_on_{event}", fallback=True)


def forget() -> None:
    """Ask the configuration anew: a test has changed it."""
    for clear in _CACHES:
        clear()


def _seconds(key: str) -> timedelta | None:
    text = conf.get("core", key, fallback="")
    try:
        return timedelta(seconds=float(text)) if text else None
    except (ValueError, OverflowError):
        raise AirflowException(
            f"[core] {key} is {text!r}: it must be a number of seconds"
        ) from None


_CACHES = tuple(
    each.cache_clear
    for each in (
        *(owner, queue, retries, retry_delay, longest_retry_delay),
        *(execution_timeout, weight_rule, email_on),
    )
)
