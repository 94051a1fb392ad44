"""Executors whose hosts are far: tokens go out with the workloads, news come in by the inbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.scheduler.harness import Rig, dag_spec

from slipstream import command
from slipstream.config import conf
from slipstream.executors.base import Capabilities, Trouble
from slipstream.machine.explain import Explanation
from slipstream.store import attempt, callback, inbox, job, remote, task_instance
from slipstream.store.attempt import AttemptStart
from slipstream.store.job import API_SERVER_JOB_TYPE
from slipstream.store.row import RunRow
from slipstream.token import LEEWAY_S, ExecutionTokens, ExpiredToken, Scope


@pytest.fixture
def far(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A rig whose executor is remote, started."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "MemoryExecutor")
    rig.executor.capabilities = Capabilities(is_remote=True, slots=None)
    rig.scheduler = rig._make()
    rig.start()
    return rig


def tell(rig: Rig, row: RunRow, kind: str, payload: dict[str, Any]) -> None:
    now = rig.clock.now()
    rig.store.write(
        lambda conn: inbox.post_about_runs(conn, "scheduler", kind, {row.id: payload}, now)
    )
    rig.store.wake("scheduler")


def changed(rig: Rig, row: RunRow, *ids: str) -> None:
    tell(rig, row, "attempts_changed", {"ids": list(ids)})


def test_workloads_of_remote_executors_carry_a_token_for_their_attempt(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": []}))
    far.trigger("d")
    far.turn()
    attempt_id = far.executor.of("a")
    workload = far.executor.workloads[attempt_id]
    tokens = ExecutionTokens.configured()
    grant = tokens.check(workload.token or "", far.clock.now(), Scope.START)
    assert (grant.subject, grant.about) == (attempt_id, workload.log_path)
    far.clock.advance(3600 - 1)
    tokens.check(workload.token or "", far.clock.now(), Scope.START)
    far.clock.advance(LEEWAY_S + 2)
    with pytest.raises(ExpiredToken):
        tokens.check(workload.token or "", far.clock.now(), Scope.START)


def test_workloads_of_local_executors_carry_none(rig: Rig) -> None:
    rig.start()
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.trigger("d")
    rig.turn()
    assert rig.executor.workloads[rig.executor.of("a")].token is None


def test_a_start_token_outlives_the_queued_timeout(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT", "10000")
    conf.reload()
    rig.executor.capabilities = Capabilities(is_remote=True, slots=None)
    rig.scheduler = rig._make()
    rig.start()
    rig.add_dag(dag_spec("d", {"a": []}))
    rig.trigger("d")
    rig.turn()
    token = rig.executor.workloads[rig.executor.of("a")].token or ""
    rig.clock.advance(19_000)
    assert ExecutionTokens.configured().check(token, rig.clock.now(), Scope.START)


def test_starts_and_ends_are_heard_from_the_inbox(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": ["b"], "b": []}))
    row = far.trigger("d")
    far.turn()
    first = far.executor.of("a")
    far.executor.begin(first, tell=False)
    changed(far, row, first)
    far.turn()
    assert far.states(row)["a"] == "running"
    assert far.executor.heard_of == [first]
    far.executor.end(first, tell=False)
    changed(far, row, first)
    far.turn()
    assert far.states(row) == {"a": "success", "b": "queued"}
    second = far.executor.of("b")
    far.executor.begin(second, tell=False)
    far.executor.end(second, tell=False)
    changed(far, row, first, second, "unknown")
    far.turn()
    assert far.run_state(row) == "success"
    assert far.executor.heard_of == [first, first, first, second, "unknown"]


def test_news_and_peoples_wishes_count_in_the_order_in_which_they_came(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": []}))
    row = far.trigger("d")
    far.turn()
    old = far.executor.of("a")
    far.executor.begin(old, tell=False)
    far.executor.end(old, tell=False)
    changed(far, row, old)
    command.clear(far.store, far.clock, dag_id="d", run_id=row.run_id, by="ann")
    changed(far, row, old)
    far.turn()
    assert far.states(row) == {"a": "queued"}
    assert far.executor.of("a") != old
    with far.store.read() as conn:
        ti = task_instance.get(conn, row.id, "a")
        first = attempt.get(conn, old)
    assert ti is not None
    assert ti.try_number == 2, "it had ended before it was cleared"
    assert first is not None
    assert first.ti_state == "success"


def test_the_news_of_a_turn_are_one_query(far: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    far.add_dag(dag_spec("d", {f"t{n}": [] for n in range(10)}))
    rows = [far.trigger("d", run_id=run_id) for run_id in ("one", "two")]
    far.turn()
    ids = list(far.executor.workloads)
    for attempt_id in ids:
        far.executor.begin(attempt_id, tell=False)
    for row in rows:
        for attempt_id in ids:
            if far.executor.workloads[attempt_id].run_id == row.run_id:
                changed(far, row, attempt_id)
    asked: list[int] = []
    real = attempt.get_many

    def counted(conn: Any, wanted: Any) -> Any:
        asked.append(len(wanted))
        return real(conn, wanted)

    monkeypatch.setattr(attempt, "get_many", counted)
    far.turn()
    assert asked == [len(ids)]
    assert set(far.states(rows[0]).values()) == {"running"}


def test_what_came_too_late_to_start_is_queued_anew_in_the_same_try(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": []}))
    row = far.trigger("d")
    far.turn()
    old = far.executor.of("a")
    far.executor.workloads.clear()
    tell(far, row, "attempts_handed_back", {"ids": [old, "unknown"]})
    far.turn()
    new = far.executor.of("a")
    assert new != old
    assert far.executor.workloads[new].try_number == 1
    assert not far.executor.begin(old, tell=False), "the old one can no longer start"


def test_what_no_worker_can_begin_fails_with_the_reason(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": []}))
    row = far.trigger("d")
    far.turn()
    attempt_id = far.executor.of("a")
    now = far.clock.now()
    far.store.write(lambda conn: remote.refuse(conn, {attempt_id: "no such file"}, now))
    changed(far, row, attempt_id)
    far.turn()
    assert far.states(row) == {"a": "failed"}
    with far.store.read() as conn:
        ended = attempt.get(conn, attempt_id)
    assert ended is not None
    assert ended.outcome is not None
    assert ended.outcome.error == "no such file"


def test_a_callbacks_end_settles_its_request(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": []}, callbacks=["success"]))
    row = far.trigger("d")
    far.work()
    [request_id] = [a for a, w in far.executor.workloads.items() if w.kind == "dag_callback"]
    token = far.executor.workloads[request_id].token or ""
    grant = ExecutionTokens.configured().check(token, far.clock.now(), Scope.CALLBACK)
    assert grant.subject == request_id
    tell(far, row, "callback_done", {"ended": {request_id: {"ok": True, "error": None}}})
    far.turn()
    with far.store.read() as conn:
        assert callback.get(conn, request_id) is None


def test_a_callback_is_run_again_when_the_host_that_started_it_is_gone(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": []}, callbacks=["success"]))
    far.trigger("d")
    far.work()
    [request_id] = [a for a, w in far.executor.workloads.items() if w.kind == "dag_callback"]
    host_id = far.store.write(
        lambda conn: remote.register_host(
            conn, hostname="far", pid=1, pid_started=0.0, executor="E", now=far.clock.now()
        )
    )
    start = AttemptStart(request_id, host_id, "far", 7, far.clock.now())
    assert far.store.write(callback.start, [start]) == {request_id}
    far.executor.workloads.clear()
    for _ in range(6):
        far.later(10)
        far.store.write(job.heartbeat, [host_id], far.clock.now())
    assert not far.executor.workloads, "its host lives"
    far.later(41)
    far.later(11)
    assert list(far.executor.workloads) == [request_id]
    again = AttemptStart(request_id, "another", "far", 8, far.clock.now())
    assert far.store.write(callback.start, [again]) == {request_id}


def test_a_callback_that_was_lost_with_its_host_is_handed_out_again(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": []}, callbacks=["success"]))
    far.trigger("d")
    far.work()
    [request_id] = [a for a, w in far.executor.workloads.items() if w.kind == "dag_callback"]
    far.executor.lose(request_id)
    far.turn()
    assert list(far.executor.workloads) == [request_id]


def test_a_scheduler_that_starts_leaves_a_callback_to_the_host_that_has_started_it(
    far: Rig,
) -> None:
    far.add_dag(dag_spec("d", {"a": []}, callbacks=["success"]))
    row = far.trigger("d")
    far.work()
    [request_id] = [a for a, w in far.executor.workloads.items() if w.kind == "dag_callback"]
    host_id = far.store.write(
        lambda conn: remote.register_host(
            conn, hostname="far", pid=1, pid_started=0.0, executor="E", now=far.clock.now()
        )
    )
    start = AttemptStart(request_id, host_id, "far", 7, far.clock.now())
    far.store.write(callback.start, [start])
    far.crash()
    far.executor.capabilities = Capabilities(is_remote=True, slots=None)
    far.scheduler = far._make()
    far.store.write(job.heartbeat, [host_id], far.clock.now())
    far.start()
    far.turn()
    assert not far.executor.workloads
    tell(far, row, "callback_done", {"ended": {request_id: {"ok": True, "error": None}}})
    far.turn()
    with far.store.read() as conn:
        assert callback.get(conn, request_id) is None


def test_a_remote_host_is_no_foreign_one_and_lives_by_its_heartbeat(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": []}))
    row = far.trigger("d")
    far.turn()
    old = far.executor.of("a")
    now = far.clock.now()
    far.executor.host_id = far.store.write(
        lambda conn: remote.register_host(
            conn, hostname="far", pid=1, pid_started=0.0, executor="E", now=now
        )
    )
    far.executor.begin(old, tell=False)
    changed(far, row, old)
    far.turn()
    hosts = far.scheduler.world.hosts
    for _ in range(6):
        far.later(10)
        far.store.write(job.heartbeat, [far.executor.host_id], far.clock.now())
        assert not hosts.foreign({far.scheduler.id})
    assert far.states(row) == {"a": "running"}
    far.executor.workloads.clear()
    far.later(41)
    far.later(11)
    assert far.states(row)["a"] == "failed"


def test_a_remote_host_is_not_missed_while_nobody_could_hear_it(
    far: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    far.add_dag(dag_spec("d", {"a": []}))
    row = far.trigger("d")
    far.turn()
    now = far.clock.now()
    server = far.store.write(job.register, job_type=API_SERVER_JOB_TYPE, now=now, key_mark=None)
    far.executor.host_id = far.store.write(
        lambda conn: remote.register_host(
            conn, hostname="far", pid=1, pid_started=0.0, executor="E", now=now
        )
    )
    attempt_id = far.executor.of("a")
    far.executor.begin(attempt_id, tell=False)
    changed(far, row, attempt_id)
    far.turn()

    def pass_by(seconds: int, *who: str) -> None:
        for _ in range(seconds // 4):
            far.later(4)
            far.store.write(job.heartbeat, who, far.clock.now())

    pass_by(60, server, far.executor.host_id)
    pass_by(120)
    assert far.states(row) == {"a": "running"}, "no API server is there"
    with monkeypatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
        conf.reload()
        why = command.explain(far.store, far.clock, dag_id="d", run_id=row.run_id, task_id="a")
    conf.reload()
    assert any("nothing is heard of its worker" in reason for reason in why.reasons)
    pass_by(20, server)
    assert far.states(row) == {"a": "running"}, "it gets the time to be heard"
    pass_by(4, server, far.executor.host_id)
    pass_by(24, server)
    assert far.states(row) == {"a": "running"}
    pass_by(40, server)
    assert far.states(row) == {"a": "failed"}, "it is silent, and others are heard"


def _explained(rig: Rig, row: RunRow, task_id: str = "a") -> Explanation:
    return command.explain(
        rig.store, rig.clock, dag_id=row.dag_id, run_id=row.run_id, task_id=task_id
    )


def test_an_executor_whose_broker_is_away_is_why_its_attempts_wait(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": [], "b": []}, max_active_tasks=1))
    row = far.trigger("d")
    far.turn()
    since = far.clock.now()
    far.executor.trouble = Trouble("The broker redis://h:6379/0 is away: refused", since)
    far.turn()
    waits = _explained(far, row)
    words = (
        f"MemoryExecutor can hand out nothing since {since.isoformat(' ', 'seconds')}. The broker "
        "redis://h:6379/0 is away: refused. Attempts wait until that is over."
    )
    assert (waits.code, waits.summary) == ("executor", words)
    held_up = _explained(far, row, "b")
    assert held_up.code == "max_active_tasks"
    assert held_up.reasons[-1] == words
    far.executor.trouble = None
    far.turn()
    assert _explained(far, row).code == "queued"


def test_a_scheduler_that_begins_anew_says_again_what_is_in_an_executor_s_way(far: Rig) -> None:
    far.add_dag(dag_spec("d", {"a": []}))
    row = far.trigger("d")
    far.executor.trouble = Trouble("The broker is away", far.clock.now())
    far.turn()
    far.store.write(job.end, far.scheduler.id, "failed", far.clock.now())
    far.clock.advance(60)
    far.turn()
    far.clock.advance(1)
    far.turn()
    far.turn()
    assert _explained(far, row).code == "executor"


def test_an_attempt_given_up_in_the_queue_says_that_its_executor_s_broker_is_away(far: Rig) -> None:
    far.scheduler.world.settings = replace(
        far.scheduler.world.settings, queued_timeout_s=1.0, queued_retries=0
    )
    far.add_dag(dag_spec("d", {"a": []}))
    row = far.trigger("d")
    far.turn()
    far.executor.trouble = Trouble("The broker is away", far.clock.now())
    far.clock.advance(60)
    far.turn()
    far.turn()
    assert far.states(row) == {"a": "failed"}
    assert any(reason.endswith("The broker is away.") for reason in _explained(far, row).reasons)
