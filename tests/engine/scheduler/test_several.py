"""Several schedulers at work at once: they share DAGs and pools, come, go and die."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from sqlalchemy import update
from tests.engine.scheduler.crowd import Crowd, took
from tests.engine.scheduler.site import Site
from tests.occupancy import highest_use

from slipstream.store import pool, run, schema
from slipstream.store.row import RunRow

pytestmark = pytest.mark.parametrize("dialect", ["postgresql", "mysql"], indirect=True)

N = 6
TAKEOVER_S = 15.0

DAGS = f"""
import time

def wait_for(name):
    while not os.path.exists(PROOF + name):
        time.sleep(0.02)

for i in range({N}):
    with DAG(f"d{{i}}", schedule=None, max_active_runs=2):
        @task
        def first(ti=None):
            prove(f"{{ti.dag_id}} {{ti.run_id}} first")

        @task
        def second(ti=None):
            prove(f"{{ti.dag_id}} {{ti.run_id}} second")

        first() >> second()

    with DAG(f"held{{i}}", schedule=None):
        @task
        def held(ti=None):
            prove(f"{{ti.dag_id}} held")
            wait_for(".go")

        @task
        def after(ti=None):
            prove(f"{{ti.dag_id}} after")

        held() >> after()
"""


@pytest.fixture
def crowd(any_site: Site) -> Iterator[Crowd]:
    crowd = Crowd(any_site)
    yield crowd
    crowd.stop()


def _finish_all(site: Site, rows: list[RunRow], patience_s: float = 30.0) -> None:
    for row in rows:
        assert site.finish(row, patience_s) == "success"


def test_dags_are_shared_out_and_each_run_has_one_owner(crowd: Crowd) -> None:
    site = crowd.site
    site.write_dag("all", DAGS)
    for name in ("one", "two", "three"):
        crowd.start(name)
    crowd.shared_out(2 * N, "one", "two", "three")
    ids = {crowd.id(name) for name in ("one", "two", "three")}
    rows = [site.trigger(f"d{i}") for i in range(N) for _ in range(3)]
    _finish_all(site, rows)
    assert {site.row(row).owner for row in rows} <= ids
    by_dag: dict[str, set[str | None]] = {}
    for row in rows:
        by_dag.setdefault(row.dag_id, set()).add(site.row(row).owner)
    assert all(len(owners) == 1 for owners in by_dag.values())
    words = [f"{row.dag_id} {row.run_id} {task}" for row in rows for task in ("first", "second")]
    assert sorted(site.proof()) == sorted(words)


def test_a_killed_schedulers_dags_go_on_within_15_seconds(crowd: Crowd) -> None:
    site = crowd.site
    site.write_dag("all", DAGS)
    crowd.start("one")
    crowd.start("two")
    crowd.shared_out(2 * N, "one", "two")
    held = [site.trigger(f"held{i}") for i in range(N)]
    site.until(lambda: len(site.proof()) == N, "all of the held tasks")
    victims = crowd.dags("one")
    crowd.send("one", signal.SIGKILL)
    crowd.wait("one")
    later = [site.trigger(dag_id) for dag_id in sorted(victims) if dag_id.startswith("d")]
    took_s = took(
        lambda: crowd.dags("two") >= victims and all(site.row(r).end_date for r in later),
        site,
        "the takeover",
        TAKEOVER_S,
    )
    assert took_s < TAKEOVER_S
    (site.home / "proof.go").touch()
    _finish_all(site, held + later)
    words = site.proof()
    assert len(words) == len(set(words)), "nothing ran twice"
    for i in range(N):
        assert {f"held{i} held", f"held{i} after"} <= set(words)
    assert [t.ti_state for row in held for t in site.tries(row, "held")] == ["success"] * N


def test_the_dags_of_a_scheduler_of_a_machine_that_is_gone_go_on_within_15_seconds(
    crowd: Crowd,
) -> None:
    """Nobody sees its process: only its heartbeat tells, and the lease is the default one."""
    site = crowd.site
    site.write_dag("all", DAGS)
    crowd.start("one")
    crowd.start("two")
    crowd.shared_out(2 * N, "one", "two")
    victims, victim = crowd.dags("one"), crowd.id("one")
    there = update(schema.job).where(schema.job.c.id == victim).values(hostname="elsewhere")
    site.store.write(lambda conn: conn.execute(there))
    crowd.send("one", signal.SIGKILL)
    crowd.wait("one")
    later = [site.trigger(dag_id) for dag_id in sorted(victims) if dag_id.startswith("d")]
    took_s = took(
        lambda: crowd.dags("two") >= victims and all(site.row(r).end_date for r in later),
        site,
        "the takeover",
        TAKEOVER_S,
    )
    assert took_s > 2.0, "it was not the process that was missed"
    assert [site.row(row).state for row in later] == ["success"] * len(later)


def test_a_scheduler_that_was_stopped_finds_its_lease_lost_and_takes_part_again(
    crowd: Crowd,
) -> None:
    site = crowd.site
    site.write_dag("all", DAGS)
    short = {
        "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "2",
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "0.2",  # the threshold is the worker hosts', too
    }
    crowd.start("one", **short)
    crowd.start("two", **short)
    crowd.shared_out(2 * N, "one", "two")
    held = [site.trigger(f"held{i}") for i in range(N)]
    site.until(lambda: len(site.proof()) == N, "all of the held tasks")
    former = crowd.id("one")
    crowd.send("one", signal.SIGSTOP)
    site.until(lambda: len(crowd.dags("two")) == 2 * N, "the takeover")
    crowd.send("one", signal.SIGCONT)
    site.until(lambda: "was declared dead by another one" in crowd.log("one"), "its insight")
    site.until(lambda: crowd.job("one") is not None, "its new registration")
    assert crowd.id("one") != former
    (site.home / "proof.go").touch()
    _finish_all(site, held)
    crowd.shared_out(2 * N, "one", "two")
    rows = [site.trigger(f"d{i}") for i in range(N)]
    _finish_all(site, rows)
    words = site.proof()
    assert len(words) == len(set(words)) == 4 * N
    assert [t.ti_state for row in held for t in site.tries(row, "held")] == ["success"] * N


def test_who_joins_gets_dags_and_who_leaves_hands_them_over_at_once(crowd: Crowd) -> None:
    site = crowd.site
    site.write_dag("all", DAGS)
    crowd.start("one")
    crowd.shared_out(2 * N, "one")
    busy = site.trigger("held0")
    site.until(lambda: site.proof() == ["held0 held"], "the held task")
    crowd.start("two")
    crowd.shared_out(2 * N, "one", "two")
    # What is under way where its news come to stays there.
    assert "held0" in crowd.dags("one")
    left = crowd.dags("two")
    crowd.send("two", signal.SIGTERM)
    took_s = took(lambda: crowd.dags("one") >= left, site, "the handover", 10.0)
    assert took_s < 1.0
    assert crowd.wait("two") == 0
    rows = [site.trigger(dag_id) for dag_id in sorted(left) if dag_id.startswith("d")]
    (site.home / "proof.go").touch()
    _finish_all(site, [busy, *rows])


def test_a_run_that_waits_moves_with_its_dag(crowd: Crowd) -> None:
    site = crowd.site
    site.write_dag(
        "waits",
        """
        for i in range(2):
            with DAG(f"w{i}", schedule=None):
                @task(retries=1, retry_delay=timedelta(seconds=8))
                def again(ti=None):
                    prove(f"{ti.dag_id} {ti.try_number}")
                    if ti.try_number == 1:
                        raise ValueError("once more")

                again()
        """,
    )
    crowd.start("one")
    rows = [site.trigger(f"w{i}") for i in range(2)]
    site.until(
        lambda: [site.states(row)["again"] for row in rows] == ["up_for_retry"] * 2, "retries"
    )
    crowd.start("two")
    crowd.shared_out(2, "one", "two")
    assert [site.row(row).state for row in rows] == ["running"] * 2
    _finish_all(site, rows)
    assert sorted(site.proof()) == ["w0 1", "w0 2", "w1 1", "w1 2"]
    assert {site.row(row).owner for row in rows} == {crowd.id("one"), crowd.id("two")}


POOL_DAGS = """
import time
for i in range(4):
    with DAG(f"p{i}", schedule=None, max_active_tasks=50):
        @task(pool="small", pool_slots=1 + i % 2)
        def use(n):
            time.sleep(0.05)

        for n in range(8):
            use.override(task_id=f"use{n}")(n)
