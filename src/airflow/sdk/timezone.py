"""``airflow.sdk.timezone``: names only; what they are is in ``slipstream``."""

from slipstream.sdk.timezone import (
    coerce_datetime,
    convert_to_utc,
    datetime,
    from_timestamp,
    is_localized,
    is_naive,
    local_timezone,
    make_aware,
    make_naive,
    parse,
    parse_timezone,
    td_format,
    utc,
    utc_epoch,
    utcnow,
)

__all__ = [
    "coerce_datetime",
    "convert_to_utc",
    "datetime",
    "from_timestamp",
    "is_localized",
    "is_naive",
    "local_timezone",
    "make_aware",
    "make_naive",
    "parse",
    "parse_timezone",
    "td_format",
    "utc",
    "utc_epoch",
    "utcnow",
]
