"""Timetables under Airflow's names: the base class for users' own, and the built-in ones.

The built-in classes only carry arguments; the dates come from ``slipstream.timetable``. A class
of the user's (a subclass of any of these) is serialized as ``custom``, and only a process that
executes the user's code asks it for dates, through ``next_run`` and ``manual_interval``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta, tzinfo
from typing import Any, ClassVar, NamedTuple

from slipstream import timetable as engine
from slipstream.clock import utcnow
from slipstream.sdk.exceptions import AirflowTimetableInvalid, NotSupportedYet
from slipstream.sdk.public_name import public_path
from slipstream.sdk.timezone import coerce_datetime, timezone_name
from slipstream.spec import TimetableSpec
from slipstream.state import DagRunType

_MAX_RUN_ID = 250


class DataInterval(NamedTuple):
    """The stretch of time whose data a run is about."""

    start: Any
    end: Any

    @classmethod
    def exact(cls, at: datetime) -> DataInterval:
        """Return the interval that holds only ``at``."""
        return cls(at, at)


class TimeRestriction(NamedTuple):
    """When a DAG may have automated runs: its start_date, end_date and catchup."""

    earliest: Any
    latest: Any
    catchup: bool


class DagRunInfo(NamedTuple):
    """The next run: due at ``run_after``, about ``data_interval``."""

    run_after: Any
    data_interval: DataInterval | None
    partition_date: Any = None
    partition_key: str | None = None

    @classmethod
    def exact(cls, at: datetime) -> DagRunInfo:
        """Return a run at ``at`` whose interval holds only that."""
        return cls(run_after=at, data_interval=DataInterval.exact(at))

    @classmethod
    def interval(cls, start: datetime, end: datetime) -> DagRunInfo:
        """Return a run about ``start`` to ``end``, due at ``end``."""
        return cls(run_after=end, data_interval=DataInterval(start, end))

    @property
    def logical_date(self) -> Any:
        return self.data_interval.start if self.data_interval is not None else None


class Timetable:
    """Base of all timetables. Subclass it and write the two methods that return dates."""

    description: str = ""
    periodic: bool = True
    can_be_scheduled: bool = True
    run_ordering: Collection[str] = ("data_interval_end", "logical_date")
    active_runs_limit: int | None = None
    asset_condition: Any = None

    @property
    def type_name(self) -> str:
        """Where the class is, to find it again."""
        return public_path(type(self))

    @property
    def summary(self) -> str:
        """What lists show."""
        return type(self).__name__

    def serialize(self) -> dict[str, Any]:
        """Return the arguments that ``deserialize`` needs, as JSON values."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        """Return the timetable that ``serialize`` described."""
        return cls(**data)

    def validate(self) -> None:
        """Raise AirflowTimetableInvalid when the timetable cannot work."""

    def infer_manual_data_interval(self, *, run_after: Any) -> DataInterval:
        """Return the data interval of a run that somebody triggers for ``run_after``."""
        raise NotImplementedError(f"{self.type_name} must define infer_manual_data_interval")

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Return the automated run after the one about ``last_automated_data_interval``."""
        raise NotImplementedError(f"{self.type_name} must define next_dagrun_info")

    def generate_run_id(
        self,
        *,
        run_type: DagRunType,
        run_after: datetime,
        data_interval: DataInterval | None,
        **extra: Any,
    ) -> str:
        """Return the run_id of a new run."""
        return f"{DagRunType(run_type).value}__{run_after.isoformat()}"

    def to_spec(self) -> TimetableSpec:
        """Return the serialized form."""
        spec: TimetableSpec = {"type": engine.CUSTOM, "class_path": self.type_name}
        if args := self.serialize():
            spec["args"] = args
        if self._names_runs:
            spec["names_runs"] = True
        return spec

    @property
    def _names_runs(self) -> bool:
        return type(self).generate_run_id is not Timetable.generate_run_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.summary}>"


class _BuiltIn(Timetable):
    """A timetable of the engine; subclasses of the user's are custom."""

    _built_in: ClassVar[bool] = True
    _engine: engine.Timetable

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._built_in = cls.__module__ == __name__

    @property
    def summary(self) -> str:
        return self._engine.summary

    @property
    def description(self) -> str:  # type: ignore[override]
        return self._engine.description

    @property
    def periodic(self) -> bool:  # type: ignore[override]
        return self._engine.periodic

    @property
    def can_be_scheduled(self) -> bool:  # type: ignore[override]
        return self._engine.can_be_scheduled

    @property
    def active_runs_limit(self) -> int | None:  # type: ignore[override]
        return self._engine.active_runs_limit

    def validate(self) -> None:
        try:
            self._engine.validate(utcnow())
        except engine.InvalidTimetable as e:
            raise AirflowTimetableInvalid(str(e)) from None

    def infer_manual_data_interval(self, *, run_after: Any) -> DataInterval:
        found = self._engine.manual_interval(run_after)
        return DataInterval(coerce_datetime(found.start), coerce_datetime(found.end))

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        last = last_automated_data_interval
        found = self._engine.next_run(
            None if last is None else engine.DataInterval(*last),
            restriction.earliest,
            restriction.latest,
            restriction.catchup,
            utcnow(),
        )
        if found is None:
            return None
        interval = DataInterval(*map(coerce_datetime, found.data_interval))
        return DagRunInfo(run_after=coerce_datetime(found.run_after), data_interval=interval)

    def to_spec(self) -> TimetableSpec:
        return self._engine.to_spec() if self._built_in else super().to_spec()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._engine == other._engine

    def __hash__(self) -> int:
        return hash(self._engine)


