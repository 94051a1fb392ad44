"""Params: checked by their schemas, overridden by a run's conf."""

from __future__ import annotations

from typing import Any

import pytest

from slipstream.sdk.dag import DAG
from slipstream.sdk.exceptions import ParamValidationError
from slipstream.sdk.param import Param, ParamsDict, process_params
from slipstream.sdk.standard.python import PythonOperator

from .conftest import Runner


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, {"any": "thing"}),
        ({"type": "integer"}, 3),
        ({"type": "integer"}, 3.0),
        ({"type": "number"}, 1),
        ({"type": ["null", "string"]}, None),
        ({"enum": ["a", "b"]}, "a"),
        ({"type": "string", "format": "date"}, "2024-01-31"),
        ({"type": "array", "items": {"type": "integer"}}, [1, 2]),
        ({"type": "boolean", "title": "T", "description_md": "x"}, True),
    ],
)
def test_values_that_fit(schema: dict[str, Any], value: Any) -> None:
    assert Param(value, **schema).resolve() == value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, "3"),
        ({"type": "integer"}, True),
        ({"type": "string"}, None),
        ({"enum": ["a", "b"]}, "c"),
        ({"type": "string", "minLength": 5}, "abc"),
        ({"type": "string", "format": "date"}, "2024-13-01"),
        ({"type": "array", "items": {"type": "integer"}}, ["x"]),
    ],
)
def test_values_that_do_not_fit(schema: dict[str, Any], value: Any) -> None:
    with pytest.raises(ParamValidationError):
        Param(value, **schema).resolve()


def test_a_param_without_value_is_required() -> None:
    with pytest.raises(ParamValidationError, match="neither a value nor a default"):
        Param(type="string").resolve()


def test_defaults_must_be_json() -> None:
    with pytest.raises(ParamValidationError, match="must have a JSON form"):
        Param(object())


def test_a_dict_of_params_reads_as_its_values() -> None:
    params = ParamsDict({"a": 1, "b": Param(2, type="integer")})
    assert (params["a"], dict(params), len(params), "b" in params) == (
        1,
        {"a": 1, "b": 2},
        2,
        True,
    )
    params["b"] = 5
    assert params.get_param("b").schema == {"type": "integer"}
    with pytest.raises(ParamValidationError, match="Param 'b'"):
        params["b"] = "x"


def test_the_conf_overrides_dag_and_task() -> None:
    dag = DAG("d", params={"a": 1, "b": Param(2, type="integer")})
    task = PythonOperator(task_id="t", dag=dag, python_callable=print, params={"c": 3})
    merged = process_params(dag, task.params, {"b": 9, "extra": 1}, suppress_exception=False)
    assert merged == {"a": 1, "b": 9, "c": 3, "extra": 1}
    with pytest.raises(ParamValidationError, match="Param 'b'"):
        process_params(dag, task.params, {"b": "x"}, suppress_exception=False)
    assert dag.params.dump() == {"a": 1, "b": 2}


def test_a_task_gets_them_in_its_context(run: Runner) -> None:
    with DAG("d", params={"a": 1}) as dag:
        PythonOperator(
            task_id="t",
            python_callable=lambda params, x: [params["a"], x],
            op_args=[],
            op_kwargs={"x": dag.param("a")},
        )
    assert run.result(dag, "t", conf={"a": 7}) == [7, 7]
