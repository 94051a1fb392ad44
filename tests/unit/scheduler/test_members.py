"""Who counts as dead: a process that is gone at once, any other when its lease is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.scheduler.harness import Rig, dag_spec

from slipstream.scheduler.members import Members
from slipstream.scheduler.settings import Settings
from slipstream.store import job, schema
from slipstream.store.row import JobRow


def _other(rig: Rig, **values: object) -> str:
    """Register another scheduler; its process is this test's, unless ``values`` say otherwise."""
    id = rig.store.write(job.register, job_type="SchedulerJob", now=rig.clock.now())
    if values:
        rig.store.write(
            lambda conn: conn.execute(
                schema.job.update().where(schema.job.c.id == id).values(**values)
            )
        )
    return id


def _look(rig: Rig, members: Members) -> list[JobRow]:
    with rig.store.read() as conn:
        return members.look(conn, "me", rig.clock.now())


def test_wake_ups_about_what_other_schedulers_have_are_passed_over(rig: Rig) -> None:
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.start()
    row = rig.trigger("d")
    rig.turn()
    concerns = rig.scheduler._concerns
    assert concerns(["elsewhere", row.id + 1]), "who is alone looks at everything"
    rig.scheduler.world.ownership.members.others = {"another"}
    assert concerns(["elsewhere", "d"])
    assert concerns([row.id + 1, row.id])
    assert not concerns(["elsewhere", row.id + 1])


@pytest.mark.parametrize(
    ("heartbeat_s", "threshold_s", "lease_s", "beat_s"),
    [(5, 30, 10, 2.5), (1, 30, 10, 1), (20, 60, 40, 10), (20, 30, 30, 7.5), (5, 4, 4, 1)],
)
def test_a_lease_is_short_but_longer_than_some_heartbeats(
    heartbeat_s: float, threshold_s: float, lease_s: float, beat_s: float
) -> None:
    settings = Settings(heartbeat_s=heartbeat_s, health_threshold_s=threshold_s)
    assert (settings.lease_s, settings.lease) == (lease_s, timedelta(seconds=lease_s))
    assert settings.beat_s == beat_s


def test_who_is_silent_for_longer_than_a_lease_is_dead(rig: Rig) -> None:
    other = _other(rig)
    members = Members(rig.clock, rig.settings)
    rig.clock.advance(rig.settings.lease_s)
    assert _look(rig, members) == []
    assert members.others == {other}
    rig.clock.advance(0.1)
    assert [row.id for row in _look(rig, members)] == [other]
    assert members.others == set()


def test_a_process_of_this_machine_that_is_gone_is_dead_at_once(rig: Rig) -> None:
    gone = _other(rig, pid=2**22 + 1)
    elsewhere = _other(rig, pid=2**22 + 1, hostname="elsewhere")
    members = Members(rig.clock, rig.settings)
    assert [row.id for row in _look(rig, members)] == [gone]
    assert members.others == {elsewhere}


def test_whose_own_heartbeat_was_late_believes_nobodys_silence_for_a_lease(rig: Rig) -> None:
    other, gone = _other(rig), _other(rig, pid=2**22 + 1)
    members = Members(rig.clock, rig.settings)
    rig.clock.advance(60)
    members.beat()
    assert [row.id for row in _look(rig, members)] == [gone]
    rig.clock.advance(rig.settings.lease_s)
    members.beat()
    assert [row.id for row in _look(rig, members)] == [gone]
    for _ in range(4):
        rig.clock.advance(rig.settings.beat_s)
        members.beat()
    assert {row.id for row in _look(rig, members)} == {gone, other}
