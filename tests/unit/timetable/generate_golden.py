"""Write golden.json: what Airflow's own timetables answer, for the tests to compare with.

Not run by the tests. Run it with a Python that has apache-airflow 3.3.2 installed::

    AIRFLOW_HOME=$(mktemp -d) python tests/unit/timetable/generate_golden.py

The file is a list of scenarios. Each has our spec of the timetable and its answers; all times are
seconds after ``base`` (a UTC timestamp, mostly a change of clocks), absent times are null:

- ``chain``: [earliest, catchup, now, [start, end, run_after]…], each run following from the last
- ``next``: [last_start, last_end, earliest, latest, catchup, now, answer]
- ``manual``: [run_after, start, end]

An answer is [start, end, run_after], null for no run, ``"!"`` where Airflow raises.
"""

from __future__ import annotations

import json
import random
import sys
import types
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
from dateutil.relativedelta import FR, MO, relativedelta

from airflow._shared.timezones import timezone as airflow_timezone
from airflow.timetables import interval, trigger
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from airflow.timetables.simple import ContinuousTimetable, NullTimetable, OnceTimetable
from airflow.timetables.trigger import (
    CronTriggerTimetable,
    DeltaTriggerTimetable,
    MultipleCronTriggerTimetable,
)

OUT = Path(__file__).with_name("golden.json")
RNG = random.Random(20260101)
MINUTE, HOUR, DAY = 60, 3600, 86400

CLOCK_CHANGES = {
    "Europe/Berlin": ["2026-03-29", "2026-10-25"],
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "Europe/Dublin": ["2026-03-29", "2026-10-25"],
    "America/Sao_Paulo": ["2018-11-04", "2019-02-17"],
    "Pacific/Apia": ["2011-12-30", "2011-04-02"],
    "Asia/Kathmandu": ["1986-01-01", "2026-01-01"],
    "America/St_Johns": ["2010-03-14", "2010-11-07"],
    "Africa/Casablanca": ["2026-02-15", "2026-03-22"],
    "Antarctica/Troll": ["2026-03-29", "2026-10-25"],
    "Asia/Tehran": ["2022-03-22", "2022-09-22"],
    "America/Havana": ["2026-03-08", "2026-11-01"],
    "Asia/Beirut": ["2026-03-29", "2026-10-25"],
    "Africa/Cairo": ["2026-04-24", "2026-10-30"],
    "Pacific/Chatham": ["2026-04-05", "2026-09-27"],
    "Asia/Pyongyang": ["2015-08-15", "2018-05-05"],
    "UTC": ["2026-02-28"],
    "+05:30": ["2026-02-28"],
}
OFTEN = ["0 * * * *", "30 * * * *", "*/15 * * * *", "7-59/13 * * * *", "@hourly"]
SELDOM = [
    "0 0 * * *",
    "30 2 * * *",
    "15 1,2,3 * * *",
    "0 */2 * * *",
    "5 0-4 * * *",
    "*/20 2 * * *",
    "0 0 * * 0",
    "59 23 * * *",
    "0 12 * * 1-5",
    "0 0 1 * *",
    "0 0 31 * *",
    "0 0 L * *",
    "0 0 * * 1#2",
    "0 0 13 * 5",
    "0 0 29 2 *",
    "*/10 2 * * * 30",
    "0 3 * * * */20",
    "@daily",
    "@midnight",
    "@weekly",
    "@monthly",
    "@quarterly",
    "@yearly",
    "@annually",
]
DELTAS: list[Any] = [
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=7),
    timedelta(minutes=90),
    timedelta(seconds=5),
    timedelta(seconds=0.5),
    timedelta(days=1, hours=11),
    relativedelta(months=1),
    relativedelta(months=3),
    relativedelta(years=1),
    relativedelta(weeks=1, hours=2),
    relativedelta(days=1),
    relativedelta(months=1, day=31),
    relativedelta(days=1, weekday=FR),
    relativedelta(months=1, weekday=MO(-1)),
]
DESCRIBED = [
    *OFTEN,
    *SELDOM,
    "30 21 * * 5",
    "0 9-17 * * MON-FRI",
    "*/5 * * * *",
    "0 0 1,15 * 3",
    "23 0-20/2 * * *",
    "0 22 * 1-6 *",
    "* * * * *",
    "0 0 * * 6L",
    "1 2 3 4 5",
    "0 0 ? * 2",
    "no cron",
    "0 25 * * *",
    "0 0 * * 7",
    "0 4 8-14 * *",
    "0 0 1 JAN,JUL *",
    "0 0 L 2 *",
]


