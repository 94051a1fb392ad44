"""TaskFlow: functions become tasks, their arguments dependencies, their results XComs."""

from __future__ import annotations

from typing import Any

import pytest

from slipstream.sdk.dag import DAG
from slipstream.sdk.decorator import task_decorator as task
from slipstream.sdk.exceptions import AirflowSkipException, NotSupportedYet, XComNotFound
from slipstream.sdk.setup_teardown import setup, teardown
from slipstream.sdk.standard.bash import BashOperator
from slipstream.sdk.standard.empty import EmptyOperator
from slipstream.sdk.taskgroup import TaskGroup
from slipstream.state import TaskInstanceState, TriggerRule

from .conftest import Runner


def test_results_flow_through_arguments(run: Runner) -> None:
    with DAG("d") as dag:

        @task
        def make() -> dict[str, int]:
            return {"one": 1, "two": 2}

        @task
        def add(numbers: dict[str, int], two: int, *, more: list[Any]) -> int:
            return numbers["one"] + two + more[0]["x"]

        made = make()
        add(made, made["two"], more=[{"x": made["one"]}])
    assert dag.get_task("add").upstream_task_ids == {"make"}
    assert run.result(dag, "make") == {"one": 1, "two": 2}
    assert run.result(dag, "add") == 4


def test_calls_of_one_function_get_ids_of_their_own() -> None:
    with DAG("d") as dag:

        @task
        def f(x: int) -> int:
            return x

        for n in range(3):
            f(n)
        f.override(task_id="g", retries=4)(9)
    assert dag.task_ids == ["f", "f__1", "f__2", "g"]
    assert dag.get_task("g").retries == 4


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [(dict, True), ("dict[str, int]", True), (dict[str, Any], True), (list, False), (None, False)],
)
def test_a_dict_annotation_means_multiple_outputs(annotation: Any, expected: bool) -> None:
    def f() -> Any:
        return {}

    f.__annotations__["return"] = annotation
    with DAG("d") as dag:
        task(f)()
    assert dag.get_task("f").multiple_outputs is expected


def test_context_keys_are_passed_by_name(run: Runner) -> None:
    with DAG("d") as dag:

        @task
        def named(ds: Any = None, ti: Any = None, *, run_id: Any = None) -> list[Any]:
            return [ds, ti.task_id, run_id]

        @task
        def wild(**context: Any) -> str:
            return str(context["ts_nodash"])

        named()
        wild()
    assert run.result(dag, "named") == ["2024-06-03", "named", "manual__2024-06-03T12:30:00+00:00"]
    assert run.result(dag, "wild") == "20240603T123000"


def test_wrong_calls_fail_when_the_file_runs() -> None:
    with DAG("d"):

        @task
        def f(a: int) -> int:
            return a

        @task
        def g(ti: int = 3) -> int:
            return ti

        with pytest.raises(TypeError, match="'a'"):
            f()
        with pytest.raises(TypeError, match="too many positional"):
            f(1, 2)
        with pytest.raises(ValueError, match="Parameter ti stands for a part of the context"):
            g()


def test_an_unknown_decorator_is_named() -> None:
    with pytest.raises(AttributeError, match=r"there is no @task\.nope"):
        task.nope


def test_mapping_is_refused_by_name() -> None:
    with DAG("d"):

        @task
        def f(x: int) -> int:
            return x

        with pytest.raises(NotSupportedYet, match="expand of task 'f'"):
            f.expand(x=[1, 2])
        with pytest.raises(NotSupportedYet, match="dynamic task mapping"):
            BashOperator.partial(task_id="b").expand(bash_command=["a"])


def test_a_missing_return_value_is_none_and_a_missing_key_an_error(run: Runner) -> None:
    with DAG("d") as dag:
        quiet = EmptyOperator(task_id="quiet")

        @task
        def take(value: Any) -> str:
            return repr(value)

        take(quiet.output)
        take.override(task_id="keyed")(quiet.output["k"])
    assert run.result(dag, "take") == "None"
    assert isinstance(run(dag, "keyed").exception, XComNotFound)


def test_a_reference_in_text_is_a_template(run: Runner) -> None:
    with DAG("d") as dag:

        @task
        def name() -> str:
            return "world"

        name() >> BashOperator(
            task_id="hello", bash_command=f"echo hello {name.override(task_id='n2')()}"
        )
    run(dag, "n2")
    assert run.result(dag, "hello") == "hello world"


def test_coroutines_are_awaited(run: Runner) -> None:
    with DAG("d") as dag:

        @task
        async def soon(x: int) -> int:
            return x + 1

        soon(1)
    assert run.result(dag, "soon") == 2


