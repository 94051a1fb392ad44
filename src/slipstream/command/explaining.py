"""Answer, from stored rows alone, why a task instance is where it is.

The reasons inside a run are the machine's; this adds those around it: no scheduler, a paused DAG,
a full pool, a run that was set aside or waits for its turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from slipstream.clock import Clock
from slipstream.command.deliver import scheduler_alive
from slipstream.command.restore import restore
from slipstream.command.scope import the_run
from slipstream.command.signing import has_api_server, key_trouble
from slipstream.config import conf
from slipstream.errors import NotFound
from slipstream.machine.admission import Blocked, Candidate, Limits, PoolLimit, blocked_by
from slipstream.machine.event import TIKey
from slipstream.machine.explain import AdmissionView, Explanation
from slipstream.machine.reason import Reason
from slipstream.machine.run import RunMachine
from slipstream.state import TERMINAL_STATES, DagRunState, TaskInstanceState
from slipstream.store import (
    Connection,
    Store,
    attempt,
    dag,
    job,
    pool,
    quota,
    run,
    task_instance,
)
from slipstream.store.row import JobRow, PoolRow, RunRow
from slipstream.store.task_instance import Occupancy

_LOCAL = ("LocalExecutor", "SequentialExecutor")
_UNDER_WAY = frozenset(
    {TaskInstanceState.SCHEDULED, TaskInstanceState.QUEUED, TaskInstanceState.RUNNING}
)
_AFTER_A_FAILURE = frozenset({TaskInstanceState.FAILED, TaskInstanceState.UP_FOR_RETRY})


def explain(
    store: Store,
    clock: Clock,
    *,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int = -1,
) -> Explanation:
    """Return as reasons and data what a task instance waits for, or how it ended. Raises NotFound."""
    now = clock.now()
    with store.read() as conn:
        row = the_run(conn, dag_id, run_id)
        machine, _ = restore(conn, row, now)
        key = TIKey(task_id, map_index)
        if key not in machine.tis:
            instance = f"instance {map_index} of " if map_index >= 0 else ""
            raise NotFound(f"Run {run_id!r} of DAG {dag_id!r} has no {instance}task {task_id!r}.")
        answer = machine.explain(key, now, _view(conn, row, machine, key))
        if answer.state not in TERMINAL_STATES:
            _add_what_is_around(conn, row, answer, now)
        if answer.state in _UNDER_WAY:
            _add_what_workers_lack(conn, row, machine, key, answer, now)
        if answer.state in _AFTER_A_FAILURE:
            _add_what_failed(conn, row, key, answer)
    return answer


def _view(conn: Connection, row: RunRow, machine: RunMachine, key: TIKey) -> AdmissionView:
    dag_row = dag.get(conn, row.dag_id)
    active_runs = None
    if row.state == DagRunState.QUEUED and dag_row is not None:
        n_running, _ = run.count_active(conn, [row.dag_id])[row.dag_id]
        active_runs = n_running if n_running >= dag_row.max_active_runs else None
    ti = machine.tis[key]
    return AdmissionView(
        blocked=_blocked(conn, row, machine, key)
        if ti.state is TaskInstanceState.SCHEDULED
        else None,
        dag_is_paused=dag_row is not None and dag_row.is_paused,
        active_runs=active_runs,
        executor=ti.task.executor or _default_executor(),
    )


def _default_executor() -> str:
    """Return the first of ``[core] executor``, which may be a list."""
    return conf.get("core", "executor", fallback="LocalExecutor").split(",")[0].strip()


def _blocked(conn: Connection, row: RunRow, machine: RunMachine, key: TIKey) -> Blocked | None:
    """Hold a ready instance against the limits as they are taken now."""
    seen = task_instance.count_executing(conn)
    limits = Limits(
        parallelism=conf.getint("core", "parallelism", fallback=32),
        executing=seen.per_owner.get(row.owner, 0),
        per_run=dict(seen.per_run),
        per_dag_task=dict(seen.per_task),
        per_run_task=dict(seen.per_run_task),
    )
    for each in pool.list_all(conn):
        used = _used(each, seen.pool_slots.get(each.name, {}))
        limits.pools[each.name] = PoolLimit(each.slots, used)
    candidate = Candidate.of(
        machine.tis[key].task,
        key,
        dag_id=row.dag_id,
        dag_run_pk=row.id,
        run_after=row.run_after,
        max_active_tasks=machine.plan.max_active_tasks,
    )
    found = blocked_by(candidate, limits)
    if found is None and 0 < limits.parallelism <= limits.executing:
        return Blocked("parallelism", "", limits.executing, limits.parallelism)
    return found or _blocked_by_quota(conn, row.owner, candidate, seen)


def _used(row: PoolRow, by_state: Mapping[str, int]) -> int:
    """Return how many of a pool's slots are in use, given the slots of instances by state."""
    deferred = 0 if row.include_deferred else by_state.get(TaskInstanceState.DEFERRED, 0)
    return sum(by_state.values()) - deferred