def _checked(build: Any, *args: Any, **kwargs: Any) -> Any:
    try:
        return build(*args, **kwargs)
    except engine.InvalidTimetable as e:
        raise AirflowTimetableInvalid(str(e)) from None


def _zone(timezone: str | tzinfo) -> str:
    return timezone if isinstance(timezone, str) else timezone_name(timezone)


class NullTimetable(_BuiltIn):
    """Never runs by itself."""

    def __init__(self) -> None:
        self._engine = engine.Null()


class OnceTimetable(_BuiltIn):
    """Runs once, at the DAG's start date."""

    def __init__(self) -> None:
        self._engine = engine.Once()


class ContinuousTimetable(_BuiltIn):
    """Runs again as soon as the run before has ended."""

    def __init__(self) -> None:
        self._engine = engine.Continuous()


class CronTriggerTimetable(_BuiltIn):
    """Runs when the cron expression fires; the data interval is ``interval`` long and ends there."""

    def __init__(
        self,
        cron: str = "",
        *args: str | tzinfo,
        timezone: str | tzinfo = "UTC",
        interval: Any = timedelta(0),
        run_immediately: bool | timedelta = False,
        expression: str = "",
    ) -> None:
        self.expression = cron or expression
        self.timezone = args[0] if args else timezone
        self.interval, self.run_immediately = interval, run_immediately
        self._engine = _checked(
            engine.CronTrigger,
            self.expression,
            _zone(self.timezone),
            interval=interval,
            run_immediately=run_immediately,
        )

    def serialize(self) -> dict[str, Any]:
        return {"cron": self.expression, "timezone": _zone(self.timezone)}


class MultipleCronTriggerTimetable(_BuiltIn):
    """Runs when any of several cron expressions fires."""

    def __init__(
        self,
        *crons: str,
        timezone: str | tzinfo,
        interval: Any = timedelta(0),
        run_immediately: bool | timedelta = False,
    ) -> None:
        self.timetables = [
            CronTriggerTimetable(
                c, timezone=timezone, interval=interval, run_immediately=run_immediately
            )
            for c in crons
        ]
        self._engine = _checked(
            engine.MultipleCronTrigger,
            *crons,
            timezone=_zone(timezone),
            interval=interval,
            run_immediately=run_immediately,
        )


class DeltaTriggerTimetable(_BuiltIn):
    """Runs once per ``delta``; the data interval is ``interval`` long."""

    def __init__(self, delta: Any, *, interval: Any = timedelta(0)) -> None:
        self._delta, self.interval = delta, interval
        self._engine = _checked(engine.DeltaTrigger, delta, interval=interval)


class CronDataIntervalTimetable(_BuiltIn):
    """Runs after each interval between two firings of the cron expression."""

    def __init__(
        self, cron: str = "", timezone: str | tzinfo = "UTC", *, expression: str = ""
    ) -> None:
        self.expression, self.timezone = cron or expression, timezone
        self._engine = _checked(engine.CronDataInterval, self.expression, _zone(timezone))

    def serialize(self) -> dict[str, Any]:
        return {"cron": self.expression, "timezone": _zone(self.timezone)}


class DeltaDataIntervalTimetable(_BuiltIn):
    """Runs after each interval of length ``delta``."""

    def __init__(self, delta: Any) -> None:
        self._delta = delta
        self._engine = _checked(engine.DeltaDataInterval, delta)


class EventsTimetable(_BuiltIn):
    """Runs at listed moments."""

    def __init__(
        self,
        event_dates: Iterable[datetime],
        restrict_to_events: bool = False,
        presorted: bool = False,
        description: str | None = None,
    ) -> None:
        self.event_dates = list(event_dates)
        self.restrict_to_events = restrict_to_events
        self._engine = _checked(
            engine.Events,
            self.event_dates,
            restrict_to_events=restrict_to_events,
            presorted=presorted,
            description=description,
        )