def test_branches(run: Runner) -> None:
    with DAG("d") as dag:

        @task.branch
        def choose(what: Any) -> Any:
            return what

        a, b, joined = (EmptyOperator(task_id=x) for x in ("a", "b", "joined"))
        with TaskGroup("g"):
            EmptyOperator(task_id="inner")
        for i, what in enumerate(["a", ["a", "b"], None, "g", "nope"]):
            branch = choose.override(task_id=f"c{i}")(what)
            branch >> [a, b, dag.task_group_dict["g"]]
        a >> joined
        branch >> joined
    assert sorted(run(dag, "c0").skip or []) == ["b", "g.inner"]
    assert run(dag, "c1").skip == ["g.inner"]
    assert sorted(run(dag, "c2").skip or []) == ["a", "b", "g.inner"]
    assert sorted(run(dag, "c3").skip or []) == ["a", "b"]
    failed = run(dag, "c4")
    assert "['nope']" in str(failed.exception)
    assert [x["key"] for x in run(dag, "c0").xcoms] == ["skipmixin_key"]


@pytest.mark.parametrize(
    ("everything", "expected"), [(True, ["after", "later"]), (False, ["after"])]
)
def test_short_circuit(run: Runner, everything: bool, expected: list[str]) -> None:
    with DAG("d") as dag:

        @task.short_circuit(ignore_downstream_trigger_rules=everything)
        def check(answer: Any) -> Any:
            return answer

        yes, no = check.override(task_id="yes")(5), check.override(task_id="no")(0)
        end = EmptyOperator(task_id="end").as_teardown()
        [yes, no] >> EmptyOperator(task_id="after") >> EmptyOperator(task_id="later") >> end
    assert run.result(dag, "yes") == 5
    ended = run(dag, "no")
    assert ended.state is TaskInstanceState.SUCCESS
    assert sorted(ended.skip or []) == expected
    assert ("no", -1, "return_value") not in run.api.xcoms


def test_conditions_skip_before_the_work(run: Runner) -> None:
    with DAG("d") as dag:

        @task.run_if(lambda context: context["params"].get("go"), "no go")
        @task
        def wanted() -> int:
            return 1

        @task.skip_if(lambda context: (True, "as told"))
        @task.bash
        def unwanted() -> str:
            return "exit 1"

        wanted()
        unwanted()
    ended = run(dag, "wanted")
    assert isinstance(ended.exception, AirflowSkipException)
    assert str(ended.exception) == "no go"
    assert str(run(dag, "unwanted").exception) == "as told"


def test_setup_and_teardown_surround_their_scope() -> None:
    with DAG("d") as dag:

        @setup
        def before() -> None: ...

        @teardown(on_failure_fail_dagrun=True)
        def after() -> None: ...

        @task
        def work() -> None: ...

        with before() >> after():
            work() >> work.override(task_id="more")()
    assert dag.get_task("before").is_setup
    end = dag.get_task("after")
    assert (end.is_teardown, end.on_failure_fail_dagrun) == (True, True)
    assert end.trigger_rule is TriggerRule.ALL_DONE_SETUP_SUCCESS
    assert dag.get_task("before").downstream_task_ids == {"work", "after"}
    assert end.upstream_task_ids == {"before", "more"}


def test_a_scope_in_a_scope_is_surrounded_by_setups_and_teardowns() -> None:
    with DAG("d") as dag:
        setups = [EmptyOperator(task_id=f"s{n}").as_setup() for n in (1, 2)]
        teardowns = [EmptyOperator(task_id=f"t{n}").as_teardown() for n in (1, 2)]
        with setups[0] >> teardowns[0]:
            EmptyOperator(task_id="first")
            with setups[1] >> teardowns[1]:
                EmptyOperator(task_id="inner") >> EmptyOperator(task_id="last")
            EmptyOperator(task_id="then")
    assert {t.task_id: sorted(t.downstream_task_ids) for t in dag.tasks} == {
        "s1": ["first", "s2", "t1", "then"],
        "s2": ["inner", "t2"],
        "first": ["t1"],
        "inner": ["last"],
        "last": ["t2"],
        "then": ["t1"],
        "t1": [],
        "t2": ["t1"],
    }


def test_a_task_with_a_neighbour_outside_its_scope_is_not_tied_to_its_ends() -> None:
    with DAG("d") as dag:
        other = EmptyOperator(task_id="other")
        with EmptyOperator(task_id="s").as_setup() >> EmptyOperator(task_id="t").as_teardown():
            other >> EmptyOperator(task_id="late")
            EmptyOperator(task_id="early") >> other
    assert dag.get_task("s").downstream_task_ids == {"early", "t"}
    assert dag.get_task("t").upstream_task_ids == {"late", "s"}


def test_a_setup_alone_finds_the_teardown_that_its_tasks_lead_to() -> None:
    with DAG("d") as dag:
        before = EmptyOperator(task_id="s").as_setup()
        before >> EmptyOperator(task_id="work") >> EmptyOperator(task_id="t").as_teardown()
        with before:
            EmptyOperator(task_id="more")
    assert dag.get_task("more").upstream_task_ids == {"s"}
    assert dag.get_task("more").downstream_task_ids == {"t"}


def test_dag_task_binds_to_its_dag() -> None:
    dag = DAG("d")

    @dag.task
    def f() -> None: ...

    f()
    assert dag.task_ids == ["f"]