"""


def test_a_pool_is_never_overfilled_and_nobody_starves(crowd: Crowd) -> None:
    site = crowd.site
    site.write_dag("pools", POOL_DAGS, parse=False)
    site.store.write(pool.upsert, "small", 3)
    site.parse()
    crowd.start("one")
    crowd.start("two")
    crowd.shared_out(4, "one", "two")
    rows = [site.trigger(f"p{i}") for i in range(4)]
    slots = {row.id: 1 + i % 2 for i, row in enumerate(rows)}
    site.until(
        lambda: all("success" in site.states(row).values() for row in rows), "a task of each DAG"
    )
    with site.store.read() as conn:
        assert {r.state for r in run.get_many(conn, slots).values()} >= {"running"}
    _finish_all(site, rows, 60.0)
    events = [event for row in rows for event in site.story_of_instances(row)]
    assert 1 < highest_use(events, lambda event: slots[event.dag_run_id]) <= 3


def test_a_slot_goes_round_and_a_changed_pool_is_heard_by_all(crowd: Crowd) -> None:
    site = crowd.site
    site.write_dag("pools", POOL_DAGS.replace("range(8)", "range(30)"), parse=False)
    site.store.write(pool.upsert, "small", 2)
    site.parse()
    crowd.start("one")
    crowd.start("two")
    crowd.shared_out(4, "one", "two")
    rows = [site.trigger(f"p{i}") for i in range(4)]
    site.until(
        lambda: all("success" in site.states(row).values() for row in rows), "a task of each DAG"
    )
    assert any("scheduled" in site.states(row).values() for row in rows), "there is more to do"
    site.change_pool("small", 64)
    _finish_all(site, rows)