class AssetTriggeredTimetable(_BuiltIn):
    """Runs when its assets were updated."""

    def __init__(self, assets: Any) -> None:
        from slipstream.sdk.asset import as_condition  # few DAGs are scheduled by assets

        self.asset_condition = as_condition(assets)
        self._engine = engine.AssetTriggered(self.asset_condition.to_spec())


class AssetOrTimeSchedule(_BuiltIn):
    """Runs when its assets were updated, and when a timetable says so."""

    def __init__(self, *, assets: Any, timetable: Timetable) -> None:
        from slipstream.sdk.asset import as_condition  # few DAGs are scheduled by assets

        self.asset_condition = as_condition(assets)
        self.timetable = timetable
        if not isinstance(timetable, _BuiltIn) or not timetable._built_in:
            raise AirflowTimetableInvalid(
                "AssetOrTimeSchedule takes one of the built-in timetables, "
                f"not {timetable.type_name}"
            )
        self._engine = engine.AssetOrTime(self.asset_condition.to_spec(), timetable._engine)


def next_run(
    timetable: Timetable,
    last: engine.DataInterval | None,
    earliest: datetime | None,
    latest: datetime | None,
    catchup: bool,
) -> engine.NextRun | None:
    """Ask a timetable of the user's for the run after ``last``; moments go in as pendulum's."""
    restriction = TimeRestriction(coerce_datetime(earliest), coerce_datetime(latest), catchup)
    found = _run_after(timetable, last, restriction)
    if found is None:
        return None
    named = run_id(timetable, DagRunType.SCHEDULED, found.run_after, found.data_interval)
    return found._replace(run_id=named)


def runs_between(
    timetable: Timetable, earliest: datetime, latest: datetime, *, limit: int
) -> list[engine.NextRun]:
    """Ask a timetable of the user's for the runs whose logical dates are in a range, both ends in.

    As Airflow 3, but what the class returns past the range ends it, and so does standing still.

    :raises AirflowTimetableInvalid: there are more than ``limit``
    """
    restriction = TimeRestriction(coerce_datetime(earliest), coerce_datetime(latest), True)
    runs: list[engine.NextRun] = []
    last: engine.DataInterval | None = None
    while found := _run_after(timetable, last, restriction):
        stands_still = last is not None and found.data_interval.end <= last.end
        if stands_still or found.logical_date > latest:
            break
        if len(runs) == limit:
            raise AirflowTimetableInvalid(
                f"{timetable.type_name} has more than {limit} runs between {earliest.isoformat()} "
                f"and {latest.isoformat()}: ask for a shorter range"
            )
        if found.logical_date >= earliest:
            runs.append(found)
        last = found.data_interval
    return runs


def _run_after(
    timetable: Timetable, last: engine.DataInterval | None, restriction: TimeRestriction
) -> engine.NextRun | None:
    since = None if last is None else DataInterval(*map(coerce_datetime, last))
    found = timetable.next_dagrun_info(last_automated_data_interval=since, restriction=restriction)
    if found is None:
        return None
    interval = found.data_interval or DataInterval.exact(found.run_after)
    about = engine.DataInterval(interval.start, interval.end)
    return engine.NextRun(interval.start, about, found.run_after)


def manual_interval(timetable: Timetable, run_after: datetime) -> engine.DataInterval:
    """Ask a timetable of the user's for the data interval of a manual run."""
    found = timetable.infer_manual_data_interval(run_after=coerce_datetime(run_after))
    return engine.DataInterval(found.start, found.end)


def run_id(
    timetable: Timetable,
    run_type: DagRunType,
    run_after: datetime,
    interval: engine.DataInterval | None,
) -> str | None:
    """Ask a timetable of the user's for a new run's id; None when its class leaves that to us.

    :raises AirflowTimetableInvalid: what it returned cannot be a run's id
    """
    if not timetable._names_runs:
        return None
    about = None if interval is None else DataInterval(*map(coerce_datetime, interval))
    found = timetable.generate_run_id(
        run_type=run_type, run_after=coerce_datetime(run_after), data_interval=about
    )
    if not isinstance(found, str) or not 0 < len(found) <= _MAX_RUN_ID or ".." in found:
        raise AirflowTimetableInvalid(
            f"generate_run_id of {timetable.type_name} returned {found!r}; it must be a string of "
            f"1 to {_MAX_RUN_ID} characters without '..', since it names a log folder"
        )
    return found


class _Partitioned(Timetable):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotSupportedYet(f"partitions ({type(self).__name__})")


class CronPartitionTimetable(_Partitioned):
    """Runs by cron, one partition each."""


class PartitionedAssetTimetable(_Partitioned):
    """Runs per partition of its assets."""


class PartitionedAtRuntime(_Partitioned):
    """Runs whose partition their first task decides."""
