"""DAG: arguments of 3.x and 2.x, ``@dag``, and what its spec says."""

from __future__ import annotations

import functools
import json
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
import pytest

from slipstream.sdk.asset import Asset
from slipstream.sdk.dag import DAG, dag
from slipstream.sdk.decorator import task_decorator as task
from slipstream.sdk.exceptions import (
    AirflowTimetableInvalid,
    NotSupportedYet,
    RemovedInAirflow3Warning,
    SerializationError,
)
from slipstream.sdk.param import Param
from slipstream.sdk.serialize import dag_to_spec, spec_hash
from slipstream.sdk.standard.bash import BashOperator
from slipstream.sdk.standard.empty import EmptyOperator
from slipstream.sdk.taskgroup import TaskGroup
from slipstream.sdk.timetables import CronDataIntervalTimetable, DataInterval, Timetable
from slipstream.state import TriggerRule

B = Param(3, type="integer")


def spec(given: DAG) -> dict[str, Any]:
    made = dag_to_spec(given, "f.py")
    assert json.loads(json.dumps(made)) == made
    return dict(made)


def test_a_plain_dag_has_a_small_spec() -> None:
    with DAG("d") as made:
        EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
    task_spec = {
        "type": "EmptyOperator",
        "module": "airflow.providers.standard.operators.empty",
        "no_op": True,
        "ui_color": "#e8f7e4",
    }
    assert spec(made) == {
        "spec": 1,
        "dag_id": "d",
        "relative_fileloc": "f.py",
        "owners": ["airflow"],
        "timetable": {"type": "null"},
        "timetable_summary": "None",
        "timetable_description": "Only when somebody triggers it",
        "max_active_tasks": 16,
        "max_active_runs": 16,
        "tasks": [
            {"task_id": "a", "downstream": ["b"], **task_spec},
            {"task_id": "b", **task_spec},
        ],
    }


def test_template_fields_keep_their_order() -> None:
    with DAG("d") as made:
        BashOperator(task_id="t", bash_command="x")
    assert spec(made)["tasks"][0]["template_fields"] == ["bash_command", "env", "cwd"]


def test_tasks_have_the_bounds_of_their_dag() -> None:
    first, last = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
    within = datetime(2024, 2, 1, tzinfo=UTC)
    with DAG("d", start_date=first, end_date=last) as made:
        plain = EmptyOperator(task_id="plain")
        early = EmptyOperator(task_id="early", start_date=datetime(2023, 1, 1, tzinfo=UTC))
        late = EmptyOperator(task_id="late", start_date=within)
    assert [t.start_date for t in (plain, early, late)] == [first, first, within]
    assert {t.end_date for t in made.tasks} == {last}
    starts = {t["task_id"]: t.get("start_date") for t in spec(made)["tasks"]}
    assert starts == {"plain": None, "early": None, "late": within.isoformat()}


def test_the_spec_carries_what_the_engine_needs() -> None:
    with (
        DAG(
            "d",
            schedule="0 5 * * *",
            start_date=datetime(2024, 1, 1),
            catchup=True,
            dagrun_timeout=timedelta(minutes=2),
            tags=["b", "a"],
            params={"n": Param(3, type="integer", description="how many")},
            on_failure_callback=print,
        ) as made,
        TaskGroup("g", tooltip="tip"),
    ):
        BashOperator(
            task_id="t",
            bash_command="x",
            retries=2,
            retry_delay=timedelta(seconds=1),
            retry_exponential_backoff=True,
            execution_timeout=timedelta(seconds=9),
            trigger_rule="all_done",
            pool="p",
            pool_slots=2,
            priority_weight=5,
            weight_rule="absolute",
            on_retry_callback=[print],
            do_xcom_push=False,
        )
    found = spec(made)
    assert found["timetable"]["type"] == "cron_trigger"
    assert (found["start_date"], found["catchup"]) == ("2024-01-01T00:00:00+00:00", True)
    assert (found["dagrun_timeout_s"], found["tags"]) == (120.0, ["a", "b"])
    assert found["callbacks"] == ["failure"]
    assert found["params"] == {
        "n": {"value": 3, "schema": {"type": "integer"}, "description": "how many"}
    }
    assert found["groups"] == [{"group_id": "g", "tooltip": "tip"}]
    (only,) = found["tasks"]
    assert only["task_id"] == "g.t"
    assert {k: only[k] for k in ("retries", "retry_delay_s", "retry_exponential_backoff")} == {
        "retries": 2,
        "retry_delay_s": 1.0,
        "retry_exponential_backoff": 2.0,
    }
    assert (only["trigger_rule"], only["pool"], only["pool_slots"]) == ("all_done", "p", 2)
    assert (only["priority_weight"], only["weight_rule"]) == (5, "absolute")
    assert (only["callbacks"], only["do_xcom_push"]) == (["retry"], False)
    assert "params" not in only


