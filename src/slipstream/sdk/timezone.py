"""Time zones and aware datetimes, as ``airflow.sdk.timezone`` names them.

pendulum is imported only where its types are what the caller gets: it costs 50 ms and 7 MB,
which a task that never asks for a date must not pay.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import TYPE_CHECKING, Any, overload

from slipstream.clock import utcnow
from slipstream.config import conf

if TYPE_CHECKING:
    from pendulum import DateTime

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

utc = dt.UTC


@functools.cache
def parse_timezone(name: str | int) -> dt.tzinfo:
    """Return pendulum's time zone of that name, or of that offset in seconds.

    :raises ValueError: no such zone
    """
    import pendulum  # heavy: see the module's docstring

    if isinstance(name, int):
        return pendulum.FixedTimezone(name)
    return pendulum.timezone(name)


def default_timezone() -> dt.tzinfo:
    """Return ``[core] default_timezone`` (``system`` is the machine's)."""
    name = conf.get("core", "default_timezone", fallback="utc")
    return _zone(name)


@functools.cache
def _zone(name: str) -> dt.tzinfo:
    if name.lower() == "utc":
        return dt.UTC
    if name == "system":
        # heavy: see the module's docstring
        from pendulum.tz.local_timezone import get_local_timezone

        return get_local_timezone()
    from zoneinfo import ZoneInfo  # 0.8 MB, which most tasks need not carry

    return ZoneInfo(name)


def timezone_name(tz: dt.tzinfo | None) -> str:
    """Return a zone's IANA name, or its offset as ``+HH:MM``."""
    if tz is None or tz is dt.UTC:
        return "UTC"
    name = getattr(tz, "key", None) or getattr(tz, "name", None) or getattr(tz, "zone", None)
    if isinstance(name, str) and name:
        return "UTC" if name in ("UTC", "utc", "Etc/UTC") else name
    offset = tz.utcoffset(None) or tz.utcoffset(dt.datetime(2000, 1, 1))  # noqa: DTZ001 (an offset only)
    if not offset:
        return "UTC"
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def as_pendulum(tz: dt.tzinfo) -> dt.tzinfo:
    """Return the zone as pendulum's, which has a ``name`` and converts."""
    if hasattr(tz, "convert"):
        return tz
    offset = tz.utcoffset(None)
    return parse_timezone(int(offset.total_seconds()) if offset else timezone_name(tz))


def local_timezone() -> dt.tzinfo:
    """Return the machine's time zone."""
    return _zone("system")


def is_localized(value: dt.datetime) -> bool:
    """Return whether the datetime is aware."""
    return value.utcoffset() is not None


def is_naive(value: dt.datetime) -> bool:
    """Return whether the datetime is naive."""
    return value.utcoffset() is None


def utc_epoch() -> dt.datetime:
    """Return 1970-01-01 in UTC."""
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def make_aware(value: dt.datetime, timezone: dt.tzinfo | None = None) -> dt.datetime:
    """Return a naive datetime as one of ``timezone`` (the default one if None).

    :raises ValueError: it is aware already
    """
    if is_localized(value):
        raise ValueError(f"{value!r} has a time zone already: make_aware takes one without")
    return value.replace(tzinfo=timezone or default_timezone())


def make_naive(value: dt.datetime, timezone: dt.tzinfo | None = None) -> dt.datetime:
    """Return an aware datetime as local time of ``timezone``, without the zone.

    :raises ValueError: it is naive already
    """
    if is_naive(value):
        raise ValueError(f"{value!r} has no time zone to remove")
    return value.astimezone(timezone or default_timezone()).replace(tzinfo=None)


@overload
def convert_to_utc(value: None) -> None: ...
@overload
def convert_to_utc(value: dt.datetime) -> DateTime: ...
def convert_to_utc(value: dt.datetime | None) -> DateTime | None:
    """Return the moment in UTC as pendulum's DateTime; a naive one is of the default time zone."""
    return None if value is None else coerce_datetime(_plain_utc(value))


def _plain_utc(value: dt.datetime) -> dt.datetime:
    if is_naive(value):
        value = make_aware(value)
    # By its parts: pendulum's own conversion would give another of its objects.
    at = value.astimezone(dt.UTC)
    return dt.datetime(*at.timetuple()[:6], at.microsecond, tzinfo=dt.UTC)


class Moment:
    """An attribute that holds a moment in UTC and gives it as pendulum's DateTime, as Airflow does.

    What is kept, under the name with an underscore, is a plain datetime: most DAG files never ask
    for the other, which takes a heavy import.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._kept = f"_{name}"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else coerce_datetime(instance.__dict__.get(self._kept))

    def __set__(self, instance: Any, value: dt.datetime | None) -> None:
        instance.__dict__[self._kept] = None if value is None else _plain_utc(value)


def datetime(*args: Any, **kwargs: Any) -> dt.datetime:
    """Build a datetime; it is of the default time zone unless ``tzinfo`` says otherwise."""
    kwargs.setdefault("tzinfo", default_timezone())
    return dt.datetime(*args, **kwargs)  # noqa: DTZ001 (it has one)


def parse(string: str, timezone: dt.tzinfo | None = None, *, strict: bool = False) -> DateTime:
    """Parse a date or datetime; one without an offset is of ``timezone`` or the default one."""
    import pendulum  # heavy: see the module's docstring

    return pendulum.parse(  # type: ignore[return-value]
        string, tz=timezone or default_timezone(), strict=strict
    )


@overload
def coerce_datetime(v: None, tz: dt.tzinfo | None = None) -> None: ...
@overload
def coerce_datetime(v: dt.datetime, tz: dt.tzinfo | None = None) -> DateTime: ...
def coerce_datetime(v: dt.datetime | None, tz: dt.tzinfo | None = None) -> DateTime | None:
    """Return the moment as pendulum's DateTime, aware; None stays None."""
    if v is None:
        return None
    import pendulum  # heavy: see the module's docstring

    if is_naive(v):
        v = make_aware(v, tz)
    instance = pendulum.instance(v)
    return instance.in_timezone(tz) if tz is not None else instance  # type: ignore[arg-type]


def from_timestamp(timestamp: float, tz: str | dt.tzinfo = dt.UTC) -> DateTime:
    """Return the moment of a Unix timestamp in seconds."""
    zone = parse_timezone(tz) if isinstance(tz, str) else tz
    result = coerce_datetime(dt.datetime.fromtimestamp(timestamp, tz=zone))
    return result


def td_format(td_object: dt.timedelta | float | None) -> str | None:
    """Return a duration as ``2h:3M:4s``; None for none."""
    if not td_object:
        return None
    seconds = td_object.total_seconds() if isinstance(td_object, dt.timedelta) else td_object
    if seconds < 1:
        return "<1s"
    rest, parts = int(seconds), []
    units = (("Y", 31536000), ("m", 2592000), ("d", 86400), ("h", 3600), ("M", 60), ("s", 1))
    for suffix, size in units:
        n, rest = divmod(rest, size)
        if n:
            parts.append(f"{n}{suffix}")
    return ":".join(parts)