class Frozen:
    """The time that Airflow's timetables read."""

    now = 0.0

    def utcnow(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


FROZEN = Frozen()
airflow_timezone.utcnow = FROZEN.utcnow
trigger.utcnow = interval.utcnow = FROZEN.utcnow
trigger.time = types.SimpleNamespace(time=lambda: FROZEN.now)


def change_of_clocks(zone: str, day: str) -> int:
    """Return the first change of ``zone``'s offset within a day and a half around ``day`` (UTC)."""
    noon = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
    if zone == "UTC" or zone.startswith("+"):
        return int(noon)
    tz = ZoneInfo(zone)

    def offset(at: float) -> timedelta | None:
        return datetime.fromtimestamp(at, tz).utcoffset()

    start = int(noon) - DAY - DAY // 2
    for at in range(start, start + 3 * DAY, MINUTE):
        if offset(at) != offset(at - MINUTE):
            return at
    return int(noon)


class Scenario:
    def __init__(self, base: int, timetable: Timetable, spec: dict[str, Any]) -> None:
        self.base, self.timetable = base, timetable
        self.data: dict[str, Any] = {
            "base": base,
            "spec": spec,
            "chain": [],
            "next": [],
            "manual": [],
        }

    def at(self, offset: float | None) -> pendulum.DateTime | None:
        if offset is None:
            return None
        return pendulum.instance(datetime.fromtimestamp(self.base + offset, UTC))

    def offset(self, at: datetime) -> float:
        value = at.timestamp() - self.base
        return int(value) if value == int(value) else value

    def ask(
        self, last: DataInterval | None, restriction: TimeRestriction, now: float
    ) -> DagRunInfo | str | None:
        FROZEN.now = self.base + now
        try:
            return self.timetable.next_dagrun_info(
                last_automated_data_interval=last, restriction=restriction
            )
        except Exception as e:
            print(f"{self.data['spec']} at {self.at(now)}: {e!r}", file=sys.stderr)
            return "!"

    def answer(self, info: DagRunInfo | str | None) -> Any:
        if not isinstance(info, DagRunInfo):
            return info
        return [self.offset(t) for t in (*info.data_interval, info.run_after)]

    def chain(self, earliest: float | None, catchup: bool, now: float, length: int) -> None:
        last, runs = None, []
        for _ in range(length):
            info = self.ask(last, TimeRestriction(self.at(earliest), None, catchup), now)
            runs.append(self.answer(info))
            if not isinstance(info, DagRunInfo):
                break
            last = info.data_interval
        self.data["chain"].append([earliest, catchup, now, runs])

    def next(
        self,
        last: tuple[float, float] | None,
        earliest: float | None,
        latest: float | None,
        catchup: bool,
        now: float,
    ) -> None:
        previous = last and DataInterval(self.at(last[0]), self.at(last[1]))
        info = self.ask(previous, TimeRestriction(self.at(earliest), self.at(latest), catchup), now)
        start, end = last or (None, None)
        row = [start, end, earliest, latest, catchup, now, self.answer(info)]
        self.data["next"].append(row)

    def manual(self, run_after: float) -> None:
        try:
            found = self.timetable.infer_manual_data_interval(run_after=self.at(run_after))
        except Exception as e:
            print(f"{self.data['spec']} manual {self.at(run_after)}: {e!r}", file=sys.stderr)
            return
        self.data["manual"].append([run_after, *map(self.offset, found)])


def explore(scenario: Scenario, step: int) -> Scenario:
    """Ask at random moments around the base, and in a chain of runs across it."""

    def near() -> float:
        return RNG.choice(
            [
                0,
                RNG.choice([-1, 1]) * RNG.choice([0.25, 1, 1800, 3600, 5400, 7200]),
                RNG.randrange(-26 * HOUR, 26 * HOUR, 15 * MINUTE),
                RNG.randrange(-30 * DAY, 30 * DAY) + RNG.choice([0, 0.5]),
            ]
        )

    def interval_before(now: float) -> tuple[float, float]:
        end = now - RNG.choice([0, HOUR, DAY, 3 * DAY])
        return end - RNG.choice([0, step, step, HOUR, DAY]), end

    scenario.chain(-3 * step + RNG.choice([0, 1, 1800]), True, 40 * DAY, 7)
    scenario.chain(None, True, near(), 2)
    for _ in range(6):
        now = near()
        scenario.next(
            RNG.choice([None, interval_before(now)]),
            RNG.choice([None, now - 400 * DAY, now - 2 * DAY - 1, near(), now + 10 * DAY]),
            RNG.choice([None, None, None, near()]),
            RNG.random() < 0.3,
            now,
        )
    for _ in range(2):
        scenario.manual(near())
    return scenario


def encode(period: Any) -> Any:
    if isinstance(period, timedelta):
        seconds = period.total_seconds()
        return int(seconds) if seconds == int(seconds) else seconds
    fields = {k: v for k, v in vars(period).items() if v and not k.startswith("_")}
    if day := fields.get("weekday"):
        fields["weekday"] = [day.weekday, day.n] if day.n else [day.weekday]
    return fields


def cron_scenarios(base: int, zone: str) -> list[Scenario]:
    tz: Any = pendulum.FixedTimezone(5 * HOUR + 30 * MINUTE) if zone == "+05:30" else zone
    found = []
    for expression in [*RNG.sample(OFTEN, 2), *RNG.sample(SELDOM, 2), "30 2 * * *"]:
        step = HOUR if expression in OFTEN else DAY
        args: dict[str, Any] = {"expression": expression, "timezone": zone}
        plain = CronDataIntervalTimetable(expression, tz)
        spec = {"type": "cron_data_interval", "args": args}
        found.append(explore(Scenario(base, plain, spec), step))
        length: Any = RNG.choice([timedelta(), timedelta(hours=25), relativedelta(months=1)])
        immediately: Any = RNG.choice([False, True, timedelta(minutes=1), timedelta(days=3)])
        options = {}
        if length:
            options["interval"] = encode(length)
        if immediately:
            options["run_immediately"] = immediately is True or encode(immediately)
        timetable = CronTriggerTimetable(
            expression, timezone=tz, interval=length, run_immediately=immediately
        )
        spec = {"type": "cron_trigger", "args": {**args, **options}}
        found.append(explore(Scenario(base, timetable, spec), step))
    several = RNG.sample(SELDOM, 3)
    found.append(
        explore(
            Scenario(
                base,
                MultipleCronTriggerTimetable(*several, timezone=tz),
                {
                    "type": "multiple_cron_trigger",
                    "args": {"expressions": several, "timezone": zone},
                },
            ),
            DAY,
        )
    )
    return found


def delta_scenarios(base: int) -> list[Scenario]:
    found = []
    for delta in DELTAS:
        args = {"delta": encode(delta)}
        timetable: Timetable = DeltaDataIntervalTimetable(delta)
        spec = {"type": "delta_data_interval", "args": args}
        found.append(explore(Scenario(base, timetable, spec), DAY))
        for length in (timedelta(), relativedelta(months=1)):
            timetable = DeltaTriggerTimetable(delta, interval=length)
            options = {"interval": encode(length)} if length else {}
            spec = {"type": "delta_trigger", "args": {**args, **options}}
            found.append(explore(Scenario(base, timetable, spec), DAY))
    return found


def simple_scenarios(base: int) -> list[Scenario]:
    found = []
    for cls, kind in (
        (NullTimetable, "null"),
        (OnceTimetable, "once"),
        (ContinuousTimetable, "continuous"),
    ):
        for step in (HOUR, DAY):
            found.append(explore(Scenario(base, cls(), {"type": kind}), step))
    for restrict in (False, True):
        for zone in ("UTC", "Asia/Kathmandu"):
            offsets = [RNG.randrange(-5 * DAY, 5 * DAY, 30 * MINUTE) for _ in range(8)]
            dates = [pendulum.from_timestamp(base + o, tz=zone) for o in offsets]
            timetable = EventsTimetable(dates, restrict_to_events=restrict)
            args: dict[str, Any] = {"event_dates": [d.isoformat() for d in sorted(dates)]}
            if restrict:
                args["restrict_to_events"] = True
            scenario = explore(Scenario(base, timetable, {"type": "events", "args": args}), DAY)
            scenario.data["summary"] = timetable.summary
            scenario.data["description"] = timetable.description
            found.append(scenario)
    return found


def main() -> None:
    scenarios = []
    for zone, days in CLOCK_CHANGES.items():
        for day in days:
            scenarios += cron_scenarios(change_of_clocks(zone, day), zone)
    for day in ("2026-01-31", "2024-02-29"):
        base = change_of_clocks("UTC", day)
        scenarios += delta_scenarios(base) + simple_scenarios(base)
    described = {}
    for expression in DESCRIBED:
        timetable = CronTriggerTimetable(expression, timezone="UTC")
        described[expression] = [timetable.summary, timetable.description]
    lines = ",\n".join(json.dumps(s.data, separators=(",", ":")) for s in scenarios)
    words = json.dumps(described, indent=0)
    OUT.write_text(f'{{"described":{words},\n"scenarios":[\n{lines}\n]}}\n')
    n_cases = sum(len(s.data["next"]) + len(s.data["manual"]) for s in scenarios)
    n_cases += sum(len(c[3]) for s in scenarios for c in s.data["chain"])
    print(f"{len(scenarios)} scenarios, {n_cases} cases, {OUT.stat().st_size >> 10} KiB")


if __name__ == "__main__":
    main()