def test_equal_dags_hash_equally_however_they_were_written() -> None:
    def make(order: str) -> DAG:
        with DAG("d", tags=list(order)) as made:
            tasks = {x: EmptyOperator(task_id=x) for x in order}
            for x in order:
                if x != "a":
                    tasks["a"] >> tasks[x]
        return made

    assert spec_hash(dag_to_spec(make("abc"), "f")) == spec_hash(dag_to_spec(make("cba"), "f"))


def test_what_has_no_json_form_is_named() -> None:
    made = DAG("d", access_control={"role": object()})
    with pytest.raises(SerializationError, match="DAG 'd'"):
        dag_to_spec(made, "f.py")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, None),
        ({}, {}),
        ({"a": {"can_read"}}, {"a": {"DAGs": ["can_read"]}}),
        ({"a": ["can_read"], "b": {"DAG Runs": {"can_create"}}}, None),
    ],
)
def test_access_control_is_by_role_and_resource(given: Any, shown: Any) -> None:
    found = spec(DAG("d", access_control=given)).get("access_control")
    if given and "b" in given:
        shown = {"a": {"DAGs": ["can_read"]}, "b": {"DAG Runs": ["can_create"]}}
    assert found == shown
    with pytest.raises(ValueError, match="maps names of roles"):
        DAG("d", access_control=["a"])


@pytest.mark.parametrize("name", ["schedule_interval", "timetable"])
def test_schedules_of_airflow_2_work_with_a_warning(name: str) -> None:
    with pytest.warns(RemovedInAirflow3Warning, match=name):
        made = DAG("d", **{name: CronDataIntervalTimetable("@daily", "UTC")})
    assert spec(made)["timetable"]["type"] == "cron_data_interval"


