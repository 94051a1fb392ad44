"""Saving decisions: what machine decided is what the rows hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.store.build import NOW, changing, create_run, later, outcome, queue, starting

from slipstream.attempt import new_id
from slipstream.machine.decision import CallbackDue, Decision, StoryEvent, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.state import DagRunState, TaskInstanceState
from slipstream.store import (
    Store,
    attempt,
    callback,
    decision,
    job,
    lease,
    run,
    story,
    task_instance,
)
from slipstream.store.attempt import AttemptStart


def test_new_task_instances_have_the_columns_defaults(store: Store) -> None:
    row = create_run(store)
    decided = changing(["a"], is_new=True, state=None, operator="PythonOperator")
    store.write(decision.save, [(row.id, decided)], [], NOW)
    with store.read() as conn:
        (ti,) = task_instance.load_run(conn, row.id)
    assert (ti.task_id, ti.map_index, ti.state, ti.operator) == ("a", -1, None, "PythonOperator")
    assert (ti.try_number, ti.pool, ti.pool_slots, ti.queue) == (0, "default_pool", 1, "default")
    assert ti.updated_at == NOW


def test_changes_with_different_columns_in_many_runs_all_arrive(store: Store) -> None:
    first, second = create_run(store, "d", "1"), create_run(store, "d", "2")
    names = [f"t{i}" for i in range(40)]
    for row in (first, second):
        store.write(decision.save, [(row.id, changing(names, is_new=True))], [], NOW)
    decided = changing(names[:20], state="running", start_date=later(1), pid=5)
    decided.changes |= changing(names[20:], state="up_for_retry", retry_at=later(9)).changes
    other = changing(names[5:], state=None, hostname="ü", skips=["x", "y"], deferral={"a": [1]})
    store.write(decision.save, [(first.id, decided), (second.id, other)], [], later(3))
    with store.read() as conn:
        tis = {t.task_id: t for t in task_instance.load_run(conn, first.id)}
        others = {t.task_id: t for t in task_instance.load_run(conn, second.id)}
    assert all(
        (tis[n].state, tis[n].start_date, tis[n].pid) == ("running", later(1), 5)
        for n in names[:20]
    )
    assert all((tis[n].state, tis[n].retry_at) == ("up_for_retry", later(9)) for n in names[20:])
    assert others["t9"].skips == ["x", "y"]
    assert others["t9"].deferral == {"a": [1]}
    assert others["t9"].hostname == "ü"
    assert others["t9"].updated_at == later(3)
    assert (others["t0"].hostname, others["t0"].updated_at) == (None, NOW)


def test_values_become_null_again(store: Store) -> None:
    row = create_run(store)
    full = changing(["a", "b", "c"], is_new=True, state="failed", end_date=NOW, map_length=3)
    store.write(decision.save, [(row.id, full)], [], NOW)
    cleared = changing(["a", "b", "c"], state=None, end_date=None, map_length=None)
    store.write(decision.save, [(row.id, cleared)], [], NOW)
    with store.read() as conn:
        tis = task_instance.load_run(conn, row.id)
    assert {(t.state, t.end_date, t.map_length) for t in tis} == {(None, None, None)}


def test_a_later_decision_about_the_same_task_instance_wins(store: Store) -> None:
    row = create_run(store)
    items = [
        (row.id, changing(["a"], is_new=True, state="scheduled", max_tries=2)),
        (row.id, changing(["a"], state="queued")),
        (row.id, changing(["a"], state="running", pid=3)),
    ]
    store.write(decision.save, items, [], NOW)
    with store.read() as conn:
        ti = task_instance.get(conn, row.id, "a")
    assert ti is not None
    assert (ti.state, ti.max_tries, ti.pid) == ("running", 2, 3)


def test_task_ids_that_differ_in_case_only_are_different(store: Store) -> None:
    row = create_run(store)
    store.write(decision.save, [(row.id, changing(["Task", "task"], is_new=True))], [], NOW)
    store.write(decision.save, [(row.id, changing(["task"], state="running"))], [], NOW)
    with store.read() as conn:
        states = task_instance.states(conn, row.id)
    assert states == {("Task", -1): None, ("task", -1): "running"}


def test_mapped_task_instances_are_told_apart_by_index(store: Store) -> None:
    row = create_run(store)
    keys = [TIKey("m", i) for i in range(12)]
    store.write(decision.save, [(row.id, changing(keys, is_new=True))], [], NOW)
    store.write(decision.save, [(row.id, changing(keys[::2], state="success"))], [], NOW)
    with store.read() as conn:
        states = task_instance.states(conn, row.id, ["m"])
    assert [states["m", i] for i in range(4)] == ["success", None, "success", None]


def test_the_run_moves_with_its_task_instances(store: Store) -> None:
    row = create_run(store)
    decided = Decision(run={"start_date": NOW, "clear_number": 2, "conf": {"k": [1]}})
    decided.run_state = DagRunState.RUNNING
    store.write(decision.save, [(row.id, decided)], [], later(1))
    with store.read() as conn:
        found = run.get_by_pk(conn, row.id)
    assert found is not None
    assert (found.state, found.start_date, found.clear_number) == ("running", NOW, 2)
    assert found.conf == {"k": [1]}
    assert found.updated_at == later(1)


def test_weights_stop_at_the_columns_bounds(store: Store) -> None:
    row = create_run(store)
    decided = changing(["a"], is_new=True, priority_weight=10**12)
    decided.changes |= changing(["b"], is_new=True, priority_weight=-(10**12)).changes
    store.write(decision.save, [(row.id, decided)], [], NOW)
    with store.read() as conn:
        weights = {t.task_id: t.priority_weight for t in task_instance.load_run(conn, row.id)}
    assert weights == {"a": 2**31 - 1, "b": -(2**31 - 1)}


def test_a_closed_attempt_refuses_its_late_start(store: Store) -> None:
    row = create_run(store)
    ids = queue(store, row, ["a", "b"])
    store.write(decision.save, [(row.id, Decision(closed={ids["a"]: None}))], [], NOW)
    assert store.write(attempt.start, starting(ids.values())) == {ids["b"]}
    with store.read() as conn:
        closed = attempt.get(conn, ids["a"])
    assert closed is not None
    assert (closed.state, closed.applied, closed.ti_state) == ("done", True, None)


def test_a_closed_attempt_refuses_its_late_finish(store: Store) -> None:
    row = create_run(store)
    ids = queue(store, row, ["a"])
    store.write(attempt.start, starting(ids.values()))
    store.write(decision.save, [(row.id, Decision(closed={ids["a"]: "failed"}))], [], NOW)
    assert store.write(attempt.finish, [outcome(ids["a"])]) == set()
    with store.read() as conn:
        tries = attempt.list_tries(conn, row.id, "a")
    assert [t.ti_state for t in tries] == ["failed"]


def test_saving_again_after_a_commit_whose_answer_was_lost_is_harmless(store: Store) -> None:
    row = create_run(store)
    id = new_id()
    items = [(row.id, changing(["a"], is_new=True, state="queued", attempt_id=id))]
    attempts = [decision.NewAttempt(id=id, dag_run_id=row.id, task_id="a", try_number=1)]
    for _ in range(2):
        store.write(decision.save, items, attempts, NOW)
    with store.read() as conn:
        assert len(task_instance.load_run(conn, row.id)) == 1
        assert [a.id for a in attempt.list_tries(conn, row.id, "a")] == [id]


def test_saving_attempts_anew_does_not_queue_a_started_one_again(store: Store) -> None:
    row = create_run(store)
    ids = queue(store, row, ["a"])
    store.write(attempt.start, starting(ids.values()))
    again = [decision.NewAttempt(id=ids["a"], dag_run_id=row.id, task_id="a", try_number=1)]
    store.write(decision.save, [], again, NOW)
    with store.read() as conn:
        found = attempt.get(conn, ids["a"])
    assert found is not None
    assert found.state == "running"


def test_the_story_is_kept_in_order_and_any_text_fits(store: Store) -> None:
    row = create_run(store)
    key = TIKey("a")
    detail = "nul \x00, surrogate \ud800, " + "x" * 9000
    decided = Decision(
        story=[
            StoryEvent(key, "admitted", "scheduled", "queued", "id-1"),
            StoryEvent(key, "failed", "running", "failed", "id-1", detail),
            StoryEvent(None, "run_started", "queued", "running"),
        ]
    )
    store.write(decision.save, [(row.id, decided)], [], NOW)
    with store.read() as conn:
        of_task = story.of_task_instance(conn, row.id, "a")
        newest = story.of_task_instance(conn, row.id, "a", limit=1)
        of_run = story.of_run(conn, row.id)
    assert [e.kind for e in of_task] == ["admitted", "failed"]
    assert [e.kind for e in newest] == ["failed"]
    assert [(e.kind, e.task_id, e.to_state) for e in of_run] == [("run_started", None, "running")]
    assert of_task[1].detail is not None
    assert "\x00" not in of_task[1].detail
    assert len(of_task[1].detail) == 4000


def test_callbacks_wait_until_they_ran(store: Store) -> None:
    owner = store.write(job.register, job_type="SchedulerJob", now=NOW)
    apart = store.write(job.register, job_type="DagTestJob", now=NOW)
    store.write(lease.claim_dags, owner, ["d"])
    row = create_run(store, owner=owner)
    driven_apart = create_run(store, "d", "apart", owner=apart)
    other = Decision(callbacks=[CallbackDue("dag_success", None, "")])
    store.write(decision.save, [(driven_apart.id, other)], [], NOW)
    decided = Decision(
        callbacks=[
            CallbackDue("dag_failure", None, "task_failure"),
            CallbackDue("task_retry", TIKey("a", 2), "host lost"),
        ]
    )
    store.write(decision.save, [(row.id, decided)], [], NOW)
    with store.read() as conn:
        due = callback.list_due(conn, owner)
    assert [(c.kind, c.task_id, c.map_index) for c in due] == [
        ("dag_failure", None, None),
        ("task_retry", "a", 2),
    ]
    store.write(callback.mark_running, [c.id for c in due])
    store.write(callback.delete, [due[0].id])
    with store.read() as conn:
        assert callback.list_due(conn, owner) == []
        left = callback.list_due(conn, owner, states=("pending", "running"))
        (of_apart,) = callback.list_due(conn, apart)
    assert [c.id for c in left] == [due[1].id]
    assert of_apart.kind == "dag_success"
    # They are the next owner's, as the run is over; and those that nobody drives apart any more.
    store.write(lease.end, owner, "failed", NOW)
    store.write(lease.end, apart, "failed", NOW)
    store.write(lease.claim_dags, "next", ["d"])
    with store.read() as conn:
        found = callback.list_due(conn, "next", states=("pending", "running"))
    assert {c.id for c in found} == {due[1].id, of_apart.id}


def test_a_callback_is_started_once_and_again_by_the_same_process(store: Store) -> None:
    owner = store.write(job.register, job_type="SchedulerJob", now=NOW)
    store.write(lease.claim_dags, owner, ["d"])
    row = create_run(store, owner=owner)
    decided = Decision(callbacks=[CallbackDue("dag_failure", None, "task_failure")])
    store.write(decision.save, [(row.id, decided)], [], NOW)
    with store.read() as conn:
        [due] = callback.list_due(conn, owner)
    one, other = (AttemptStart(due.id, new_id(), "host", 7, NOW) for _ in range(2))
    store.write(callback.mark_running, [due.id])
    assert store.write(callback.start, [one]) == {due.id}
    assert store.write(callback.start, [other]) == set()
    assert store.write(callback.start, [one]) == {due.id}, "its answer got lost"
    later = replace(one, started_at=NOW + timedelta(microseconds=1))
    assert store.write(callback.start, [later]) == set(), "another process of that host"
    store.write(callback.mark_running, [due.id])
    with store.read() as conn:
        [started] = callback.list_due(conn, owner, states=("started",))
    assert (started.host_id, started.started_at) == (one.host_id, one.started_at)
    store.write(callback.mark_pending, [due.id])
    assert store.write(callback.start, [other]) == {due.id}, "the first one's host is gone"
    store.write(callback.finish, [due.id])
    store.write(callback.mark_pending, [due.id])
    assert store.write(callback.start, [one, other]) == set(), "it ran"


def test_enum_members_are_stored_as_their_values(store: Store) -> None:
    row = create_run(store)
    key = TIKey("a")
    values = {"state": TaskInstanceState.UP_FOR_RESCHEDULE}
    decided = Decision(changes={key: TaskInstanceChange(key, values, is_new=True)})
    store.write(decision.save, [(row.id, decided)], [], NOW)
    with store.read() as conn:
        assert task_instance.states(conn, row.id) == {("a", -1): "up_for_reschedule"}
