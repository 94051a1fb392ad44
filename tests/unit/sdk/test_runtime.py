"""``ti``, ``dag_run`` and the context as user code sees them."""

from __future__ import annotations

import asyncio
import copy
import pickle
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pendulum
import pytest

from slipstream.sdk.context import Context, Lazy, context_to_environment
from slipstream.sdk.dag import DAG
from slipstream.sdk.lazy_value import LazyValue
from slipstream.sdk.notifier import BaseNotifier
from slipstream.sdk.standard.bash import BashOperator
from slipstream.sdk.standard.empty import EmptyOperator
from slipstream.sdk.standard.python import PythonOperator
from slipstream.sdk.types import TaskInstanceKey
from slipstream.sdk.xcom import BaseXCom
from slipstream.state import DagRunType, TaskInstanceState

from .conftest import MemoryAPI, Runner


@pytest.fixture
def ti(run: Runner, api: MemoryAPI) -> Any:
    api.xcoms.update(
        {
            ("one", -1, "return_value"): 1,
            ("two", -1, "return_value"): 2,
            ("many", 0, "return_value"): "a",
            ("many", 1, "return_value"): "b",
            ("single", 0, "return_value"): "only",
        }
    )
    with DAG("d") as dag:
        EmptyOperator(task_id="t", owner="me")
    return run.instance(dag, "t", try_number=2, max_tries=3)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"task_ids": "one"}, 1),
        ({"task_ids": ["one"]}, [1]),
        ({"task_ids": ("two", "one")}, [2, 1]),
        ({"task_ids": "no"}, None),
        ({"task_ids": "no", "default": 7}, 7),
        ({"task_ids": ["no", "one"]}, [None, 1]),
        ({"task_ids": "many"}, ["a", "b"]),
        ({"task_ids": "many", "map_indexes": 1}, "b"),
        ({"task_ids": "many", "map_indexes": [1, 0]}, ["b", "a"]),
        ({"task_ids": ["many", "one"]}, ["a", "b", 1]),
        ({"task_ids": "one", "map_indexes": 0}, None),
        ({"task_ids": "one", "key": "other"}, None),
        ({}, None),
    ],
)
def test_pulling(ti: Any, arguments: dict[str, Any], expected: Any) -> None:
    assert ti.xcom_pull(**arguments) == expected


def test_a_task_pulls_what_it_pushed_itself(ti: Any, api: MemoryAPI) -> None:
    ti.xcom_push("k", (1, 2))
    assert ti.xcom_pull(key="k") == (1, 2)
    assert ti.xcom_pull(task_ids="t", key="k") == (1, 2)
    assert ti.xcom_pull(task_ids=["one", "t"], key="k") == [None, (1, 2)]
    with pytest.raises(ValueError, match="a string that is not empty"):
        ti.xcom_push("", 1)


def test_prior_dates_and_other_dags_are_asked_for(ti: Any, api: MemoryAPI) -> None:
    ti.xcom_pull("one", dag_id="other", run_id="r", include_prior_dates=True)
    _, asked = api.asked[-1]
    assert (asked["dag_id"], asked["run_id"], asked["include_prior_dates"]) == ("other", "r", True)