def test_other_arguments_of_airflow_2_work_with_a_warning() -> None:
    with pytest.warns(RemovedInAirflow3Warning) as caught:
        made = DAG("d", concurrency=3, fail_stop=True, default_view="grid", sla_miss_callback=print)
    assert (made.max_active_tasks, made.fail_fast) == (3, True)
    assert len(caught) == 4


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"foo": 1}, TypeError, "unexpected keyword argument 'foo'"),
        ({"schedule": 3}, ValueError, "The schedule 3 is of no known kind"),
        ({"schedule": [Asset("a")]}, NotSupportedYet, "scheduling by assets"),
        ({"deadline": object()}, NotSupportedYet, "deadline alerts"),
        ({"tags": ["x" * 101]}, ValueError, "longer than 100"),
        ({"max_active_tasks": "3"}, TypeError, "'max_active_tasks' of DAG 'd' must be int"),
        ({"dagrun_timeout": 3}, TypeError, "'dagrun_timeout'"),
        ({"allowed_run_types": "yearly"}, ValueError, "yearly"),
        ({"owner_links": {"a": "nolink"}}, ValueError, "nolink"),
    ],
)
def test_mistakes_are_named(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        DAG("d", **arguments)


def test_a_bad_cron_expression_is_an_error_of_the_dag() -> None:
    with pytest.raises(AirflowTimetableInvalid, match="nonsense"):
        dag_to_spec(DAG("d", schedule="nonsense"), "f.py")


def test_a_scheduled_dag_needs_defaults_for_its_params() -> None:
    made = DAG("d", schedule="@daily", params={"p": Param(type="string")})
    with pytest.raises(ValueError, match="param 'p' needs a default"):
        dag_to_spec(made, "f.py")


def test_dates_without_zone_are_utc_and_text_is_parsed() -> None:
    made = DAG("d", start_date=datetime(2024, 1, 1), default_args={"end_date": "2024-02-01"})
    assert made.start_date == datetime(2024, 1, 1, tzinfo=UTC)
    assert made.end_date == datetime(2024, 2, 1, tzinfo=UTC)


def test_the_decorator_makes_params_of_arguments() -> None:
    @dag(schedule=None, params={"q": 1})
    def flow(a: int = 5, b: Any = B) -> None:
        """What it does."""

        @task
        def use(x: int) -> int:
            return x

        use(a)

    plain, other = flow(), flow(a=7)
    assert (plain.dag_id, plain.doc_md) == ("flow", "What it does.")
    assert plain.params.dump() == {"q": 1, "a": 5, "b": 3}
    assert other.params.dump() == {"q": 1, "a": 7, "b": 3}
    assert plain.task_ids == ["use"]


class Quarterly(Timetable):
    """A timetable of the user's."""

    def __init__(self, month: int = 1) -> None:
        self.month = month

    def serialize(self) -> dict[str, Any]:
        return {"month": self.month}

    def infer_manual_data_interval(self, *, run_after: Any) -> DataInterval:
        return DataInterval.exact(run_after)


def test_a_timetable_of_the_users_is_custom() -> None:
    found = spec(DAG("d", schedule=Quarterly(4)))
    assert found["timetable"]["type"] == "custom"
    assert found["timetable"]["args"] == {"month": 4}
    assert found["timetable"]["class_path"].endswith("Quarterly")


class Shifted(CronDataIntervalTimetable):
    """A subclass of a built-in one, which may override anything."""


def test_a_subclass_of_a_built_in_timetable_is_custom_too() -> None:
    assert spec(DAG("d", schedule=Shifted("@daily", "UTC")))["timetable"]["type"] == "custom"


def test_default_args_may_hold_what_cannot_be_copied() -> None:
    class Notifier:
        def __init__(self) -> None:
            self.lock = threading.Lock()

        def notify(self, context: Any) -> None: ...

    notify = Notifier().notify
    defaults: dict[str, Any] = {"on_failure_callback": notify, "params": {"p": 1}}
    with DAG("d", default_args=defaults) as dag:
        task = EmptyOperator(task_id="t")
    assert task.on_failure_callback == [notify]
    assert dag.params["p"] == 1
    assert set(defaults) == {"on_failure_callback", "params"}


class Opaque:
    """Its text differs from process to process."""


def page_someone(context: Any) -> None: ...


def test_a_spec_shows_default_args_as_json_without_secrets() -> None:
    made = DAG(
        "d",
        default_args={
            "owner": "ann",
            "retries": 1,
            "retry_delay": timedelta(days=1, minutes=5, milliseconds=500),
            "execution_timeout": timedelta(0),
            "start_date": datetime(2024, 1, 1, 2, tzinfo=ZoneInfo("Europe/Berlin")),
            "trigger_rule": TriggerRule.ALL_DONE,
            "on_failure_callback": [page_someone, functools.partial(page_someone)],
            "on_retry_callback": [].append,
            "email": {"b@x.org", "a@x.org"},
            "resources": {"helper": Opaque(), "cpus": (1, float("inf")), "db_password": "hunter2"},
        },
    )
    here = __name__
    assert spec(made)["default_args"] == {
        "owner": "ann",
        "retries": 1,
        "retry_delay": "P1DT5M0.5S",
        "execution_timeout": "PT0S",
        "start_date": "2024-01-01T01:00:00Z",
        "trigger_rule": "all_done",
        "on_failure_callback": [f"{here}.page_someone", "functools.partial"],
        "on_retry_callback": "builtins.list.append",
        "email": ["a@x.org", "b@x.org"],
        "resources": {"helper": f"{here}.Opaque", "cpus": [1, "inf"], "db_password": "***"},
    }
    assert "default_args" not in spec(DAG("d"))


def test_default_args_that_hold_themselves_have_an_end() -> None:
    knot: dict[str, Any] = {}
    knot["again"] = knot
    assert "builtins.dict" in json.dumps(spec(DAG("d", default_args=knot))["default_args"])


def test_dates_are_pendulums_in_utc_however_they_were_given() -> None:
    given = pendulum.datetime(2024, 1, 1, tz="Europe/Paris")
    for start in (given, datetime(2023, 12, 31, 23, tzinfo=UTC)):
        with DAG("d", start_date=start) as dag:
            of_dag = EmptyOperator(task_id="a")
            own = EmptyOperator(task_id="b", start_date=datetime(2025, 1, 1))
        for found in (dag.start_date, of_dag.start_date):
            assert (type(found), found) == (pendulum.DateTime, given)
            assert found.tzinfo == pendulum.timezone("UTC")
        assert own.start_date == pendulum.datetime(2025, 1, 1)
    assert DAG("e").start_date is None


def test_catchup_needs_a_start_date_if_there_is_a_schedule() -> None:
    with pytest.raises(ValueError, match="DAG 'd' has catchup=True and no start_date"):
        DAG("d", schedule="@daily", catchup=True)
    DAG("d", schedule=None, catchup=True)
    DAG("d", schedule=[], catchup=True)
    DAG("d", schedule="@daily", catchup=True, default_args={"start_date": datetime(2024, 1, 1)})


def test_dags_with_the_same_facts_are_equal() -> None:
    def make(dag_id: str = "d", task_id: str = "a") -> DAG:
        with DAG(dag_id, schedule="@daily", start_date=datetime(2024, 1, 1)) as dag:
            EmptyOperator(task_id=task_id)
        return dag

    assert make() == make()
    assert len({make(), make()}) == 1
    assert make() != make("e")
    assert make() != make(task_id="b")
    assert make() != "d"


def test_tasks_are_sorted_as_they_were_written_and_groups_stay_together() -> None:
    with DAG("d") as dag:
        z = EmptyOperator(task_id="z")
        with TaskGroup("g"):
            EmptyOperator(task_id="y") >> EmptyOperator(task_id="x")
        a, last = EmptyOperator(task_id="a"), EmptyOperator(task_id="last")
        late = EmptyOperator(task_id="late")
        late >> a
        z >> last
    found = [task.task_id for task in dag.topological_sort()]
    assert found == ["z", "g.y", "g.x", "last", "late", "a"]


@pytest.mark.parametrize(
    ("zone", "name", "noon"),
    [
        (None, "UTC", "12:00"),
        (UTC, "UTC", "12:00"),
        (ZoneInfo("Asia/Tokyo"), "Asia/Tokyo", "21:00"),
        (timezone(timedelta(hours=2)), "+02:00", "14:00"),
        (pendulum.timezone("Europe/Berlin"), "Europe/Berlin", "13:00"),
    ],
)
def test_the_timezone_converts_as_pendulums(zone: Any, name: str, noon: str) -> None:
    dag = DAG("d", start_date=datetime(2024, 1, 1, tzinfo=zone))
    assert dag.timezone.name == name  # type: ignore[attr-defined]
    at = dag.timezone.convert(datetime(2024, 1, 1, 12, tzinfo=UTC))  # type: ignore[attr-defined]
    assert at.strftime("%H:%M") == noon
