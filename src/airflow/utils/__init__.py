"""``airflow.utils``: names only; what they are is in ``slipstream``.

DAG files of Airflow 1 and 2 say ``import airflow`` and then ``airflow.utils.dates.days_ago(1)``.
"""

from slipstream.sdk import lazy as _lazy

__getattr__, __dir__ = _lazy.attach(
    __name__,
    {
        name: f"airflow.utils.{name}:"
        for name in ("dates", "email", "helpers", "state", "task_group", "timezone", "trigger_rule")
    },
)
