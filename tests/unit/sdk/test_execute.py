"""Running a task: rendering, results, and what each exception makes of it."""

from __future__ import annotations

import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from slipstream.clock import utcnow
from slipstream.sdk import context as context_module
from slipstream.sdk.asset import Asset, Metadata
from slipstream.sdk.branch import BaseBranchOperator
from slipstream.sdk.dag import DAG
from slipstream.sdk.decorator import task_decorator as task
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowRuntimeError,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTerminated,
    DagRunAlreadyExists,
)
from slipstream.sdk.mask import mask_secret
from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.sensor import BaseSensorOperator, PokeReturnValue
from slipstream.sdk.standard.bash import BashOperator
from slipstream.sdk.standard.empty import EmptyOperator
from slipstream.sdk.standard.python import PythonOperator
from slipstream.sdk.standard.trigger_dagrun import TriggerDagRunOperator
from slipstream.state import TaskInstanceState

from .conftest import NOW, MemoryAPI, Runner

LATER = datetime(2030, 1, 1, tzinfo=UTC)


class Raise(BaseOperator):
    def __init__(self, *, what: BaseException, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.what = what

    def execute(self, context: Any) -> None:
        raise self.what


def dag_of(cls: type[BaseOperator], **kwargs: Any) -> DAG:
    with DAG("d") as dag:
        cls(task_id="t", **kwargs)
    return dag


@pytest.mark.parametrize(
    ("error", "state", "retryable"),
    [
        (ValueError("x"), "failed", True),
        (AirflowException("x"), "failed", True),
        (AirflowFailException("x"), "failed", False),
        (AirflowSensorTimeout("x"), "failed", False),
        (AirflowSkipException("x"), "skipped", True),
        (AirflowRescheduleException(LATER), "up_for_reschedule", True),
        (SystemExit(0), "failed", True),
    ],
)
def test_exceptions_end_a_task(
    run: Runner, error: BaseException, state: str, retryable: bool
) -> None:
    ended = run(dag_of(Raise, what=error), "t")
    assert (ended.state, ended.retryable) == (state, retryable)
    if state == "up_for_reschedule":
        assert ended.reschedule_at == LATER


def test_termination_goes_through(run: Runner) -> None:
    with pytest.raises(AirflowTaskTerminated):
        run(dag_of(Raise, what=AirflowTaskTerminated("stop")), "t")


def call(function: Any, **kwargs: Any) -> DAG:
    return dag_of(PythonOperator, python_callable=function, **kwargs)


def test_xcoms_pushed_before_a_failure_are_kept(run: Runner) -> None:
    def work(ti: Any) -> None:
        ti.xcom_push("k", {1, 2})
        raise ValueError("after the push")

    ended = run(call(work), "t")
    assert ended.state is TaskInstanceState.FAILED
    assert [x["key"] for x in ended.xcoms] == ["k"]


def test_multiple_outputs_push_each_item(run: Runner) -> None:
    ended = run(call(lambda: {"a": 1, "b": 2}, multiple_outputs=True), "t")
    assert {x["key"]: x["value"] for x in ended.xcoms} == {
        "a": 1,
        "b": 2,
        "return_value": {"a": 1, "b": 2},
    }
    wrong = run(call(lambda: [1], multiple_outputs=True), "t")
    assert "a task returns a dict, not a list" in str(wrong.exception)


def test_nothing_is_pushed_for_none_or_when_told_not_to(run: Runner) -> None:
    assert run(call(lambda: None), "t").xcoms == []
    assert run(call(lambda: 1, do_xcom_push=False), "t").xcoms == []


def test_a_result_without_form_names_key_and_type(run: Runner) -> None:
    ended = run(call(lambda: {"a": [object()]}), "t")
    assert "XCom 'return_value' of task 't'['a'][0] is of type builtins.object" in str(
        ended.exception
    )


def test_hooks_run_around_execute(run: Runner) -> None:
    seen: list[Any] = []
    dag = call(
        lambda: seen.append("execute") or 5,
        pre_execute=lambda context: seen.append("pre"),
        post_execute=lambda context, result: seen.append(result),
        on_execute_callback=lambda context: seen.append("callback"),
    )
    run(dag, "t")
    assert seen == ["callback", "pre", "execute", 5]


def test_a_failing_callback_does_not_stop_the_task(run: Runner) -> None:
    def fail(context: Any) -> None:
        raise ValueError("callback")

    assert run(call(lambda: 1, on_execute_callback=fail), "t").state is TaskInstanceState.SUCCESS


def test_the_dags_own_task_is_left_as_it_was(run: Runner) -> None:
    dag = dag_of(BashOperator, bash_command="echo {{ ds }}")
    run(dag, "t")
    assert dag.get_task("t").bash_command == "echo {{ ds }}"  # type: ignore[attr-defined]


def test_rendered_fields_are_json_masked_and_short(run: Runner) -> None:
    mask_secret("hunter2secret")
    dag = dag_of(
        BashOperator,
        bash_command="true hunter2secret {{ ds }} " + "x" * 5000,
        env={"PASSWORD": "p", "A": "hunter2secret"},
    )
    fields = run(dag, "t").rendered_fields
    assert fields is not None
    assert fields["env"] == {"PASSWORD": "***", "A": "***"}
    assert fields["bash_command"].startswith("Cut at [core] max_templated_field_length")
    assert "true *** 2024-06-03" in fields["bash_command"]
    assert len(fields["bash_command"]) < 4300


def test_the_current_context_is_the_running_tasks(run: Runner) -> None:
    def work() -> str:
        return str(context_module.get_current_context()["ti"].task_id)

    assert run.result(call(work), "t") == "t"
    with pytest.raises(RuntimeError, match="no current context"):
        context_module.get_current_context()


@pytest.mark.parametrize(
    ("command", "state", "result"),
    [
        ("echo one; echo 'two  '", "success", "two"),
        ("echo ' padded'", "success", " padded"),
        ("exit 99", "skipped", None),
        ("exit 3", "failed", None),
        ("echo $AIRFLOW_CTX_TASK_ID/$AIRFLOW_CTX_DAG_ID", "success", "t/d"),
    ],
)
def test_bash(run: Runner, command: str, state: str, result: str | None) -> None:
    dag = dag_of(BashOperator, bash_command=command)
    assert run(dag, "t").state == state
    assert run.api.xcoms.get(("t", -1, "return_value")) == result


def test_bash_arguments(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "out")
    (tmp_path / "script.sh").write_text("echo {{ params.p }}-$A-$FROM_OUTSIDE-$(basename $PWD)\n")
    with DAG("d", template_searchpath=str(tmp_path), params={"p": "param"}) as dag:
        common: dict[str, Any] = {"bash_command": "script.sh", "env": {"A": "{{ ds }}"}}
        BashOperator(task_id="only", **common)
        BashOperator(task_id="both", append_env=True, cwd=str(tmp_path), **common)
        BashOperator(
            task_id="processed", bash_command="echo '[1]'", output_processor=lambda out: len(out)
        )
        BashOperator(task_id="code", bash_command="exit 4", skip_on_exit_code=[4, 5])
        BashOperator(task_id="nowhere", bash_command="true", cwd="/does/not/exist")
    assert run.result(dag, "only").startswith("param-2024-06-03--airflowtmp")
    assert run.result(dag, "both") == f"param-2024-06-03-out-{tmp_path.name}"
    assert run.result(dag, "processed") == 3
    assert run(dag, "code").state is TaskInstanceState.SKIPPED
    assert "The working folder /does/not/exist does not exist" in str(run(dag, "nowhere").exception)


def test_trigger_dag_run(run: Runner, api: MemoryAPI) -> None:
    states = iter(["queued", "running", "success"])
    api.answers["trigger_dag_run"] = {"run_id": "made"}
    api.answers["get_dag_run_state"] = lambda params: next(states)
    dag = dag_of(
        TriggerDagRunOperator,
        trigger_dag_id="other",
        conf={"at": "{{ ds }}"},
        wait_for_completion=True,
        poke_interval=0,
    )
    assert run(dag, "t").state is TaskInstanceState.SUCCESS
    (asked,) = [params for method, params in api.asked if method == "trigger_dag_run"]
    assert (asked["dag_id"], asked["conf"]) == ("other", {"at": "2024-06-03"})
    assert api.xcoms["t", -1, "trigger_run_id"] == "made"
    assert api.xcoms["t", -1, "_link_TriggerDagRunLink"] == "/dags/other/runs/made"
    early = [(p["key"], p["value"]) for method, p in api.asked if method == "set_xcom"]
    assert early == [
        ("trigger_run_id", "made"),
        ("_link_TriggerDagRunLink", "/dags/other/runs/made"),
    ]


@pytest.mark.parametrize(
    ("given", "run_id", "logical_date", "run_after"),
    [
        ({"trigger_run_id": "mine_{{ ds }}"}, "mine_2024-06-03", "now", None),
        ({}, "manual__now", "now", None),
        ({"logical_date": "{{ ds }}"}, "manual__2024-06-03T00:00:00+00:00", "2024-06-03", None),
        ({"logical_date": None}, "manual__now_random", None, None),
        ({"run_after": NOW}, "manual__2024-06-03T12:30:00+00:00_random", None, "2024-06-03T12:30"),
    ],
)
def test_a_triggered_run_gets_the_id_and_dates_that_airflow_gives_it(
    run: Runner,
    api: MemoryAPI,
    given: dict[str, Any],
    run_id: str,
    logical_date: str | None,
    run_after: str | None,
) -> None:
    api.answers["trigger_dag_run"] = {"run_id": "made"}
    dag = dag_of(TriggerDagRunOperator, trigger_dag_id="other", **given)
    assert run(dag, "t").state is TaskInstanceState.SUCCESS
    (asked,) = [params for method, params in api.asked if method == "trigger_dag_run"]
    today = utcnow().date().isoformat()
    pattern = re.escape(run_id).replace("now", today + r"T[\d:.+]+").replace("random", r"\w{8}")
    assert re.fullmatch(pattern, asked["run_id"])
    for name, expected in (("logical_date", logical_date), ("run_after", run_after)):
        start = today if expected == "now" else expected
        assert asked[name] is None if start is None else asked[name].startswith(start)


@pytest.mark.parametrize(
    ("given", "passed"),
    [('{"at": "{{ ds }}", "n": [1]}', {"at": "2024-06-03", "n": [1]}), ({}, None), ("", None)],
)
def test_the_conf_of_a_triggered_run_may_be_json_text(
    run: Runner, api: MemoryAPI, given: Any, passed: Any
) -> None:
    api.answers["trigger_dag_run"] = {"run_id": "made"}
    dag = dag_of(TriggerDagRunOperator, trigger_dag_id="o", conf=given)
    assert run(dag, "t").state is TaskInstanceState.SUCCESS
    (asked,) = [params for method, params in api.asked if method == "trigger_dag_run"]
    assert asked["conf"] == passed


@pytest.mark.parametrize("given", ["{bad", "[1]", [1], {"x": object()}])
def test_a_conf_that_cannot_be_one_triggers_nothing(
    run: Runner, api: MemoryAPI, given: Any
) -> None:
    ended = run(dag_of(TriggerDagRunOperator, trigger_dag_id="o", conf=given), "t")
    assert str(ended.exception).startswith("conf must be ")
    assert "trigger_dag_run" not in [method for method, _ in api.asked]


def test_trigger_dag_run_that_exists_may_be_skipped(run: Runner, api: MemoryAPI) -> None:
    def refuse(params: dict[str, Any]) -> None:
        raise DagRunAlreadyExists("r")

    api.answers["trigger_dag_run"] = refuse
    dag = dag_of(TriggerDagRunOperator, trigger_dag_id="o", skip_when_already_exists=True)
    assert run(dag, "t").state is TaskInstanceState.SKIPPED
    assert run(dag_of(TriggerDagRunOperator, trigger_dag_id="o"), "t").state == "failed"


def test_a_triggered_run_that_fails_fails_the_task(run: Runner, api: MemoryAPI) -> None:
    api.answers.update(trigger_dag_run={"run_id": "made"}, get_dag_run_state="failed")
    dag = dag_of(TriggerDagRunOperator, trigger_dag_id="o", wait_for_completion=True)
    assert "ended failed, one of failed_states" in str(run(dag, "t").exception)


class Poke(BaseSensorOperator):
    answers: list[Any] = []

    def poke(self, context: Any) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_sensor_pokes_until_it_is_done(run: Runner) -> None:
    Poke.answers = [False, ValueError("flaky"), PokeReturnValue(True, "found")]
    assert run.result(dag_of(Poke, poke_interval=0, silent_fail=True), "t") == "found"


def test_a_sensor_reschedules_itself(run: Runner) -> None:
    Poke.answers = [False]
    ended = run(dag_of(Poke, poke_interval=600, mode="reschedule", timeout=1e12), "t")
    assert ended.state is TaskInstanceState.UP_FOR_RESCHEDULE
    assert ended.reschedule_at is not None


@pytest.mark.parametrize(("soft_fail", "state"), [(False, "failed"), (True, "skipped")])
def test_a_sensor_times_out_over_all_its_reschedules(
    run: Runner, soft_fail: bool, state: str
) -> None:
    Poke.answers = [False]
    dag = dag_of(Poke, poke_interval=1, mode="reschedule", timeout=5, soft_fail=soft_fail)
    ended = run(dag, "t", first_started_at=NOW, reschedule_count=3)
    assert ended.state == state


def test_sensor_arguments_are_checked() -> None:
    with pytest.raises(ValueError, match="has the mode 'sleep'"):
        Poke(task_id="t", mode="sleep")
    with pytest.raises(ValueError, match="number of seconds from 0 up"):
        Poke(task_id="t", timeout=-1)
    with pytest.raises(ValueError, match="has soft_fail and never_fail"):
        Poke(task_id="t", soft_fail=True, never_fail=True)


def test_the_result_of_a_task_that_fails_in_post_execute_is_not_kept(run: Runner) -> None:
    class Op(BaseOperator):
        def execute(self, context: Any) -> int:
            context["ti"].xcom_push("own", 1)
            return 2

        def post_execute(self, context: Any, result: Any = None) -> None:
            raise ValueError(f"no good: {result}")

    ended = run(dag_of(Op), "t")
    assert (ended.state, str(ended.exception)) == (TaskInstanceState.FAILED, "no good: 2")
    assert [x["key"] for x in ended.xcoms] == ["own"]


@pytest.mark.parametrize(("code", "state"), [(1, "failed"), (99, "skipped"), (0, "success")])
def test_a_bash_functions_command_is_shown_however_it_ends(
    run: Runner, code: int, state: str
) -> None:
    with DAG("d") as dag:

        @task.bash
        def t() -> str:
            return f"exit {code}"

        t()
    ended = run(dag, "t")
    assert ended.state == state
    assert ended.rendered_fields is not None
    assert ended.rendered_fields["bash_command"] == f"exit {code}"


class Branch(BaseBranchOperator):
    def choose_branch(self, context: Any) -> list[str]:
        return ["a", "b"]


def test_a_branch_that_skips_nothing_pushes_its_choice(run: Runner) -> None:
    with DAG("d") as dag:
        branch = Branch(task_id="t")
        branch >> [EmptyOperator(task_id="a"), EmptyOperator(task_id="b")]
    ended = run(dag, "t")
    assert ended.skip is None
    pushed = {x["key"]: x["value"] for x in ended.xcoms}
    assert pushed["return_value"] == ["a", "b"]
    branch >> EmptyOperator(task_id="c", dag=dag)
    ended = run(dag, "t")
    assert ended.skip == ["c"]
    assert "return_value" not in {x["key"] for x in ended.xcoms}


def test_a_task_that_is_a_generator_runs_to_its_end(run: Runner) -> None:
    done: list[str] = []

    def function() -> Any:
        yield 1
        done.append("function")
        return "result"

    class Generator(BaseOperator):
        def execute(self, context: Any) -> Any:
            yield Metadata(Asset("a"), {"rows": 3})
            done.append("operator")
            return "result"

    assert run(call(function), "t").xcoms == [{"key": "return_value", "value": "result"}]
    ended = run(dag_of(Generator), "t")
    assert ended.xcoms == [{"key": "return_value", "value": "result"}]
    assert [event["extra"] for event in ended.outlet_events or []] == [{"rows": 3}]
    assert done == ["function", "operator"]


def test_a_command_that_ignores_sigterm_is_killed(run: Runner, tmp_path: Path) -> None:
    stubborn = f"trap '' TERM; echo $$ > {tmp_path}/pid; exec sleep 600"

    def ends(context: Any) -> None:
        threading.Timer(0.2, context["task"].on_kill).start()

    ended = run(dag_of(BashOperator, bash_command=stubborn, on_execute_callback=ends), "t")
    assert ended.state == "failed"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_what_the_author_pushes_is_written_at_once(run: Runner, api: MemoryAPI) -> None:
    def function(ti: Any) -> str:
        ti.xcom_push("early", {"a": 1})
        assert [p["key"] for method, p in api.asked if method == "set_xcom"] == ["early"]
        return "late"

    ended = run(call(function), "t")
    assert [x["key"] for x in ended.xcoms] == ["early", "return_value"]
    assert [p["key"] for method, p in api.asked if method == "set_xcom"] == ["early"]


def test_an_xcom_that_cannot_be_written_yet_goes_with_the_end(run: Runner, api: MemoryAPI) -> None:
    def refuse(params: Any) -> None:
        raise AirflowRuntimeError("the store is away")

    api.answers["set_xcom"] = refuse
    assert run(call(lambda ti: ti.xcom_push("k", 1)), "t").xcoms == [{"key": "k", "value": 1}]


def test_a_coroutine_pushes_and_pulls(run: Runner) -> None:
    async def function(ti: Any) -> Any:
        await ti.axcom_push("k", 1)
        return await ti.axcom_pull("t", key="k")

    assert run.result(call(function), "t") == 1
