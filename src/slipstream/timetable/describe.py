"""Cron expressions in words, as Airflow's API shows them (``At 00:00``)."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1024)
def cron(expression: str) -> str:
    """Return ``expression`` in English, or nothing when it has seconds or makes no sense."""
    # Both are slow to import, and only the DAG processor asks.
    from cron_descriptor import FormatException, MissingFieldException, WrongArgumentException
    from croniter import CroniterBadCronError, croniter

    try:
        if len(croniter(expression).expanded) > 5:
            return ""
        fields = expression.split()
        if len(fields) == 5 and fields[2] != "*" and fields[4] != "*":
            # Cron fires when either of the two matches.
            minute, hour, day, month, weekday = fields
            by_day = _words(f"{minute} {hour} {day} {month} *")
            by_weekday = _words(f"{minute} {hour} * {month} {weekday}")
            return f"{by_day} (or) {by_weekday}"
        return _words(expression)
    except (
        CroniterBadCronError,
        FormatException,
        MissingFieldException,
        WrongArgumentException,
    ):
        return ""


def _words(expression: str) -> str:
    from cron_descriptor import CasingTypeEnum, ExpressionDescriptor  # lazily, see above

    # The locale is fixed: a spec must not depend on the process that wrote it.
    words: str = ExpressionDescriptor(
        expression,
        casing_type=CasingTypeEnum.Sentence,
        use_24hour_time_format=True,
        locale_code="en_US",
    ).get_description()
    return words
