"""``airflow.sdk.execution_time.macros``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.macros import (
    datetime,
    datetime_diff_for_humans,
    dateutil,
    ds_add,
    ds_format,
    ds_format_locale,
    json,
    random,
    time,
    timedelta,
    uuid,
    yaml,
)

__all__ = [
    "datetime",
    "datetime_diff_for_humans",
    "dateutil",
    "ds_add",
    "ds_format",
    "ds_format_locale",
    "json",
    "random",
    "time",
    "timedelta",
    "uuid",
    "yaml",
]
