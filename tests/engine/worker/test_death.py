"""Whatever is killed, each attempt has one outcome, or is reported lost, and nothing is left over."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import pytest
from tests.engine.worker.rig import Rig, is_alive

from slipstream.executors.base import AttemptFinished, AttemptLost, AttemptStarted
from slipstream.state import TaskInstanceState as S
from slipstream.store import attempt, inbox, job

SLEEPER = """
@task
def t():
    prove(f"begun {os.getpid()}")
    time.sleep(60)
@task
def quick(): return os.getpid()
t(); quick()
"""


def _sleeping(rig: Rig) -> tuple[str, int]:
    attempt_id = rig.submit("t")
    pid = rig.started(attempt_id).pid
    assert pid is not None
    rig.proven(f"begun {pid}")
    return attempt_id, pid


def _gone(rig: Rig, *pids: int) -> None:
    rig.until(lambda: not any(is_alive(pid) for pid in pids), f"end of {pids}")


def test_a_killed_task_process_fails_the_attempt_and_says_how(rig: Rig) -> None:
    rig.dag(SLEEPER)
    attempt_id, pid = _sleeping(rig)
    os.kill(pid, signal.SIGKILL)
    outcome = rig.finished(attempt_id)
    assert (outcome.state, outcome.retryable, outcome.signal) == (S.FAILED, True, signal.SIGKILL)
    assert not outcome.callbacks_done
    assert "SIGKILL" in (outcome.error or "")
    last = rig.log(attempt_id)[-1]
    assert (last["level"], last["signal"]) == ("error", signal.SIGKILL)
    assert last["max_rss_kb"] > 1000


def test_a_process_that_leaves_by_itself_fails_the_attempt(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    print('last words')\n    os._exit(7)\nt()")
    attempt_id = rig.submit("t")
    outcome = rig.finished(attempt_id)
    assert (outcome.state, outcome.exit_code) == (S.FAILED, 7)
    assert rig.messages(attempt_id)[0] == "last words"
    assert "exit code 7" in rig.messages(attempt_id)[-1]


def test_a_crash_leaves_its_traceback_in_the_log(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    import ctypes\n    ctypes.string_at(0)\nt()")
    attempt_id = rig.submit("t")
    assert rig.finished(attempt_id).signal == signal.SIGSEGV
    text = rig.log_text(attempt_id)
    assert "Segmentation fault" in text
    assert "d.py" in text


def test_a_killed_dag_zygote_takes_its_tasks_along_and_is_replaced(rig: Rig) -> None:
    rig.dag(SLEEPER)
    attempt_id, pid = _sleeping(rig)
    zygote = rig.dag_zygote()
    os.kill(zygote, signal.SIGKILL)
    outcome = rig.finished(attempt_id)
    assert (outcome.state, outcome.host_lost) == (S.FAILED, True)
    _gone(rig, pid)
    assert rig.outcome("quick").state is S.SUCCESS
    assert rig.dag_zygote() != zygote


def test_a_killed_base_zygote_takes_all_along_and_is_replaced(rig: Rig) -> None:
    rig.dag(SLEEPER)
    attempt_id, pid = _sleeping(rig)
    base = rig.base_zygote()
    os.kill(base, signal.SIGKILL)
    outcome = rig.finished(attempt_id)
    assert (outcome.state, outcome.host_lost) == (S.FAILED, True)
    _gone(rig, pid)
    assert rig.outcome("quick").state is S.SUCCESS
    assert rig.base_zygote() != base


def test_a_task_that_kills_its_parent_costs_its_siblings_no_try(rig: Rig) -> None:
    rig.dag(
        """
        @task
        def t():
            prove(f"begun {os.getpid()} {os.getppid()}")
            while not os.path.exists(HOME + "/over"):
                time.sleep(0.02)
        t()
        """
    )

    def begin(map_index: int, max_tries: int = 1) -> tuple[str, int]:
        attempt_id = rig.submit("t", map_index=map_index, max_tries=max_tries)
        pid = rig.started(attempt_id).pid
        rig.until(lambda: any(line.startswith(f"begun {pid} ") for line in rig.proof()), "begin")
        begun = next(line for line in rig.proof() if line.startswith(f"begun {pid} "))
        return attempt_id, int(begun.split()[2])

    (killer, shared), (sibling, same), (only_once, _) = begin(0), begin(1), begin(2, max_tries=0)
    assert shared == same
    os.kill(shared, signal.SIGKILL)
    for attempt_id in (killer, sibling):
        assert rig.finished(attempt_id).state is S.UP_FOR_RESCHEDULE
        assert "begins again" in rig.messages(attempt_id)[-1]
    assert rig.finished(only_once).state is S.FAILED  # its author lets it run once
    (killer, own), (sibling, other) = begin(0), begin(1)
    assert own != other
    os.kill(own, signal.SIGKILL)
    assert rig.finished(killer).state is S.FAILED
    (rig.home / "over").touch()
    assert rig.finished(sibling).state is S.SUCCESS


def test_a_killed_host_loses_its_attempts_at_once_and_the_next_one_works(rig: Rig) -> None:
    rig.dag(SLEEPER)
    attempt_id, pid = _sleeping(rig)
    host, below = rig.host_pid, rig.processes()
    os.kill(host, signal.SIGKILL)
    lost = rig.lost(attempt_id)
    assert "signal 9" in lost.reason
    _gone(rig, pid, *below)
    assert rig.outcome("quick").state is S.SUCCESS
    assert rig.host_pid != host
    assert not rig.of(AttemptFinished, attempt_id)


def test_what_a_killed_host_left_in_other_sessions_is_swept(rig: Rig) -> None:
    rig.dag(
        """
        @task
        def t():
            import subprocess
            p = subprocess.Popen(["sleep", "60"], start_new_session=True)
            prove(f"sleep {p.pid}")
            time.sleep(60)
        t()
        """
    )
    attempt_id = rig.submit("t")
    rig.until(lambda: rig.proof(), "the sleep's pid")
    sleeper = int(rig.proof()[0].split()[1])
    os.kill(rig.host_pid, signal.SIGKILL)
    rig.lost(attempt_id)
    _gone(rig, sleeper)


def test_what_a_killed_task_left_in_other_sessions_is_swept(rig: Rig) -> None:
    rig.dag(
        """
        @task
        def t():
            import subprocess
            p = subprocess.Popen(["sleep", "60"], start_new_session=True)
            prove(f"sleep {p.pid}")
            time.sleep(60)
        t()
        """
    )
    attempt_id = rig.submit("t")
    pid = rig.started(attempt_id).pid
    rig.until(lambda: rig.proof(), "the sleep's pid")
    os.kill(pid or 0, signal.SIGKILL)
    rig.finished(attempt_id)
    _gone(rig, int(rig.proof()[0].split()[1]))


@pytest.mark.parametrize("victim", ["dag_zygote", "base_zygote", "host"])
def test_no_attempt_is_forgotten_when_something_dies_under_load(rig: Rig, victim: str) -> None:
    rig.dag("@task\ndef t():\n    prove(f'{os.getpid()}')\n    time.sleep(0.05)\nt()")
    ids = [rig.submit("t", map_index=n) for n in range(40)]
    rig.until(lambda: len(rig.proof()) > 5, "some to have begun")
    pids = {"host": lambda: rig.host_pid, "base_zygote": rig.base_zygote}
    os.kill(pids.get(victim, rig.dag_zygote)(), signal.SIGKILL)

    def settled() -> bool:
        return all(rig.of(AttemptFinished, i) or rig.of(AttemptLost, i) for i in ids)

    rig.until(settled, "every attempt to have an end")
    for i in ids:
        assert len(rig.of(AttemptFinished, i)) + len(rig.of(AttemptLost, i)) == 1
        assert len(rig.of(AttemptStarted, i)) <= 1
    assert len(rig.proof()) <= len(ids), "nothing ran twice"


# Cancelling and time limits


def test_a_cancelled_task_is_told_and_ended(rig: Rig) -> None:
    rig.dag(
        """
        from airflow.sdk import BaseOperator
        class Op(BaseOperator):
            def execute(self, context):
                prove("begun")
                time.sleep(60)
            def on_kill(self):
                prove("on_kill")
        Op(task_id="t")
        """
    )
    attempt_id = rig.submit("t")
    rig.proven("begun")
    rig.executor.cancel({attempt_id: "its task instance was cleared"})
    outcome = rig.finished(attempt_id)
    assert outcome.state is S.FAILED
    assert rig.proof().count("on_kill") == 1


def test_a_cancelled_task_leaves_nothing_that_it_started(rig: Rig) -> None:
    rig.dag(
        """
        import subprocess
        @task
        def t():
            child = subprocess.Popen(["sleep", "60"], start_new_session=True)
            prove(f"{child.pid}")
            prove("begun")
            time.sleep(60)
        t()
        """
    )
    attempt_id = rig.submit("t")
    rig.proven("begun")
    rig.executor.cancel({attempt_id: "its task instance was cleared"})
    assert rig.finished(attempt_id).state is S.FAILED
    _gone(rig, int(rig.proof()[0]))


def test_a_task_that_ignores_its_end_is_killed(rig: Rig) -> None:
    rig.dag(
        """
        @task
        def t():
            import signal
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            prove("begun")
            while True:
                time.sleep(1)
        t()
        """
    )
    attempt_id = rig.submit("t")
    rig.proven("begun")
    rig.executor.cancel({attempt_id: "its task instance was cleared"})
    outcome = rig.finished(attempt_id)
    assert (outcome.state, outcome.signal) == (S.FAILED, signal.SIGKILL)
    assert "its task instance was cleared" in (outcome.error or "")


def test_execution_timeout_is_raised_in_the_task(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    time.sleep(60)\nt()")
    outcome = rig.outcome("t", execution_timeout_s=0.3)
    assert outcome.state is S.FAILED
    assert "AirflowTaskTimeout" in (outcome.error or "")
    assert "0.3" in (outcome.error or "")


def test_execution_timeout_is_enforced_when_the_task_does_not_notice(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.dag(
        """
        @task
        def t():
            import signal
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGTERM})
            time.sleep(60)
        t()
        """
    )
    outcome = rig.outcome("t", execution_timeout_s=0.2)
    assert outcome.state is S.FAILED
    assert "execution_timeout of 0.2 s passed" in (outcome.error or "")


def test_a_duplicate_submission_runs_once(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    prove('ran')\nt()")
    workload = rig.workload("t")
    rig.executor.submit([workload, workload])
    rig.executor.submit([workload])
    rig.finished(workload.attempt_id)
    assert rig.outcome("t").state is S.SUCCESS
    assert rig.proof() == ["ran", "ran"]


def test_an_attempt_that_is_no_longer_current_never_begins(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    prove('ran')\nt()")
    workload = rig.workload("t")
    rig.store.write(
        lambda c: attempt.finish_lost(c, [workload.attempt_id], "test", datetime.now(UTC))
    )
    rig.executor.submit([workload])
    assert rig.outcome("t").state is S.SUCCESS
    assert rig.proof() == ["ran"]
    assert not rig.of(AttemptStarted, workload.attempt_id)


# Stopping


def test_stop_ends_everything_in_time(rig: Rig) -> None:
    rig.dag(SLEEPER)
    attempt_id, pid = _sleeping(rig)
    below = rig.processes()
    rig.executor.stop(3.0)
    _gone(rig, pid, *below)
    rig.turn()
    outcome = rig.finished(attempt_id)
    assert "stopped" in (outcome.error or "")
    assert rig.row(attempt_id).state == "done"


def test_sigterm_stops_the_host_like_an_order(rig: Rig) -> None:
    rig.dag(SLEEPER)
    attempt_id, pid = _sleeping(rig)
    os.kill(rig.host_pid, signal.SIGTERM)
    rig.finished(attempt_id, patience_s=8)
    _gone(rig, pid)


def test_a_host_whose_scheduler_is_gone_finishes_its_work_and_leaves_word(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    prove('begun')\n    time.sleep(1)\n    return 1\nt()")
    attempt_id = rig.submit("t")
    rig.proven("begun")
    host = rig.host_pid
    assert rig.executor._link is not None
    rig.executor._is_stopped = True  # as if its process were gone: nobody starts another
    rig.executor._drop_link()
    rig.until(lambda: rig.row(attempt_id).state == "done", "the finish to be committed")
    _gone(rig, host)
    with rig.store.read() as conn:
        told = inbox.take(conn, "scheduler", 10)
    changes = [m for m in told if m.kind == "attempts_changed"]
    assert changes
    assert all((m.payload, m.dag_run_pk) == ({"ids": [attempt_id]}, rig.run.id) for m in changes)
    assert rig.xcom("t") == 1


def test_a_task_that_writes_rubbish_to_its_socket_harms_only_itself(rig: Rig) -> None:
    rig.dag(
        """
        @task
        def t():
            for name in os.listdir("/proc/self/fd"):
                try:
                    if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                        os.write(int(name), b"\\0\\0\\0\\4junk")
                except OSError:
                    pass
            time.sleep(60)
        @task
        def quick(): return 1
        t(); quick()
        """
    )
    attempt_id = rig.submit("t")
    host = rig.host_pid
    assert rig.finished(attempt_id).state is S.FAILED
    assert rig.outcome("quick").state is S.SUCCESS
    assert rig.host_pid == host


def test_a_host_that_others_have_declared_dead_ends_with_its_tasks(
    idle_rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = idle_rig
    monkeypatch.setenv("AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC", "0.2")
    rig.start()
    rig.dag(SLEEPER)
    attempt_id, pid = _sleeping(rig)
    host_id = rig.row(attempt_id).host_id
    rig.store.write(lambda conn: job.end(conn, host_id, "failed", datetime.now(UTC)))
    rig.lost(attempt_id)
    _gone(rig, pid)
    assert rig.outcome("quick").state is S.SUCCESS
