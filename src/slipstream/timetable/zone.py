"""Time zones by name, and wall clock to instant and back, as Airflow 3 settles gaps and folds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from slipstream.timetable.base import InvalidTimetable

_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)(?::?(\d\d))?")


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """Return the zone called ``name``: an IANA name, or an offset such as ``+05:30``."""
    if name in ("UTC", "utc", "Z"):
        return UTC
    if match := _OFFSET.fullmatch(name):
        sign, hours, minutes, seconds = match.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
        return timezone(-offset if sign == "-" else offset)
    try:
        return ZoneInfo(name)
    # ZoneInfo raises KeyError's subclass for unknown names, ValueError for absolute paths,
    # OSError for names that are directories of the database.
    except (KeyError, ValueError, OSError):
        raise InvalidTimetable(f"unknown time zone {name!r}") from None


def zone_name(tz: tzinfo) -> str:
    """Return the name under which ``zone`` finds ``tz`` (zoneinfo, pendulum, fixed, pytz)."""
    for attribute in ("key", "zone"):
        if isinstance(name := getattr(tz, attribute, None), str):
            return name
    offset = tz.utcoffset(None)
    if offset is None:
        raise InvalidTimetable(
            f"time zone {tz!r} has no name: use zoneinfo.ZoneInfo or pendulum.timezone"
        )
    if not offset:
        return "UTC"
    sign = "-" if offset < timedelta(0) else "+"
    minutes, seconds = divmod(int(abs(offset).total_seconds()), 60)
    text = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def to_wall(at: datetime, tz: tzinfo) -> datetime:
    """Return what a clock in ``tz`` shows at ``at``, as a naive datetime."""
    return at.astimezone(tz).replace(tzinfo=None, fold=0)


def from_wall(wall: datetime, tz: tzinfo) -> datetime:
    """Return the UTC instant at which a clock in ``tz`` shows ``wall``.

    As Airflow 3: a time that comes twice (clocks set back) means its second occurrence; one that
    never comes (clocks set forward) is moved on by the length of the gap. Both are the smaller
    of the two offsets that Python gives for fold 0 and 1.
    """
    first = wall.replace(tzinfo=tz, fold=0).utcoffset()
    second = wall.replace(tzinfo=tz, fold=1).utcoffset()
    if first is None or second is None:
        raise InvalidTimetable(f"time zone {tz!r} has no offset at {wall}")
    return (wall - min(first, second)).replace(tzinfo=UTC)
