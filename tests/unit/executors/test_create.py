"""``[core] executor``: names, aliases, and clear words for those that cannot be."""

from __future__ import annotations

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
    ("names", "words"),
    [
        ("NoSuch", "'NoSuch'"),
        ("CeleryExecutor", "'celery' extra"),
        ("airflow.providers.celery.executors.celery_executor.CeleryExecutor", "'celery' extra"),
        ("DaskExecutor", "'dask' extra"),
        ("KubernetesExecutor", "no KubernetesExecutor"),
        ("", "is empty"),
        ("LocalExecutor,LocalExecutor", "twice"),
    ],
)
def test_what_cannot_be_is_said_in_one_message(names: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        executors.create(names)
    assert "[core] executor" in str(caught.value)
