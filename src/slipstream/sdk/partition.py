"""Names of partitioned schedules (mappers, windows, wait policies); each is refused when made."""

from __future__ import annotations

from typing import Any

from slipstream.sdk.exceptions import NotSupportedYet


class _Refused:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotSupportedYet(f"partitions ({type(self).__name__})")


class PartitionMapper(_Refused):
    """Base of the mappers from an upstream's partition keys to this DAG's."""


class AllowedKeyMapper(PartitionMapper):
    """Lets listed keys through."""


class ChainMapper(PartitionMapper):
    """Applies mappers one after another."""


class FanOutMapper(PartitionMapper):
    """Maps one key to many."""


class FixedKeyMapper(PartitionMapper):
    """Maps every key to one."""


class IdentityMapper(PartitionMapper):
    """Maps a key to itself."""


class ProductMapper(PartitionMapper):
    """Joins the keys that several mappers give."""


class RollupMapper(PartitionMapper):
    """Maps many keys to one."""


class StartOfHourMapper(PartitionMapper):
    """Maps a moment to its hour."""


class StartOfDayMapper(PartitionMapper):
    """Maps a moment to its day."""


class StartOfWeekMapper(PartitionMapper):
    """Maps a moment to its week."""


class StartOfMonthMapper(PartitionMapper):
    """Maps a moment to its month."""


class StartOfQuarterMapper(PartitionMapper):
    """Maps a moment to its quarter."""


class StartOfYearMapper(PartitionMapper):
    """Maps a moment to its year."""


class Window(_Refused):
    """Base of the windows of keys."""


class HourWindow(Window):
    """The keys of an hour."""


class DayWindow(Window):
    """The keys of a day."""


class WeekWindow(Window):
    """The keys of a week."""


class MonthWindow(Window):
    """The keys of a month."""


class QuarterWindow(Window):
    """The keys of a quarter."""


class YearWindow(Window):
    """The keys of a year."""


class SegmentWindow(Window):
    """Listed keys."""


class WaitPolicy(_Refused):
    """Base of the policies of when a window is complete."""


class WaitForAll(WaitPolicy):
    """Waits for all keys."""


class MinimumCount(WaitPolicy):
    """Waits for a number of keys."""
