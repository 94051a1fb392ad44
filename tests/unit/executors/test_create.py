"""``[core] executor``: names, aliases, and clear words for those that cannot be."""

from __future__ import annotations

import sys

import pytest

from slipstream import executors
from slipstream.errors import ConfigError


def test_a_list_makes_each_the_first_being_the_default() -> None:
    made = executors.create("LocalExecutor, one:SequentialExecutor")
    assert [(name, e.name, e.capabilities.slots) for name, e in made.items()][1] == (
        "one",
        "one",
        1,
    )
    assert next(iter(made)) == "LocalExecutor"


def test_old_class_paths_are_known() -> None:
    assert list(executors.create("airflow.executors.local_executor.LocalExecutor")) == [
        "LocalExecutor"
    ]


@pytest.mark.parametrize(
    "path",
    [
        "airflow.executors.celery_executor.CeleryExecutor",
        "airflow.providers.celery.executors.celery_executor.CeleryExecutor",
    ],
)
def test_celery_is_remote_by_whatever_path_it_is_named(path: str) -> None:
    made = executors.create(f"LocalExecutor,{path},far:CeleryExecutor")
    assert [e.capabilities.is_remote for e in made.values()] == [False, True, True]
    assert list(made) == ["LocalExecutor", "CeleryExecutor", "far"]
    assert made["far"].capabilities.slots is None


@pytest.mark.parametrize(
    "path",
    [
        "airflow.executors.dask_executor.DaskExecutor",
        "airflow.providers.daskexecutor.executors.dask_executor.DaskExecutor",
    ],
)
def test_dask_is_remote_by_whatever_path_it_is_named_and_not_imported_yet(path: str) -> None:
    before = set(sys.modules)
    made = executors.create(f"LocalExecutor,{path},far:DaskExecutor")
    assert [e.capabilities.is_remote for e in made.values()] == [False, True, True]
    assert list(made) == ["LocalExecutor", "DaskExecutor", "far"]
    assert "distributed" not in set(sys.modules) - before, "that is its thread's business"


@pytest.mark.parametrize(
    ("extra", "module", "name"),
    [("celery", "celery", "CeleryExecutor"), ("dask", "distributed", "DaskExecutor")],
)
def test_without_the_extra_one_line_says_what_to_install(
    extra: str, module: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for loaded in [n for n in sys.modules if n.startswith(f"slipstream.executors.{extra}")]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=rf"pip install 'slipstream-orchestrator\[{extra}\]'"):
        executors.create(name)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("NoSuch", "'NoSuch'"),
        ("KubernetesExecutor", "no KubernetesExecutor"),
        ("", "is empty"),
        ("LocalExecutor,LocalExecutor", "twice"),
    ],
)
def test_what_cannot_be_is_said_in_one_message(names: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        executors.create(names)
    assert "[core] executor" in str(caught.value)