def test_pulling_from_all_runs_gives_a_list_that_ends_with_what_it_pushed_itself(
    ti: Any, api: MemoryAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = [
        {"task_id": task_id, "map_index": -1, "value": value}
        for task_id, value in (("t", 1), ("t", 2), ("one", 3))
    ]
    monkeypatch.setattr(
        api, "get_xcoms", lambda **a: [x for x in stored if x["task_id"] in a["task_ids"]]
    )
    pull = partial(ti.xcom_pull, key="k", include_prior_dates=True)
    assert pull("one") == 3
    assert pull("t") == [1, 2]
    ti.xcom_push("k", 4)
    assert pull("t") == [1, 2, 4]
    assert pull(["one", "t"]) == [3, 1, 2, 4]


def test_facts_about_itself(ti: Any) -> None:
    assert (ti.dag_id, ti.task_id, ti.map_index) == ("d", "t", -1)
    assert (ti.try_number, ti.max_tries, ti.state) == (2, 3, TaskInstanceState.RUNNING)
    assert ti.key.primary == ("d", "t", ti.run_id, -1)
    assert ti.log_url.endswith(
        "/dags/d/runs/manual__2024-06-03T12%3A30%3A00%2B00%3A00/tasks/t?try_number=2"
    )
    assert ti.get_dagrun().run_type is DagRunType.MANUAL
    assert isinstance(ti.dag_run.logical_date, pendulum.DateTime)
    with pytest.raises(AttributeError, match="'nonsense'"):
        ti.dag_run.nonsense


def test_what_every_dag_run_has(ti: Any) -> None:
    run = ti.dag_run
    assert (run.triggering_user_name, run.team_name, run.note) == (None, None, None)
    assert (run.clear_number, run.consumed_asset_events) == (0, [])


def test_earlier_runs(ti: Any, api: MemoryAPI) -> None:
    api.answers["get_previous_run"] = {
        "dag_id": "d",
        "run_id": "before",
        "run_type": "scheduled",
        "state": "success",
        "logical_date": "2024-06-02T00:00:00+00:00",
        "data_interval_start": "2024-06-01T00:00:00+00:00",
        "data_interval_end": "2024-06-02T00:00:00+00:00",
        "start_date": "2024-06-02T00:00:05+00:00",
        "end_date": None,
    }
    context = ti.get_template_context()
    assert context["prev_start_date_success"] == datetime(2024, 6, 2, 0, 0, 5, tzinfo=UTC)
    assert context["prev_data_interval_start_success"].to_date_string() == "2024-06-01"
    assert context["prev_end_date_success"] is None
    assert ti.get_previous_dagrun(state="success").run_id == "before"
    asked = [params for method, params in api.asked if method == "get_previous_run"]
    assert [a["state"] for a in asked] == ["success"]


def test_other_task_instances(ti: Any, api: MemoryAPI) -> None:
    api.answers["get_task_instances"] = [
        {"dag_id": "d", "run_id": "r", "task_id": "x", "map_index": -1, "state": "failed"}
    ]
    (other,) = ti.get_dagrun().get_task_instances(state="failed")
    assert (other.task_id, other.state) == ("x", TaskInstanceState.FAILED)
    assert ti.get_dagrun().get_task_instance("x").task_id == "x"
    assert ti.get_dagrun().get_task_instance("y") is None


def test_a_context_computes_when_read() -> None:
    seen: list[str] = []
    context = Context(a=1, late=Lazy(lambda context: seen.append("x") or context["a"] + 4))
    assert "late" in context
    assert sorted(context) == ["a", "late"]
    assert seen == []
    assert context.copy()["late"] == 5
    assert context.get("late") == 5
    assert dict(context) == {"a": 1, "late": 5}
    assert (lambda **kwargs: kwargs)(**context) == {"a": 1, "late": 5}
    assert sorted(context.items()) == [("a", 1), ("late", 5)]
    assert len(seen) == 2
    with pytest.raises(KeyError):
        context["execution_date"]


def test_the_environment_of_subprocesses(ti: Any) -> None:
    assert context_to_environment(ti.get_template_context()) == {
        "AIRFLOW_CTX_DAG_OWNER": "me",
        "AIRFLOW_CTX_DAG_ID": "d",
        "AIRFLOW_CTX_TASK_ID": "t",
        "AIRFLOW_CTX_LOGICAL_DATE": "2024-06-03T12:30:00+00:00",
        "AIRFLOW_CTX_TRY_NUMBER": "2",
        "AIRFLOW_CTX_DAG_RUN_ID": "manual__2024-06-03T12:30:00+00:00",
    }


def test_a_notifier_renders_its_fields_and_swallows_its_own_failure(ti: Any) -> None:
    sent: list[str] = []

    class Notifier(BaseNotifier):
        template_fields = ("message",)

        def __init__(self, message: str) -> None:
            super().__init__()
            self.message = message

        def notify(self, context: Any) -> None:
            sent.append(self.message)
            raise ValueError("cannot send")

    Notifier("{{ ti.task_id }} on {{ ds }}")(ti.get_template_context())
    assert sent == ["t on 2024-06-03"]


def test_the_context_has_the_keys_that_airflow_3_3_2_gives(ti: Any) -> None:
    assert set(ti.get_template_context()) == {
        *("conn", "dag", "dag_run", "data_interval_end", "data_interval_start", "ds", "ds_nodash"),
        *("inlet_events", "inlets", "logical_date", "macros", "map_index_template"),
        *("outlet_events", "outlets", "params", "partition_date", "partition_key"),
        *("prev_data_interval_end_success", "prev_data_interval_start_success"),
        *("prev_end_date_success", "prev_start_date_success", "run_id", "task", "task_instance"),
        *("task_instance_key_str", "task_reschedule_count", "task_state_store", "ti"),
        *("triggering_asset_events", "ts", "ts_nodash", "ts_nodash_with_tz", "var"),
    }


def test_parameters_may_be_called_as_what_the_context_has_not(run: Runner) -> None:
    def call(try_number: int, test_mode: bool) -> list[Any]:
        return [try_number, test_mode]

    with DAG("d") as dag:
        PythonOperator(task_id="t", python_callable=call, op_args=[5, True])
    assert run(dag, "t").xcoms == [{"key": "return_value", "value": [5, True]}]


def test_a_lazy_date_passes_for_the_date_and_copies_and_pickles_are_the_date() -> None:
    date = pendulum.datetime(2024, 1, 1)
    lazy: Any = LazyValue(lambda: date)
    assert isinstance(lazy, datetime)
    assert isinstance(lazy, pendulum.DateTime)
    assert pendulum.interval(lazy, date.add(days=2)).in_days() == 2
    for other in (pickle.loads(pickle.dumps(lazy)), copy.copy(lazy), copy.deepcopy(lazy)):
        assert (type(other), other) == (pendulum.DateTime, date)
    nothing = LazyValue(lambda: None)
    assert not isinstance(nothing, datetime)
    assert not nothing


def test_breadcrumbs_are_those_of_the_runs_ended_instances(
    ti: Any, api: MemoryAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"task_id": name, "map_index": -1, "state": "success", "operator": "X", "hostname": "h"}
        for name in ("b", "a")
    ]
    asked = {}

    def answer(**kwargs: Any) -> list[dict[str, Any]]:
        asked.update(kwargs)
        return rows

    monkeypatch.setattr(api, "get_task_instances", answer)
    found = list(ti.get_task_breadcrumbs("d", "r"))
    assert [crumb["task_id"] for crumb in found] == ["a", "b"]
    assert set(found[0]) == {"task_id", "map_index", "state", "operator", "duration"}
    assert "running" not in asked["states"]


