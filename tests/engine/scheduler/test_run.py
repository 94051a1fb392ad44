"""Whole runs of real DAG files, each task in a process of its own."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.engine.scheduler.site import Site

from slipstream import command
from slipstream.machine.event import TIKey
from slipstream.state import DagRunState, TaskInstanceState
from slipstream.store import dag, run


def test_a_chain_passes_its_results_on(any_site: Site) -> None:
    site = any_site
    site.write_dag(
        "chain",
        """
        with DAG("chain", schedule=None):
            @task
            def one():
                return 1

            @task
            def add(x):
                return x + 1

            add(add.override(task_id="second")(one()))
        """,
    )
    site.start()
    row = site.trigger("chain")
    assert site.finish(row) == "success"
    assert site.states(row) == {"one": "success", "second": "success", "add": "success"}
    assert site.xcom(row, "add") == 3


def test_a_fan_runs_each_task_once(any_site: Site) -> None:
    site = any_site
    site.write_dag(
        "fan",
        """
        with DAG("fan", schedule=None, max_active_tasks=16):
            @task
            def leaf(i):
                prove(str(i))

            @task(trigger_rule="all_done")
            def end():
                pass

            [leaf.override(task_id=f"leaf_{i}")(i) for i in range(40)] >> end()
        """,
    )
    site.start()
    row = site.trigger("fan")
    assert site.finish(row) == "success"
    assert sorted(site.proof(), key=int) == [str(i) for i in range(40)]


def test_branches_and_trigger_rules(site: Site) -> None:
    site.write_dag(
        "rules",
        """
        with DAG("rules", schedule=None):
            @task.branch
            def choose():
                return "left"

            @task
            def left():
                pass

            @task
            def right():
                pass

            @task(trigger_rule="none_failed_min_one_success")
            def join():
                pass

            @task
            def broken():
                raise ValueError("broken on purpose")

            @task
            def after_broken():
                pass

            @task(trigger_rule="one_failed")
            def alarm():
                pass

            choose() >> [left(), right()] >> join()
            bad = broken()
            bad >> after_broken()
            bad >> alarm()
        """,
    )
    site.start()
    row = site.trigger("rules")
    assert site.finish(row) == "failed"
    assert site.states(row) == {
        "choose": "success",
        "left": "success",
        "right": "skipped",
        "join": "success",
        "broken": "failed",
        "after_broken": "upstream_failed",
        "alarm": "success",
    }


def test_a_failing_task_is_tried_again(any_site: Site) -> None:
    site = any_site
    site.write_dag(
        "retry",
        """
        with DAG("retry", schedule=None):
            @task(retries=2, retry_delay=timedelta(seconds=0.2))
            def flaky(ti=None):
                prove(str(ti.try_number))
                if ti.try_number < 3:
                    raise RuntimeError("not yet")

            flaky()
        """,
    )
    site.start()
    row = site.trigger("retry")
    assert site.finish(row) == "success"
    assert site.proof() == ["1", "2", "3"]
    assert [t.ti_state for t in site.tries(row, "flaky")] == [
        "up_for_retry",
        "up_for_retry",
        "success",
    ]


def test_an_execution_timeout_fails_the_task(site: Site) -> None:
    site.write_dag(
        "slow",
        """
        import time
        with DAG("slow", schedule=None):
            @task(execution_timeout=timedelta(seconds=0.3))
            def slow():
                time.sleep(60)

            slow()
        """,
    )
    site.start()
    row = site.trigger("slow")
    assert site.finish(row) == "failed"


def test_dagrun_timeout_ends_the_processes(site: Site) -> None:
    site.write_dag(
        "late",
        """
        import time
        with DAG("late", schedule=None, dagrun_timeout=timedelta(seconds=1)):
            @task
            def sleeper():
                prove(str(os.getpid()))
                time.sleep(60)

            sleeper()
        """,
    )
    site.start()
    row = site.trigger("late")
    assert site.finish(row) == "failed"
    assert site.states(row) == {"sleeper": "skipped"}
    pid = int(site.proof()[0]) if site.proof() else None
    if pid is not None:
        site.until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the process")


def test_clear_while_running_restarts_the_task(any_site: Site) -> None:
    site = any_site
    site.write_dag(
        "long",
        """
        import time
        with DAG("long", schedule=None):
            @task
            def wait(ti=None):
                prove("begin")
                while not os.path.exists(PROOF + ".go"):
                    time.sleep(0.02)

            wait()
        """,
    )
    site.start()
    row = site.trigger("long")
    site.until(site.proof, "the task's start")
    # A try that is cleared before anybody was told of its start does not count as one.
    site.until(lambda: site.states(row) == {"wait": "running"}, "the news of it")
    command.clear(site.store, site.clock, dag_id="long", run_id=row.run_id, wait_s=0)
    site.until(lambda: len(site.proof()) == 2, "the second start")
    (site.home / "proof.go").touch()
    assert site.finish(row) == "success"
    assert [t.ti_state for t in site.tries(row, "wait")] == ["failed", "success"]


def test_a_deleted_task_instance_of_a_running_run_begins_anew(any_site: Site) -> None:
    site = any_site
    site.write_dag(
        "deleted",
        """
        with DAG("deleted", schedule=None):
            @task
            def first():
                prove("first")
                return 1

            @task
            def wait(x):
                import time
                prove("wait")
                while not os.path.exists(PROOF + ".go"):
                    time.sleep(0.02)

            wait(first())
        """,
    )
    site.start()
    row = site.trigger("deleted")
    site.until(lambda: "wait" in site.proof(), "the second task's start")
    (killed,) = site.tries(row, "wait")
    command.delete_task_instances(
        site.store,
        site.clock,
        dag_id="deleted",
        run_id=row.run_id,
        keys=[TIKey("first"), TIKey("wait")],
        wait_s=0,
    )
    site.until(lambda: site.proof() == ["first", "wait"] * 2, "their second start")
    (site.home / "proof.go").touch()
    assert site.finish(row) == "success"
    (fresh,) = site.tries(row, "wait")
    assert (fresh.try_number, fresh.ti_state) == (1, "success")
    assert fresh.id != killed.id


def test_a_task_marked_success_is_ended_and_its_downstream_runs(site: Site) -> None:
    site.write_dag(
        "marked",
        """
        import time
        with DAG("marked", schedule=None):
            @task
            def wait():
                prove("begin")
                time.sleep(60)

            @task
            def after():
                prove("after")

            wait() >> after()
        """,
    )
    site.start()
    row = site.trigger("marked")
    site.until(site.proof, "the task's start")
    command.mark_task(
        site.store,
        site.clock,
        dag_id="marked",
        run_id=row.run_id,
        task_id="wait",
        state=TaskInstanceState.SUCCESS,
        wait_s=0,
    )
    assert site.finish(row) == "success"
    assert site.proof() == ["begin", "after"]


def test_a_run_marked_failed_ends_its_processes(site: Site) -> None:
    site.write_dag(
        "stopped",
        """
        import time
        with DAG("stopped", schedule=None):
            @task
            def wait():
                prove(str(os.getpid()))
                time.sleep(60)

            wait()
        """,
    )
    site.start()
    row = site.trigger("stopped")
    site.until(site.proof, "the task's start")
    pid = int(site.proof()[0])
    command.mark_run(
        site.store,
        site.clock,
        dag_id="stopped",
        run_id=row.run_id,
        state=DagRunState.FAILED,
        wait_s=0,
    )
    assert site.finish(row) == "failed"
    site.until(lambda: not Path(f"/proc/{pid}").exists(), "the end of the process")


def test_a_paused_dag_waits(site: Site) -> None:
    site.write_dag(
        "paused",
        """
        with DAG("paused", schedule=None, is_paused_upon_creation=True):
            @task
            def one():
                prove("one")

            one()
        """,
    )
    site.start()
    row = site.trigger("paused")
    for _ in range(5):
        assert site.scheduler is not None
        site.scheduler.turn(0.02)
    assert site.row(row).state == "queued"
    command.set_paused(site.store, site.clock, dag_id="paused", paused=False, wait_s=0)
    assert site.finish(row) == "success"


def test_catchup_runs_what_was_missed_in_order(site: Site) -> None:
    start = (datetime.now(UTC) - timedelta(days=4)).date()
    site.write_dag(
        "daily",
        f"""
        with DAG("daily", schedule="@daily", start_date=datetime({start.year}, {start.month},
                 {start.day}), catchup=True, max_active_runs=1):
            @task
            def one(logical_date=None):
                prove(logical_date.date().isoformat())

            one()
        """,
    )
    site.start()
    days = [(start + timedelta(days=i)).isoformat() for i in range(5)]
    site.until(lambda: len(site.proof()) == len(days), "five runs")
    assert site.proof() == days
    with site.store.read() as conn:
        row = dag.get(conn, "daily")
    assert row is not None
    assert row.next_run_after is not None
    assert row.next_run_after > datetime.now(UTC)


def test_max_active_runs_holds(any_site: Site) -> None:
    site = any_site
    site.write_dag(
        "narrow",
        """
        with DAG("narrow", schedule=None, max_active_runs=1):
            @task
            def one(run_id=None):
                prove("begin " + run_id)
                prove("end " + run_id)

            one()
        """,
    )
    site.start()
    rows = [site.trigger("narrow", run_id=f"r{i}") for i in range(3)]
    for row in rows:
        assert site.finish(row) == "success"
    assert site.proof() == [f"{what} r{i}" for i in range(3) for what in ("begin", "end")]


def test_dag_callbacks_run_and_see_how_the_run_ended(site: Site) -> None:
    site.write_dag(
        "called",
        """
        def ended(context):
            run = context["dag_run"]
            return f"{run.run_id} {run.state} {run.end_date >= run.start_date}"

        def on_success(context):
            prove("success of " + ended(context))

        def on_failure(context):
            prove("failure of " + ended(context) + " since " + context["reason"])

        for name, fails in (("good", False), ("bad", True)):
            with DAG(name, schedule=None, on_success_callback=on_success,
                     on_failure_callback=on_failure):
                @task
                def one(fails):
                    if fails:
                        raise RuntimeError("on purpose")

                one(fails)
        """,
    )
    site.start()
    site.trigger("good", run_id="r1")
    site.trigger("bad", run_id="r2")
    site.until(lambda: len(site.proof()) == 2, "two callbacks")
    assert sorted(site.proof()) == [
        "failure of r2 failed True since task_failure",
        "success of r1 success True",
    ]


def test_a_killed_task_process_fails_its_try_and_is_retried(site: Site) -> None:
    site.write_dag(
        "killed",
        """
        import time
        with DAG("killed", schedule=None):
            @task(retries=1, retry_delay=timedelta(seconds=0.1))
            def one(ti=None):
                prove(str(os.getpid()))
                if ti.try_number == 1:
                    time.sleep(60)

            one()
        """,
    )
    site.start()
    row = site.trigger("killed")
    site.until(site.proof, "the task's start")
    os.kill(int(site.proof()[0]), signal.SIGKILL)
    assert site.finish(row) == "success"
    assert [t.ti_state for t in site.tries(row, "one")] == ["up_for_retry", "success"]


def test_a_trigger_operator_starts_another_dag(site: Site) -> None:
    site.write_dag(
        "pair",
        """
        from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

        with DAG("first", schedule=None):
            TriggerDagRunOperator(task_id="go", trigger_dag_id="second", conf={"x": 7},
                                  wait_for_completion=True, poke_interval=0.1)

        with DAG("second", schedule=None):
            @task
            def show(dag_run=None):
                prove(str(dag_run.conf["x"]))

            show()
        """,
    )
    site.start()
    row = site.trigger("first")
    assert site.finish(row) == "success"
    assert site.proof() == ["7"]
    with site.store.read() as conn:
        assert run.count_by_state(conn, "second") == {"success": 1}
    run_id = site.xcom(row, "go", "trigger_run_id")
    assert site.xcom(row, "go", "_link_TriggerDagRunLink") == f"/dags/second/runs/{run_id}"
