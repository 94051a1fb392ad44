"""Airflow's names: modern ones import silently, old ones with a warning, missing ones say why."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.version import Version

import airflow
import airflow.sdk
from airflow._legacy import TABLE
from slipstream.sdk.exceptions import DeprecatedImportWarning
from slipstream.sdk.lazy import public_path
from slipstream.sdk.legacy_import import refuse_real_airflow


def modern_modules() -> list[str]:
    (folder,) = [p for p in airflow.__path__ if p == str(Path(airflow.__file__).parent)]
    found = (m.name for m in pkgutil.walk_packages([folder], "airflow."))
    return [name for name in found if name != "airflow.__main__"]


def test_every_modern_module_imports_silently() -> None:
    names = modern_modules()
    assert len(names) > 150
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in names:
            module = importlib.import_module(name)
            for exported in getattr(module, "__all__", ()):
                getattr(module, exported)


def test_the_sdk_has_all_of_airflows_names() -> None:
    for name in airflow.sdk.__all__:
        assert getattr(airflow.sdk, name) is not None
    assert len(airflow.sdk.__all__) >= 97


def test_what_authors_annotate_with_is_there() -> None:
    from airflow.sdk import types

    for name in ("DagRunProtocol", "RuntimeTaskInstanceProtocol", "Operator", "TaskInstanceKey"):
        assert name in types.__all__
        assert isinstance(getattr(types, name), type)


def test_the_version_is_one_that_providers_accept() -> None:
    assert Version(airflow.__version__) >= Version("3.3")


def found_or_error(module: ModuleType, name: str) -> Any:
    try:
        return getattr(module, name)
    except ImportError as e:
        return e


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in TABLE.items() for n in names])
def test_old_paths_lead_somewhere(module: str, name: str) -> None:
    old = importlib.import_module(module)
    target = TABLE[module][name]
    if target.startswith("!"):
        with pytest.raises(ImportError, match=re.escape(target[1:])):
            getattr(old, "anything" if name == "*" else name)
        return
    with pytest.warns(DeprecatedImportWarning, match="is an old name; "):
        found = found_or_error(old, name)
    if isinstance(found, ImportError):
        assert target.startswith("airflow.providers.")
        assert "install apache-airflow-providers-" in str(found)
    assert found is not None


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in TABLE.items() for n in names])
def test_the_advice_for_an_old_path_can_be_followed(module: str, name: str) -> None:
    target = TABLE[module][name]
    advised = None if target.startswith("!") else public_path(target, name)
    if advised is None or advised.startswith("airflow.providers."):
        return
    path, _, wanted = advised.rpartition(".")
    assert hasattr(importlib.import_module(path), wanted)


def test_a_warning_names_the_line_that_imports() -> None:
    with pytest.warns(DeprecatedImportWarning, match=r"use airflow\.sdk\.exceptions\.") as seen:
        from airflow import AirflowException  # noqa: F401 (the import is the test)
    assert {w.filename for w in seen} == {__file__}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("from airflow.operators.python_operator import PythonOperator as x", "PythonOperator"),
        ("from airflow.operators.dummy_operator import DummyOperator as x", "EmptyOperator"),
        ("from airflow.operators.bash_operator import BashOperator as x", "BashOperator"),
        ("from airflow.models.baseoperator import chain as x", "chain"),
        ("from airflow.operators.python import task as x; x = type(x)", "TaskDecoratorCollection"),
        ("from airflow.utils.dates import days_ago as x", "days_ago"),
        ("from airflow.utils.weekday import WeekDay as x", "WeekDay"),
        ("from airflow.operators.python import SkipMixin as x", "SkipMixin"),
        ("from airflow.datasets import Dataset as x", "Dataset"),
        ("from airflow.contrib.sensors.file_sensor import FileSensor as x", "FileSensor"),
        ("from airflow.utils.decorators import apply_defaults as x", "apply_defaults"),
        ("from airflow.serialization.serde import serialize as x", "encode"),
        ("import airflow.operators.bash; x = airflow.operators.bash.BashOperator", "BashOperator"),
    ],
)
def test_statements_of_old_dag_files(statement: str, expected: str) -> None:
    names: dict[str, type] = {}
    with pytest.warns(DeprecatedImportWarning):
        exec(statement, names)
    assert names["x"].__name__ == expected


def test_old_dag_files_reach_through_the_package() -> None:
    program = (
        "import airflow\n"
        "print(airflow.utils.dates.days_ago(1).hour)\n"
        "print(airflow.utils.trigger_rule.TriggerRule.ALL_DONE)\n"
        "print(airflow.utils.helpers.chain.__name__)\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]  # a process that has no module yet
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "all_done", "chain"]


def test_a_name_that_never_was_is_an_ordinary_import_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"airflow\.nonsense"):
        importlib.import_module("airflow.nonsense")
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        airflow.sdk.Nonsense


def test_below_a_module_that_is_not_ours_the_reason_is_told() -> None:
    reason = (
        r"No module named 'airflow\.example_dags\.tutorial': Slipstream ships examples of its own"
    )
    with pytest.raises(ModuleNotFoundError, match=reason) as raised:
        importlib.import_module("airflow.example_dags.tutorial")
    assert raised.value.name == "airflow.example_dags.tutorial"


def test_other_distributions_extend_the_package(tmp_path: Path) -> None:
    package = tmp_path / "airflow" / "providers" / "mine"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("VALUE = 7\n")
    code = "from airflow.providers.mine import VALUE; from airflow.sdk import DAG; print(VALUE)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(tmp_path), "AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "7"


def test_a_real_airflow_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "airflow"
    real.mkdir()
    (real / "migrations").mkdir()
    with pytest.raises(ImportError, match="pip uninstall apache-airflow"):
        refuse_real_airflow([airflow.__path__[0], str(real)], str(airflow.__file__))


def test_old_paths_are_told_to_those_who_can_change_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from airflow.operators.python import PythonOperator\nfrom airflow import Dataset\n"
    installed = tmp_path / "site-packages" / "some_package.py"
    own = tmp_path / "own_module.py"
    installed.parent.mkdir()
    for path in (installed, own):
        path.write_text(text)
        monkeypatch.syspath_prepend(path.parent)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        importlib.import_module("some_package")
    with pytest.warns(DeprecatedImportWarning) as told:
        importlib.import_module("own_module")
    assert {warning.filename for warning in told} == {str(own)}


def test_names_that_dag_files_write_without_using_the_engine_are_there(tmp_path: Path) -> None:
    from airflow.executors.local_executor import LocalExecutor
    from airflow.providers.standard.version_compat import AIRFLOW_V_3_3_PLUS
    from airflow.security.permissions import ACTION_CAN_READ, RESOURCE_DAG
    from airflow.utils.code_utils import get_python_source, prepare_code_snippet

    assert LocalExecutor.__name__ == "LocalExecutor"
    assert AIRFLOW_V_3_3_PLUS is True
    assert (ACTION_CAN_READ, RESOURCE_DAG) == ("can_read", "DAGs")
    assert "def found_or_error" in (get_python_source(found_or_error) or "")
    path = tmp_path / "file.py"
    path.write_text("one\ntwo\nthree\n")
    assert prepare_code_snippet(path, 2, 1) == "   1 | one\n>  2 | two\n   3 | three"
