"""DAGs and messages between two schedulers, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.engine.scheduler.town import Town
from tests.unit.scheduler.harness import START, Rig, dag_spec

from slipstream.command.remove import delete_dag
from slipstream.scheduler.ownership import _claim_in_store
from slipstream.store import inbox, job, lease, pool, quota, run

pytestmark = pytest.mark.parametrize("dialect", ["postgresql", "mysql"], indirect=True)


@pytest.fixture
def town(store_url: str, tmp_path: Path) -> Iterator[Town]:
    rig = Rig(store_url)
    rig.store.write(pool.upsert, "p", 9)
    town = Town(rig, 9)
    yield town
    town.close()


def _unread(town: Town) -> int:
    with town.rig.store.read() as conn:
        return len(inbox.take(conn, "scheduler", 100))


def test_a_dags_runs_are_made_by_its_owner_alone_each_once(town: Town) -> None:
    names = ("a", "b", "c")
    for name in names:
        spec = dag_spec(
            name,
            {"t": []},
            timetable={"type": "cron_data_interval", "args": {"expression": "* * * * *"}},
            start_date=(START - timedelta(minutes=3)).isoformat(),
            catchup=True,
        )
        town.rig.add_dag(spec)
    first, second = town.join(), town.join()
    for _ in range(66):
        town.pass_time(1)
        town.end(99)
    owners = set()
    with town.rig.store.read() as conn:
        for name in names:
            rows = run.list_by_logical_date(conn, name)
            minutes = [(row.logical_date or START) - START for row in rows]
            assert minutes == [timedelta(minutes=n) for n in range(-3, 1)]
            assert [row.state for row in rows] == ["success"] * 4
            owners |= {row.owner for row in rows}
    assert owners == {first.id, second.id}


def test_a_deleted_dag_is_forgotten_by_its_owner_and_comes_back_to_somebody(town: Town) -> None:
    town.add("a", "b")
    first, second = town.join(), town.join()
    town.pass_time()
    mine = town.dag_of(first)
    town.trigger(mine)
    town.pass_time()
    assert town.in_use() == 6
    town.rig.store.write(delete_dag, mine, town.rig.clock.now())
    town.pass_time()
    assert town.in_use() == 0
    with town.rig.store.read() as conn:
        assert lease.owned_dags(conn, first.id) == set()
    assert not first.world.book.active
    assert town.executors[first.id].cancelled, "its processes were ended"
    town.add(mine)
    town.pass_time()
    with town.rig.store.read() as conn:
        assert lease.count_dags(conn) == {first.id: 1, second.id: 1}
    town.trigger(mine)
    town.pass_time()
    assert town.in_use() == 6


def test_messages_about_what_is_not_there_are_dropped(town: Town) -> None:
    town.add("a")
    town.join()
    town.join()
    town.pass_time()
    for values in ({"dag_id": "ghost"}, {"dag_id": "ghost", "dag_run_pk": 99}, {"dag_run_pk": 99}):
        for kind, payload in (
            ("dag_changed", {}),
            ("mark_run", {"state": "failed"}),
            ("attempts_changed", {"ids": ["x"]}),
        ):
            town.rig.store.write(
                inbox.post,
                target="scheduler",
                kind=kind,
                payload=payload,
                now=town.rig.clock.now(),
                **values,
            )
    assert _unread(town) >= 9
    town.pass_time()
    assert _unread(town) == 0


def test_a_claim_that_is_made_twice_counts_once(town: Town) -> None:
    """The answer to its commit may be lost, and then it is tried again."""
    town.add("a", "b")
    town.join()
    town.pass_time()
    town.trigger("a")
    town.pass_time()
    assert town.in_use() == 6
    (former,) = town.schedulers
    former._lease.end(town.rig.clock.now(), ok=False)
    town.schedulers.clear()
    me = town.rig.store.write(job.register, job_type="SchedulerJob", now=town.rig.clock.now())
    claims = [town.rig.store.write(_claim_in_store, me, ["a", "b"]) for _ in range(2)]
    assert claims == [({"a", "b"}, {"p": 6})] * 2
    with town.rig.store.read() as conn:
        assert [row.slots for row in quota.of_pools(conn, ["p"])["p"]] == [6]
        assert quota.use_of_nobody(conn) == {}
    former.stop(ok=False)