def _blocked_by_quota(
    conn: Connection, owner: str | None, candidate: Candidate, seen: Occupancy
) -> Blocked | None:
    """Return why the run's scheduler lacks slots of a pool of which others still have some."""
    name = candidate.group.pool
    mine = [row for row in quota.of_pools(conn, [name])[name] if row.owner == owner]
    whole = pool.get(conn, name)
    if not mine or whole is None or whole.slots < 0:
        return None
    states = {state: n for (o, p, state), n in seen.slots_of.items() if (o, p) == (owner, name)}
    used = _used(whole, states)
    if used + candidate.group.pool_slots <= mine[0].slots:
        return None
    return Blocked("pool_part", name, used, mine[0].slots)


def _add_what_is_around(conn: Connection, row: RunRow, answer: Explanation, now: datetime) -> None:
    """Put the reasons that hold everything of the run before those of the instance."""
    if not scheduler_alive(conn, now):
        _put_first(answer, Reason("no_scheduler"))
    if row.quarantined is not None:
        _put_first(answer, Reason("quarantined", {"reason": row.quarantined}))


def _add_what_workers_lack(
    conn: Connection,
    row: RunRow,
    machine: RunMachine,
    key: TIKey,
    answer: Explanation,
    now: datetime,
) -> None:
    """Say what keeps workers on other machines from beginning anything, or from telling of it."""
    owner = None if row.owner is None else job.get(conn, row.owner)
    if owner is None or owner.key_mark is None or not _is_remote(machine.tis[key].task.executor):
        return
    obstacle = _obstacle(owner, machine.tis[key].task.executor)
    if answer.state == TaskInstanceState.SCHEDULED:
        # What waits for the executor may be all that it waits for itself, in a pool or a limit.
        answer.because += [obstacle] if obstacle is not None else []
        return
    if answer.state == TaskInstanceState.RUNNING:
        if not has_api_server(conn, now):
            answer.because.append(Reason("no_api_server_hears"))
        return
    if (trouble := key_trouble(conn, owner.key_mark, now)) is not None:
        _put_first(answer, Reason("signing_key", {"reason": trouble.text}))
    elif obstacle is not None:
        _put_first(answer, obstacle)
    elif not has_api_server(conn, now):
        answer.because.append(Reason("no_api_server"))
    else:
        queue = machine.tis[key].task.queue or conf.get("operators", "default_queue")
        answer.because.append(Reason("queue", {"queue": queue}))


def _obstacle(owner: JobRow, executor: str | None) -> Reason | None:
    """Say what keeps a task's executor from handing anything out, and since when."""
    name = executor or (owner.executor or "").partition(",")[0]
    found = (owner.trouble or {}).get(name)
    if found is None:
        return None
    since = datetime.fromisoformat(found["since"]).replace(microsecond=0)
    return Reason("executor", {"executor": name, "since": since, "reason": found["text"]})


def _is_remote(executor: str | None) -> bool:
    """Say whether attempts of an executor, as a task names it, go to workers that ask an API server."""
    wanted = executor or _default_executor().partition(":")[0]
    configured = conf.get("core", "executor", fallback="LocalExecutor")
    names = {entry.partition(":")[0].strip(): entry for entry in configured.split(",")}
    return not any(local in names.get(wanted, wanted) for local in _LOCAL)


def _add_what_failed(conn: Connection, row: RunRow, key: TIKey, answer: Explanation) -> None:
    """Say how the last attempt ended: one whose host is gone, or that never began, has not logged it."""
    tries = attempt.list_tries(conn, row.id, key.task_id, key.map_index)
    outcome = tries[-1].outcome if tries else None
    if outcome is not None and outcome.error:
        answer.because.append(Reason("error", {"error": outcome.error}))


def _put_first(answer: Explanation, reason: Reason) -> None:
    answer.code = reason.code
    answer.because.insert(0, reason)