def test_coroutines_read_and_write_what_functions_do(api: MemoryAPI) -> None:
    api.xcoms.update({("many", 0, "k"): 1, ("many", 1, "k"): 2, ("one", -1, "k"): 3})
    where = {"key": "k", "dag_id": "d", "run_id": "r"}
    key = TaskInstanceKey("d", "one", "r", 1, -1)

    async def ask() -> list[Any]:
        await BaseXCom.aset("k", {"a": 1}, dag_id="d", task_id="t", run_id="r", map_index=2)
        return [
            await BaseXCom.aget_one(task_id="many", map_index=1, **where),
            await BaseXCom.aget_one(task_id="no", **where),
            await BaseXCom.aget_all(task_id="many", **where),
            await BaseXCom.aget_value(ti_key=key, key="k"),
        ]

    assert asyncio.run(ask()) == [2, None, [1, 2], 3]
    assert ("set_xcom", 2, {"a": 1}) in [
        (method, asked["map_index"], asked.get("value"))
        for method, asked in api.asked
        if method == "set_xcom"
    ]


def test_templates_are_rendered_when_asked(run: Runner) -> None:
    with DAG("d") as dag:
        BashOperator(task_id="t", bash_command="echo {{ ti.task_id }}")
    ti = run.instance(dag, "t")
    assert ti.render_templates() is ti.task
    assert ti.task.bash_command == "echo t"


def test_an_operator_may_replace_how_its_coroutine_is_called(run: Runner) -> None:
    class Doubling(PythonOperator):
        async def aexecute_callable(self) -> Any:
            return 2 * await super().aexecute_callable()

    async def number(x: int) -> int:
        return x

    with DAG("d") as dag:
        Doubling(task_id="t", python_callable=number, op_args=[21])
    task = run.instance(dag, "t").task
    assert task.execute({}) == 42
    assert asyncio.run(task.aexecute({})) == 42
