"""Dates as people type them: ISO 8601, or what dateutil understands; naive ones are local."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from slipstream.config import conf
from slipstream.errors import ConfigError, UserError


def parse_date(text: str) -> datetime:
    """Return an aware datetime; one without a zone is in ``[core] default_timezone``.

    Raises UserError.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        from dateutil import parser  # slow to import, and hardly ever needed

        try:
            parsed = parser.parse(text)
        except (ValueError, OverflowError):
            raise UserError(
                f"{text!r} is not a date: write 2026-01-31 or 2026-01-31T12:00:00+00:00."
            ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=default_timezone())


def default_timezone() -> tzinfo:
    """Return ``[core] default_timezone``; raise ConfigError for a zone that does not exist."""
    name = conf.get("core", "default_timezone")
    if name.lower() == "utc":
        return UTC
    if name.lower() == "system":
        zone = datetime.now(UTC).astimezone().tzinfo
        assert zone is not None
        return zone
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise ConfigError(f"[core] default_timezone is {name!r}: {error}.") from None
    except KeyError:
        raise ConfigError(
            f"[core] default_timezone is {name!r}; allowed: utc, system, or the name of a time "
            "zone such as Europe/Paris."
        ) from None
