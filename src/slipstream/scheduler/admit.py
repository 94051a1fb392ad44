"""Ready task instances get slots, attempts and workloads; those of paused DAGs wait outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipstream.attempt import new_id
from slipstream.machine import admission
from slipstream.machine.event import Admitted, HostLost, TIKey
from slipstream.scheduler import quota, workload
from slipstream.scheduler.book import ActiveRun
from slipstream.scheduler.slots import candidate
from slipstream.state import TaskInstanceState
from slipstream.store.decision import NewAttempt

if TYPE_CHECKING:
    from slipstream.scheduler.turn import Turn
    from slipstream.scheduler.world import World


def enqueue(world: World, run: ActiveRun, key: TIKey) -> None:
    """Let a ready instance wait for its slots. As Airflow: not while its DAG is paused."""
    row = world.catalog.dags.get(run.row.dag_id)
    if row is not None and row.is_paused:
        return
    world.ready.add(candidate(run, key))
    world.slots.changed = True


def pause_changed(world: World, dag_id: str) -> None:
    """Take a paused DAG's ready instances out of the queue, or an unpaused one's back in."""
    row = world.catalog.dags.get(dag_id)
    for run in world.book.of_dag(dag_id):
        if row is not None and row.is_paused:
            world.ready.discard_run(run.pk)
            continue
        for key, ti in run.machine.tis.items():
            if ti.state is TaskInstanceState.SCHEDULED:
                enqueue(world, run, key)


def admit_ready(turn: Turn) -> int:
    """Admit what the limits allow; return how many."""
    world = turn.world
    quota.restrain(turn)
    if not len(world.ready):
        quota.note_blocked(turn, {})
        return 0
    if not world.slots.changed:
        return 0
    world.slots.changed = False
    result = admission.admit(world.ready, world.slots.limits)
    quota.note_blocked(turn, result.blocked)
    for chosen in result.admitted:
        run = world.book.active[chosen.dag_run_pk]
        world.slots.admitted(run.pk, chosen.key, chosen.group)
        _queue(turn, run, chosen.key)
    return len(result.admitted)


def _queue(turn: Turn, run: ActiveRun, key: TIKey) -> None:
    world = turn.world
    attempt_id = new_id()
    world.book.attempts[attempt_id] = (run.pk, key)
    if not turn.step(run, Admitted(key, attempt_id)):
        return
    ti = run.machine.tis[key]
    task = ti.task
    turn.batch.decisions[run.pk].changes[key].values["dag_version_id"] = run.version_id
    turn.batch.attempts.append(
        NewAttempt(
            id=attempt_id,
            dag_run_id=run.pk,
            task_id=key.task_id,
            map_index=key.map_index,
            try_number=ti.try_number,
            executor=task.executor,
            queue=task.queue,
            pool=task.pool,
            pool_slots=task.pool_slots,
            priority_weight=task.priority_weight,
            dag_version_id=run.version_id,
        )
    )
    dag = world.catalog.dags.get(run.row.dag_id)
    if not world.has_executor(task.executor):
        reason = f"its executor {task.executor!r} is not one of {', '.join(world.executors)}"
    elif dag is None:
        reason = "its DAG is gone"
    else:
        turn.batch.workloads.append(workload.of_attempt(run, dag, key, attempt_id))
        return
    turn.step(run, HostLost(key, attempt_id, reason))
