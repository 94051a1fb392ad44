"""What other processes do in tests of concurrency; each writes its result as a line of JSON.

A process prints ``ready`` when it is set up and starts when it reads a line.
"""

from __future__ import annotations

import json
import sys

from sqlalchemy import select
from tests.store.build import NOW, changing, new_run, outcome, starting

from slipstream.store import (
    Connection,
    Store,
    attempt,
    decision,
    dialect,
    job,
    lease,
    migrate,
    pool,
    quota,
    run,
    schema,
)
from slipstream.store.row import QuotaRow


def _ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def _result(value: object) -> None:
    print(json.dumps(value), flush=True)


def start_attempts(url: str, host: str, ids: str) -> None:
    with Store.open(url) as store:
        _ready()
        accepted: list[str] = []
        for some in _batches(json.loads(ids)):
            accepted += store.write(attempt.start, starting(some, host=host))
        _result(accepted)


def finish_attempts(url: str, host: str, ids: str) -> None:
    with Store.open(url) as store:
        _ready()
        accepted: list[str] = []
        for some in _batches(json.loads(ids)):
            xcoms = [{"key": "return_value", "value": host}]
            outcomes = [outcome(id, error=host, xcoms=xcoms) for id in some]
            accepted += store.write(attempt.finish, outcomes)
        _result(accepted)


def _batches(ids: list[str]) -> list[list[str]]:
    return [ids[at : at + 10] for at in range(0, len(ids), 10)]


def claim_dags(url: str) -> None:
    """Claim DAGs, three at a time, as long as there are free ones."""
    with Store.open(url) as store:
        owner = store.write(job.register, job_type="SchedulerJob", now=NOW)
        _ready()
        mine: list[str] = []
        while True:
            with store.read() as conn:
                free = lease.free_dags(conn)
            if not free:
                break
            mine += store.write(lease.claim_dags, owner, free[:3])
        _result(mine)


def move_slots(url: str, times: str) -> None:
    """Take a slot of pool p and give it back, again and again; return how often there was one."""
    with Store.open(url) as store:
        me = store.write(job.register, job_type="SchedulerJob", now=NOW)
        _ready()
        n_had = 0
        for _ in range(int(times)):
            n_had += store.write(_take_slot, me)
            store.write(quota.save, [QuotaRow("p", me, 0, 0, 0)])
        _result(n_had)


def _take_slot(conn: Connection, me: str) -> bool:
    (row,) = pool.lock(conn, ["p"])
    others = sum(each.slots for each in quota.of_pools(conn, ["p"])["p"])
    assert others <= row.slots, "overfilled"
    if others < row.slots:
        quota.save(conn, [QuotaRow("p", me, 1, 0, 0)])
    return others < row.slots


def bury(url: str, id: str) -> None:
    """End another scheduler's job and free what it has; tell whether it was this process who did."""
    with Store.open(url) as store:
        _ready()
        _result(store.write(lease.end, id, "failed", NOW))


def upgrade(url: str) -> None:
    with Store.open(url) as store:
        _ready()
        _result(migrate.upgrade(store))


def count_up(url: str, pk: str, times: str) -> None:
    """Add to ``clear_number`` by reading and writing: lost updates show as a sum too low."""
    with Store.open(url) as store:
        _ready()
        for _ in range(int(times)):
            store.write(_add_one, int(pk))
        _result(times)


def _add_one(conn: Connection, pk: int) -> None:
    query = select(schema.dag_run.c.clear_number).where(schema.dag_run.c.id == pk)
    n = conn.execute(dialect.of(conn).lock_rows(query, of=schema.dag_run)).scalar_one()
    decided = changing([])
    decided.run = {"clear_number": n + 1}
    decision.save(conn, [(pk, decided)], [], NOW)


def hold(url: str, pk: str) -> None:
    """Hold a write transaction open until told to go on."""

    def held(conn: Connection) -> None:
        _add_one(conn, int(pk))
        _ready()

    with Store.open(url) as store:
        store.write(held)
        _result("released")


def wake(url: str, target: str) -> None:
    with Store.open(url) as store:
        store.wake(target)
        _ready()
        store.wake(target)
        _result("woke")


def die_in_transaction(url: str) -> None:
    """Create a run, and wait to be killed before the commit."""

    def create_and_wait(conn: Connection) -> None:
        run.create(conn, new_run("d", "never"), NOW)
        _ready()

    with Store.open(url) as store:
        store.write(create_and_wait)


def end_job(url: str, id: str) -> None:
    with Store.open(url) as store:
        _ready()
        store.write(job.end, id, "failed", NOW)
