"""Templates: what is rendered, with which names, and what stays as it is."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import pytest

from slipstream.sdk import macros
from slipstream.sdk.context import Context
from slipstream.sdk.dag import DAG
from slipstream.sdk.operator import BaseOperator
from slipstream.sdk.standard.bash import BashOperator
from slipstream.sdk.standard.python import PythonOperator
from slipstream.sdk.template import literal

from .conftest import MemoryAPI, Runner


class Holder:
    template_fields = ("inner",)

    def __init__(self, inner: Any) -> None:
        self.inner = inner


class Anything(BaseOperator):
    template_fields = ("value",)

    def __init__(self, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value

    def execute(self, context: Any) -> Any:
        return None


def render(value: Any, names: dict[str, Any] | None = None, **dag_arguments: Any) -> Any:
    task = Anything(task_id="t", value=value, dag=DAG("d", **dag_arguments))
    task.render_template_fields(Context(names or {"x": 1}))
    return task.value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a {{ x }}", "a 1"),
        ("plain", "plain"),
        ("one newline goes\n", "one newline goes"),
        ("two\n\n", "two\n"),
        (["{{ x }}", 2], ["1", 2]),
        (("{{ x }}",), ("1",)),
        ({"{{ x }}": "{{ x }}"}, {"{{ x }}": "1"}),
        ({"{{ x }}"}, {"1"}),
        ({"a": [{"b": "{{ x }}"}]}, {"a": [{"b": "1"}]}),
        (literal("{{ x }}"), "{{ x }}"),
        ("{% do 1 %}ok", "ok"),
        (7, 7),
        (None, None),
    ],
)
def test_values_are_rendered_however_they_nest(value: Any, expected: Any) -> None:
    assert render(value) == expected


def test_objects_with_template_fields_are_rendered_in_place() -> None:
    assert render([Holder("{{ x }}")])[0].inner == "1"


def test_undefined_names_are_errors() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'nope' is undefined"):
        render("{{ nope }}")


def test_the_environment_is_sandboxed() -> None:
    with pytest.raises(jinja2.exceptions.SecurityError):
        render("{{ x.__class__ }}")
    assert render("{{ x._kept }}", {"x": type("X", (), {"_kept": 5})()}) == "5"


def test_filters_and_the_users_own_names() -> None:
    text = "{{ x|ds }} {{ x|ds_nodash }} {{ x|ts }} {{ x|ts_nodash }} {{ x|ts_nodash_with_tz }} {{ x|up }} {{ seven }}"
    found = render(
        text,
        {"x": datetime(2024, 1, 2, 3, 4, 5)},
        user_defined_filters={"up": lambda v: "UP"},
        user_defined_macros={"seven": 7},
    )
    assert found == "2024-01-02 20240102 2024-01-02T03:04:05 20240102T030405 20240102T030405 UP 7"


def test_native_rendering_keeps_types() -> None:
    native = {"render_template_as_native_obj": True}
    assert render(["{{ x }}", "1", "text"], {"x": [1, 2]}, **native) == [[1, 2], 1, "text"]
    with DAG("d") as dag:
        PythonOperator(
            task_id="t",
            python_callable=print,
            op_args=["{{ x }}"],
            render_template_as_native_obj=True,
        )
    task: Any = dag.get_task("t")
    task.render_template_fields(Context({"x": {"a": 1}}))
    assert task.op_args == [{"a": 1}]


def test_files_are_templates_too(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("select '{{ x }}'{% include 'tail.txt' %}")
    (tmp_path / "tail.txt").write_text(" -- {{ x }}")

    class Sql(Anything):
        template_ext = (".sql",)

    dag = DAG("d", template_searchpath=str(tmp_path))
    task = Sql(task_id="t", value=["q.sql", "not a file"], dag=dag)
    task.render_template_fields(Context({"x": 1}))
    assert task.value == ["select '1' -- 1", "not a file"]


def test_a_missing_template_file_is_an_error_and_a_space_makes_it_a_command() -> None:
    task = BashOperator(task_id="t", bash_command="nope.sh", dag=DAG("d"))
    with pytest.raises(jinja2.TemplateNotFound):
        task.render_template_fields(Context())
    task = BashOperator(task_id="u", bash_command="nope.sh ", dag=DAG("e"))
    task.render_template_fields(Context())
    assert task.bash_command == "nope.sh "


def test_an_error_in_a_template_tells_which_field_holds_it() -> None:
    with DAG("d"):
        task = BashOperator(task_id="t", bash_command="echo", env={"A": "{{ 1 / 0 }}"})
    with pytest.raises(ZeroDivisionError) as caught:
        task.render_template_fields(Context())
    assert caught.value.__notes__ == ["In the template field 'env': {'A': '{{ 1 / 0 }}'}"]


def test_a_template_field_without_attribute_is_named() -> None:
    class Bad(BaseOperator):
        template_fields = ("missing",)

    with pytest.raises(AttributeError, match="Bad lists 'missing' in template_fields"):
        Bad(task_id="t", dag=DAG("d")).render_template_fields(Context())


def test_dates_are_written_in_a_language() -> None:
    assert macros.ds_format_locale("2026-06-08", "%Y-%m-%d", "d MMM yyyy", "en") == "8 Jun 2026"
    assert macros.ds_format_locale("2026-06-08", "%Y-%m-%d", "EEEE", "de") == "Montag"


ALL_NAMES = """
{{ ds }} {{ ds_nodash }} {{ ts }} {{ ts_nodash }} {{ ts_nodash_with_tz }} {{ run_id }}
{{ dag.dag_id }} {{ task.task_id }} {{ ti.try_number }} {{ task_instance.task_id }}
{{ logical_date.add(days=1).to_date_string() }} {{ data_interval_start | ds }}
{{ data_interval_end.format("YYYY") }} {{ params.p }} {{ dag_run.run_type }} {{ dag_run.conf.c }}
{{ var.value.v }} {{ var.json.j.k }} {{ var.value.get("no", "fallback") }} {{ conn.c.host }}
{{ macros.ds_add(ds, 3) }} {{ macros.ds_format(ds, "%Y-%m-%d", "%d.%m.%y") }}
{{ macros.datetime(2024, 1, 1).year }} {{ macros.json.dumps([1]) }} {{ task_instance_key_str }}
{{ prev_start_date_success }} {{ inlets }} {{ outlets }} {{ test_mode }} {{ map_index_template }}
"""


def test_every_documented_name_is_there(run: Runner, api: MemoryAPI) -> None:
    api.variables.update(v="value", j='{"k": "json"}')
    api.connections["c"] = {"conn_type": "http", "host": "example"}
    with DAG("d", params={"p": "param"}) as dag:
        Anything(task_id="t", value=ALL_NAMES)
    ended = run(dag, "t", conf={"c": "conf"})
    assert ended.exception is None
    assert ended.rendered_fields is not None
    assert ended.rendered_fields["value"].split() == [
        "2024-06-03",
        "20240603",
        "2024-06-03T12:30:00+00:00",
        "20240603T123000",
        "20240603T123000+0000",
        "manual__2024-06-03T12:30:00+00:00",
        "d",
        "t",
        "1",
        "t",
        "2024-06-04",
        "2024-06-03",
        "2024",
        "param",
        "manual",
        "conf",
        "value",
        "json",
        "fallback",
        "example",
        "2024-06-06",
        "03.06.24",
        "2024",
        "[1]",
        "d__t__20240603",
        "None",
        "[]",
        "[]",
        "False",
        "None",
    ]


def test_without_a_logical_date_its_names_are_undefined(run: Runner) -> None:
    with DAG("d") as dag:
        Anything(task_id="t", value="{{ ds }}")
        Anything(task_id="u", value="{{ run_id }} {{ task_instance_key_str }}")
    assert "'ds' is undefined" in str(run(dag, "t", logical_date=None).exception)
    assert run(dag, "u", logical_date=None).exception is None


def test_plain_tasks_import_neither_jinja_nor_pendulum() -> None:
    code = (
        "import sys\n"
        "from airflow.sdk import DAG, task\n"
        "from airflow.providers.standard.operators.bash import BashOperator\n"
        "with DAG('d'):\n"
        "    b = BashOperator(task_id='b', bash_command='true')\n"
        "from slipstream.sdk.context import Context\n"
        "b.prepare_for_execution().render_template_fields(Context())\n"
        "heavy = {'jinja2', 'pendulum', 'yaml', 'dateutil', 'croniter', 'asyncio', 'sqlalchemy'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
