"""Loading files: DAGs are found however they were made, and errors keep their tracebacks."""

from __future__ import annotations

import os
import sys
import traceback
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow.utils import file
from slipstream.sdk import policy
from slipstream.sdk.dagcontext import DagContext
from slipstream.sdk.loader import load_file
from slipstream.sdk.serialize import dag_to_spec


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith(("unusual_prefix_", "zipped", "airflow_local_settings")):
            del sys.modules[name]


CYCLE = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator as E
with DAG("d"):
    a, b = E(task_id="a"), E(task_id="b")
    a >> b >> a
"""


def write(folder: Path, text: str, name: str = "f.py") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_dags_are_found_however_they_are_made(folder: Path) -> None:
    path = write(
        folder,
        "from airflow.sdk import DAG, dag\n"
        "kept = DAG('in_globals')\n"
        "with DAG('forgotten'): pass\n"
        "with DAG('unregistered', auto_register=False) as x: pass\n"
        "del x\n"
        "@dag\n"
        "def decorated(): pass\n"
        "decorated()\n"
        "def hidden(): return DAG('local')\n"
        "hidden()\n",
    )
    loaded = load_file(path)
    assert sorted(loaded.dags) == ["decorated", "forgotten", "in_globals"]
    assert loaded.errors == []
    assert {dag.fileloc for dag in loaded.dags.values()} == {str(path)}


def test_a_file_saved_twice_within_a_second_is_loaded_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    for dag_id in ("one", "two"):
        path = write(folder, f"from airflow.sdk import DAG\nx = DAG({dag_id!r})\n")
        os.utime(path, (1_800_000_000, 1_800_000_000))
        assert list(load_file(path).dags) == [dag_id]


def test_an_error_keeps_its_traceback_and_leaves_nothing_open(folder: Path) -> None:
    path = write(folder, "from airflow.sdk import DAG\nwith DAG('d'):\n    1 / 0\n")
    loaded = load_file(path)
    (error,) = loaded.errors
    assert isinstance(error, ZeroDivisionError)
    assert f'File "{path}", line 3' in "".join(traceback.format_exception(error))
    assert loaded.dags == {}
    assert DagContext.get_current() is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x = ", "SyntaxError"),
        ("import sys; sys.exit(3)", "SystemExit"),
        ("import no_such_module_here", "ModuleNotFoundError"),
        (
            "from airflow.sdk import DAG\na = DAG('same')\nb = DAG('same')\n",
            "AirflowDagDuplicatedIdException",
        ),
        (
            CYCLE,
            "AirflowDagCycleException",
        ),
    ],
)
def test_what_a_file_can_do_wrong(folder: Path, text: str, error: str) -> None:
    assert [type(e).__name__ for e in load_file(write(folder, text)).errors] == [error]


def test_two_files_of_one_name_do_not_meet(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    one = write(folder / "a", "from airflow.sdk import DAG\nd = DAG('one')\n")
    two = write(folder / "b", "from airflow.sdk import DAG\nd = DAG('two')\n")
    assert list(load_file(one).dags) == ["one"]
    assert list(load_file(two).dags) == ["two"]


def test_archives_are_loaded_from_their_root_modules(folder: Path) -> None:
    path = folder / "zipped.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "zipped_dag.py",
            "from airflow.sdk import DAG\nfrom zipped_helper import NAME\nd = DAG(NAME)\n",
        )
        archive.writestr("zipped_helper.py", "NAME = 'from_zip'\n")
        archive.writestr("deep/zipped_not_root.py", "from airflow.sdk import DAG\n1 / 0\n")
    loaded = load_file(path)
    assert loaded.errors == []
    assert loaded.dags["from_zip"].fileloc == f"{path}/zipped_dag.py"


def test_a_bad_archive_is_an_error(folder: Path) -> None:
    assert len(load_file(write(folder, "not a zip", "bad.zip")).errors) == 1


def test_threads_that_a_file_starts_are_noticed(folder: Path) -> None:
    path = write(
        folder,
        "import threading\nfrom airflow.sdk import DAG\nd = DAG('d')\n"
        "stop = threading.Event()\nthread = threading.Thread(target=stop.wait, daemon=True)\n"
        "thread.start()\n",
    )
    loaded = load_file(path)
    assert loaded.threads_started
    (module,) = loaded.modules
    module.stop.set()
    module.thread.join(5)
    assert not load_file(write(folder, "from airflow.sdk import DAG\n")).threads_started


def test_cluster_policies_see_dags_and_tasks(folder: Path) -> None:
    write(
        folder,
        "from airflow.exceptions import AirflowClusterPolicyViolation, AirflowClusterPolicySkipDag\n"
        "def task_policy(task):\n    task.queue = 'policy'\n"
        "def dag_policy(dag):\n"
        "    if dag.dag_id == 'bad':\n        raise AirflowClusterPolicyViolation('no owner')\n"
        "    if dag.dag_id == 'skipped':\n        raise AirflowClusterPolicySkipDag\n"
        "    if dag.dag_id == 'broken':\n        1 / 0\n",
        "airflow_local_settings.py",
    )
    path = write(
        folder,
        "from airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.empty import EmptyOperator\n"
        "good, bad, skipped, broken = map(DAG, ('good', 'bad', 'skipped', 'broken'))\n"
        "EmptyOperator(task_id='t', dag=good)\n",
    )
    sys.path.insert(0, str(folder))
    policy._policies.cache_clear()
    try:
        loaded = load_file(path)
    finally:
        policy._policies.cache_clear()
    assert list(loaded.dags) == ["good"]
    assert loaded.dags["good"].get_task("t").queue == "policy"
    assert sorted(type(e).__name__ for e in loaded.errors) == [
        "AirflowClusterPolicyError",
        "AirflowClusterPolicyViolation",
    ]


def test_where_a_file_lies_does_not_change_its_dags(folder: Path) -> None:
    text = (
        "from airflow.sdk import DAG, BaseOperator\n"
        "from airflow.timetables.base import Timetable\n"
        "class Mine(BaseOperator): pass\n"
        "class Never(Timetable): can_be_scheduled = False\n"
        "with DAG('d', schedule=Never()): Mine(task_id='t')\n"
    )
    specs = []
    for name in ("here", "there"):
        (folder / name).mkdir()
        loaded = load_file(write(folder / name, text))
        specs.append(dag_to_spec(loaded.dags["d"], "f.py"))
    assert specs[0] == specs[1]
    assert specs[0]["tasks"][0]["module"] == "f"
    assert specs[0]["timetable"] == {"type": "custom", "class_path": "f.Never"}


def test_a_rule_for_dag_files_can_build_on_airflows(tmp_path: Path) -> None:
    dag_file, other = tmp_path / "flow.py", tmp_path / "other.py"
    dag_file.write_text("from airflow.sdk import dag\n")
    other.write_text("print('airflow')\n")
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(dag_file, "flow.py")
        archive.write(other, "other.py")
    rule = file.might_contain_dag_via_default_heuristic
    assert [rule(str(path)) for path in (dag_file, other, packed)] == [True, False, True]
    with zipfile.ZipFile(packed) as archive:
        assert (rule("flow.py", archive), rule("other.py", archive)) == (True, False)
    assert file.might_contain_dag(str(other), safe_mode=False)
    inside = str(packed / "flow.py")
    assert file.correct_maybe_zipped(inside) == str(packed)
    assert file.correct_maybe_zipped(str(dag_file)) == str(dag_file)
    with file.open_maybe_zipped(inside) as opened:
        assert opened.read() == dag_file.read_text()
    found = file.get_unique_dag_module_name(str(dag_file))
    assert found.startswith("unusual_prefix_")
    assert found.endswith("_flow")
