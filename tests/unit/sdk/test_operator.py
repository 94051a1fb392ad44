"""Operators: defaults reach every argument, and mistakes are named where they are made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slipstream.sdk.dag import DAG
from slipstream.sdk.exceptions import (
    AirflowException,
    FailFastDagInvalidTriggerRule,
    NotSupportedYet,
    RemovedInAirflow3Warning,
)
from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.serialize import task_to_spec
from slipstream.sdk.standard.bash import BashOperator
from slipstream.sdk.standard.empty import EmptyOperator
from slipstream.sdk.taskgroup import TaskGroup
from slipstream.state import TriggerRule


class Custom(BaseOperator):
    template_fields = ("x",)

    def __init__(self, x: int, y: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.x, self.y = x, y


class Fixed(BashOperator):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(bash_command="fixed", **kwargs)


def test_default_args_reach_every_constructor_in_the_hierarchy() -> None:
    defaults = {"retries": 3, "owner": "me", "x": 5, "bash_command": "default"}
    with DAG("d", default_args=defaults):
        custom = Custom(task_id="custom")
        assert (custom.x, custom.y, custom.retries, custom.owner) == (5, 1, 3, "me")
        assert BashOperator(task_id="bash").bash_command == "default"
        assert Fixed(task_id="fixed").bash_command == "fixed"


def test_the_nearest_default_wins() -> None:
    with (
        DAG("d", default_args={"owner": "dag", "retries": 1, "queue": "dag"}),
        TaskGroup("g", default_args={"owner": "group", "retries": 2}),
    ):
        task = EmptyOperator(task_id="t", default_args={"owner": "own"}, queue="given")
    assert (task.owner, task.retries, task.queue) == ("own", 2, "given")


def test_params_of_dag_default_args_and_task_add_up() -> None:
    with DAG("d", params={"a": 1}, default_args={"params": {"b": 2}}):
        task = EmptyOperator(task_id="t", params={"c": 3})
    assert task.params.dump() == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"foo": 1}, TypeError, "BaseOperator of task 't' does not know the arguments foo"),
        ({"task_id": "a b"}, ValueError, "may hold only letters"),
        ({"task_id": "a" * 251}, ValueError, "has 251 characters, 250 are allowed"),
        ({"task_id": 1}, TypeError, "An id is a string: 1 is a int"),
        ({"retries": "x"}, TypeError, "retries is 'x', a str"),
        ({"execution_timeout": 5}, ValueError, "execution_timeout is 5"),
        ({"trigger_rule": "sometimes"}, ValueError, "Task 'd.t' has the trigger rule 'sometimes'"),
        ({"weight_rule": "heavy"}, ValueError, "weight_rule 'heavy'"),
        ({"pool_slots": 0}, ValueError, "Task 't' in dag d takes 0 pool slots"),
        ({"priority_weight": "x"}, TypeError, "Task 't': priority_weight is 'x'"),
        ({"depends_on_past": "x"}, TypeError, "Task 't': depends_on_past is 'x'"),
        ({"start_date": 3}, TypeError, "'start_date' must be a datetime"),
        ({"retry_policy": object()}, NotSupportedYet, "retry policies"),
    ],
)
def test_mistakes_are_named(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        BaseOperator(**{"task_id": "t", "dag": DAG("d"), **arguments})


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(TypeError, match="missing keyword argument 'bash_command'"):
        BashOperator(task_id="t")


def test_positional_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="takes its arguments by name"):
        BaseOperator("t")


def test_values_are_converted() -> None:
    task = BaseOperator(
        task_id="t",
        retries="3",
        retry_delay=5,
        max_retry_delay=9,
        pool=None,
        wait_for_downstream=True,
        start_date=datetime(2024, 1, 1),
        on_failure_callback=print,
    )
    assert task.retries == 3
    assert (task.retry_delay, task.max_retry_delay) == (timedelta(seconds=5), timedelta(seconds=9))
    assert task.pool == "default_pool"
    assert task.depends_on_past
    assert task.start_date == datetime(2024, 1, 1, tzinfo=UTC)
    assert task.on_failure_callback == [print]


def test_arguments_of_airflow_2_are_understood_with_a_warning() -> None:
    with pytest.warns(RemovedInAirflow3Warning, match="task_concurrency"):
        assert EmptyOperator(task_id="t", task_concurrency=2).max_active_tis_per_dag == 2
    with pytest.warns(RemovedInAirflow3Warning, match="'dummy'"):
        assert EmptyOperator(task_id="t", trigger_rule="dummy").trigger_rule is TriggerRule.ALWAYS
    with pytest.warns(RemovedInAirflow3Warning, match="SLA"):
        EmptyOperator(task_id="t", sla=timedelta(hours=1))


def test_a_fail_fast_dag_takes_only_the_default_rule() -> None:
    with pytest.raises(FailFastDagInvalidTriggerRule):
        EmptyOperator(task_id="t", dag=DAG("d", fail_fast=True), trigger_rule="all_done")


def test_a_field_set_later_still_connects() -> None:
    with DAG("d"):
        up = EmptyOperator(task_id="up")
        down = BashOperator(task_id="down", bash_command="x")
        down.env = {"A": [up.output["k"]]}
    assert down.upstream_task_ids == {"up"}


def test_the_configuration_gives_what_a_task_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for option, value in {
        "OPERATORS__DEFAULT_OWNER": "data",
        "CORE__DEFAULT_TASK_RETRIES": "3",
        "CORE__DEFAULT_TASK_RETRY_DELAY": "20",
        "CORE__MAX_TASK_RETRY_DELAY": "600",
        "CORE__DEFAULT_TASK_WEIGHT_RULE": "upstream",
        "CORE__DEFAULT_TASK_EXECUTION_TIMEOUT": "90",
        "EMAIL__DEFAULT_EMAIL_ON_FAILURE": "False",
    }.items():
        monkeypatch.setenv(f"AIRFLOW__{option}", value)
    with DAG("d"):
        plain = BaseOperator(task_id="plain", retry_exponential_backoff=2)
        own = BaseOperator(
            task_id="own",
            owner="me",
            retries=1,
            retry_delay=timedelta(seconds=5),
            max_retry_delay=timedelta(seconds=50),
            weight_rule="absolute",
            execution_timeout=None,
            email_on_failure=True,
        )
    assert (plain.owner, plain.retries, plain.retry_delay) == ("data", 3, timedelta(seconds=20))
    assert (plain.weight_rule, plain.execution_timeout) == ("upstream", timedelta(seconds=90))
    assert (plain.email_on_failure, plain.email_on_retry) == (False, True)
    assert (own.owner, own.retries, own.retry_delay) == ("me", 1, timedelta(seconds=5))
    assert (own.weight_rule, own.execution_timeout, own.email_on_failure) == (
        "absolute",
        None,
        True,
    )
    assert task_to_spec(plain)["max_retry_delay_s"] == 600
    assert task_to_spec(own)["max_retry_delay_s"] == 50


def test_a_default_that_is_no_number_of_seconds_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TASK_EXECUTION_TIMEOUT", "long")
    with pytest.raises(AirflowException, match="default_task_execution_timeout is 'long'"):
        BaseOperator(task_id="t")
