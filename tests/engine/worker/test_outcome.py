"""What a task does becomes its attempt's outcome, whichever way the task ends."""

from __future__ import annotations

from tests.engine.worker.rig import Rig

from slipstream.executors.base import AttemptStarted
from slipstream.state import TaskInstanceState as S


def test_success_is_committed_before_it_is_told(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    return {'a': [1, 2]}\nt()")
    attempt_id = rig.submit("t")
    outcome = rig.finished(attempt_id)
    assert outcome.state is S.SUCCESS
    assert outcome.xcoms is None, "the store has them; the event is small"
    assert rig.xcom("t") == {"a": [1, 2]}
    row = rig.row(attempt_id)
    assert row.state == "done"
    assert row.started_at <= row.ended_at
    started = rig.started(attempt_id)
    assert (started.pid, started.started_at) == (row.pid, row.started_at)
    kinds = [type(e) for e in rig.events if e.attempt_id == attempt_id]
    assert kinds[0] is AttemptStarted


def test_each_attempt_has_a_process_and_a_group_of_its_own(rig: Rig) -> None:
    rig.dag(
        "@task\ndef t():\n    return [os.getpid(), os.getpgid(0), os.getsid(0), os.getppid()]\nt()"
    )
    pids = set()
    for n in range(3):
        attempt_id = rig.submit("t", map_index=n)
        rig.finished(attempt_id)
        pid, group, session, _ = rig.xcom("t", map_index=n)
        assert pid == group == session == rig.row(attempt_id).pid
        pids.add(pid)
    assert len(pids) == 3


def test_failure_tells_type_and_message_and_logs_the_authors_traceback(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    raise ValueError('no such thing')\nt()")
    attempt_id = rig.submit("t", max_tries=2)
    outcome = rig.finished(attempt_id)
    assert (outcome.state, outcome.retryable, outcome.callbacks_done) == (S.FAILED, True, True)
    assert outcome.error == "ValueError: no such thing"
    [record] = [r for r in rig.log(attempt_id) if r.get("event") == "The task failed"]
    frames = record["error_detail"][0]["frames"]
    assert frames[-1]["filename"].endswith("d.py")


def test_exceptions_of_airflow_map_to_states(rig: Rig) -> None:
    rig.dag(
        """
        @task
        def skip(): raise AirflowSkipException("not today")
        @task
        def fail(): raise AirflowFailException("for good")
        @task
        def later():
            raise AirflowRescheduleException(datetime.fromisoformat("2030-01-01T00:00:00+00:00"))
        @task
        def leave(): sys.exit(3)
        skip(); fail(); later(); leave()
        """
    )
    skip, fail = rig.outcome("skip"), rig.outcome("fail")
    later, leave = rig.outcome("later"), rig.outcome("leave")
    assert skip.state is S.SKIPPED
    assert (fail.state, fail.retryable) == (S.FAILED, False)
    assert later.state is S.UP_FOR_RESCHEDULE
    assert later.reschedule_at is not None
    assert later.reschedule_at.year == 2030
    assert leave.state is S.FAILED
    assert "sys.exit(3)" in (leave.error or "")


def test_a_result_without_a_json_form_fails_the_task_and_says_so(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    return object()\nt()")
    outcome = rig.outcome("t")
    assert outcome.state is S.FAILED
    assert "XCom" in (outcome.error or "")


def test_a_huge_xcom_arrives_whole(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    return 'ä' * 20_000_000\nt()")
    assert rig.outcome("t").state is S.SUCCESS
    assert rig.xcom("t") == "ä" * 20_000_000


def test_xcoms_pushed_before_a_failure_are_kept(rig: Rig) -> None:
    rig.dag("@task\ndef t(ti=None):\n    ti.xcom_push('k', 7)\n    raise ValueError\nt()")
    assert rig.outcome("t").state is S.FAILED
    assert rig.xcom("t", "k") == 7


def test_a_later_try_begins_without_the_xcoms_of_an_earlier_one(rig: Rig) -> None:
    rig.dag("@task\ndef t(ti=None):\n    ti.xcom_push(f'k{ti.try_number}', 1)\nt()")
    rig.outcome("t")
    rig.outcome("t", try_number=2, max_tries=1)
    assert (rig.xcom("t", "k1"), rig.xcom("t", "k2")) == (None, 1)


def test_callbacks_follow_the_outcome_and_know_whether_there_will_be_a_retry(rig: Rig) -> None:
    rig.dag(
        """
        def say(word):
            return lambda context: prove(f"{word} {context['ti'].task_id} {context.get('exception')}")
        CALLS = {f"on_{w}_callback": say(w) for w in ("execute", "success", "failure", "retry", "skipped")}
        @task(**CALLS)
        def good(): pass
        @task(retries=1, **CALLS)
        def bad(): raise ValueError("x")
        @task(**CALLS)
        def skip(): raise AirflowSkipException("s")
        @task(**CALLS)
        def leave(): sys.exit(3)
        good(); bad(); skip(); leave()
        """
    )
    rig.outcome("good")
    rig.proven("success good None")
    rig.outcome("bad", try_number=1, max_tries=1)
    rig.proven("retry bad x")
    rig.outcome("bad", try_number=2, max_tries=1)
    rig.proven("failure bad x")
    rig.outcome("skip")
    rig.proven("skipped skip None")
    rig.outcome("leave")
    rig.proven("failure leave 3")  # the SystemExit itself
    assert [p.split()[0] for p in rig.proof()].count("execute") == 5


def test_a_callback_that_fails_or_exits_changes_nothing(rig: Rig) -> None:
    rig.dag(
        """
        def bad(context): raise ValueError("callback")
        def leave(context): os._exit(9)
        @task(on_success_callback=[bad, leave])
        def t(): return 1
        t()
        """
    )
    attempt_id = rig.submit("t")
    assert rig.finished(attempt_id).state is S.SUCCESS
    rig.until(lambda: "exit code 9" in rig.log_text(attempt_id), "the host's last line")
    assert rig.outcome("t").state is S.SUCCESS


def test_tasks_reach_variables_connections_and_other_tasks_xcoms(rig: Rig) -> None:
    rig.dag(
        """
        @task
        def first(): return 5
        @task
        def t(n):
            from airflow.sdk import Variable, BaseHook
            Variable.set("v", "1")
            found = Variable.get("v"), Variable.get("none", default="d")
            try:
                BaseHook.get_connection("missing")
            except AirflowNotFoundException as exc:
                found += (str(exc),)
            return [n, *found]
        t(first())
        """
    )
    rig.outcome("first")
    assert rig.outcome("t").error is None
    n, v, none, message = rig.xcom("t")
    assert (n, v, none) == (5, "1", "d")
    assert "missing" in message


def test_the_environment_names_the_task(rig: Rig) -> None:
    rig.dag(
        "@task\ndef t():\n"
        "    return {k: v for k, v in os.environ.items() if k.startswith('AIRFLOW_CTX')}\nt()"
    )
    rig.outcome("t", try_number=3, max_tries=3)
    found = rig.xcom("t")
    assert found["AIRFLOW_CTX_DAG_ID"] == "d"
    assert found["AIRFLOW_CTX_TASK_ID"] == "t"
    assert found["AIRFLOW_CTX_TRY_NUMBER"] == "3"


def test_a_task_that_forks_reports_once(rig: Rig) -> None:
    rig.dag(
        """
        @task
        def t():
            pid = os.fork()
            if pid:
                os.waitpid(pid, 0)
            return "parent" if pid else "child"
        t()
        """
    )
    assert rig.outcome("t").state is S.SUCCESS
    assert rig.xcom("t") == "parent"


def test_an_exception_without_text_is_retried_like_any_other(rig: Rig) -> None:
    rig.dag(
        """
        class Mute(Exception):
            def __str__(self): raise RuntimeError("no text")
        @task(on_retry_callback=lambda context: prove("retry callback"))
        def t(): raise Mute
        t()
        """
    )
    outcome = rig.outcome("t", max_tries=1)
    assert outcome.state is S.FAILED
    assert outcome.error == "Mute: <Mute whose text cannot be made>"
    rig.proven("retry callback")
