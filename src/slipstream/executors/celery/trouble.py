"""What a broker refuses, in words that say what to do."""

from __future__ import annotations

_HINTS = (
    (
        "x-max-priority",
        (
            "A queue of that name is there already, without priorities, perhaps Airflow's: delete it, use "
            "a vhost of its own, or set [celery] extra_celery_config = "
            '{"task_queue_max_priority": null} here and for all workers'
        ),
    ),
    ("READONLY", "It is a replica: [celery] broker_url must lead to the master"),
    ("MISCONF", "It cannot write to its disk: see its own log"),
    ("OOM command", "Its memory is full (maxmemory): make room or raise the limit"),
    ("NOPERM", "The user in [celery] broker_url needs more rights there"),
    ("ACCESS_REFUSED", "The user in [celery] broker_url needs more rights there"),
)


def refusal(error: BaseException) -> str:
    """Return what a broker said and, where that is known, what to do about it."""
    text = str(error).rstrip(".")
    for mark, hint in _HINTS:
        if mark in text:
            return f"{text}. {hint}"
    return text
