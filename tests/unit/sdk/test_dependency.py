"""Dependencies: whatever connects, the edges are the same on both ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from slipstream.sdk.dag import DAG
from slipstream.sdk.dependency import chain, chain_linear, cross_downstream
from slipstream.sdk.edge import Label
from slipstream.sdk.exceptions import (
    AirflowDagCycleException,
    DuplicateTaskIdFound,
    NodeNotFound,
    TaskNotFound,
)
from slipstream.sdk.standard.empty import EmptyOperator
from slipstream.sdk.taskgroup import TaskGroup
from slipstream.sdk.taskgroup_decorator import task_group

E = EmptyOperator


def edges(dag: DAG) -> dict[str, list[str]]:
    for task in dag.tasks:
        for down in task.downstream_list:
            assert task.task_id in down.upstream_task_ids
    return {t.task_id: sorted(t.downstream_task_ids) for t in dag.tasks if t.downstream_task_ids}


def make(connect: Callable[[list[E]], Any]) -> dict[str, list[str]]:
    with DAG("d") as dag:
        connect([E(task_id=str(i)) for i in range(6)])
    return edges(dag)


@pytest.mark.parametrize(
    ("connect", "expected"),
    [
        (lambda t: t[0] >> t[1] >> t[2], {"0": ["1"], "1": ["2"]}),
        (lambda t: t[0] << t[1] << t[2], {"1": ["0"], "2": ["1"]}),
        (lambda t: t[0] >> [t[1], t[2]] >> t[3], {"0": ["1", "2"], "1": ["3"], "2": ["3"]}),
        (lambda t: [t[0], t[1]] << t[2], {"2": ["0", "1"]}),
        (lambda t: t[0].set_downstream([t[1], [t[2]]]), {"0": ["1", "2"]}),
        (
            lambda t: chain(t[0], [t[1], t[2]], [t[3], t[4]], t[5]),
            {"0": ["1", "2"], "1": ["3"], "2": ["4"], "3": ["5"], "4": ["5"]},
        ),
        (
            lambda t: chain_linear(t[0], [t[1], t[2]], [t[3], t[4]]),
            {"0": ["1", "2"], "1": ["3", "4"], "2": ["3", "4"]},
        ),
        (
            lambda t: cross_downstream([t[0], t[1]], [t[2], t[3]]),
            {"0": ["2", "3"], "1": ["2", "3"]},
        ),
        (lambda t: t[0] >> Label("x") >> [t[1], t[2]], {"0": ["1", "2"]}),
    ],
)
def test_edges(connect: Callable[[list[E]], Any], expected: dict[str, list[str]]) -> None:
    assert make(connect) == expected


def test_labels_are_kept_by_edge() -> None:
    with DAG("d") as dag:
        a, b, c = (E(task_id=x) for x in "abc")
        a >> Label("why") >> [b, c]
        b << Label("back") << c
    assert dag.edge_info == {
        "a": {"b": {"label": "why"}, "c": {"label": "why"}},
        "c": {"b": {"label": "back"}},
    }


def test_lists_of_different_length_do_not_chain() -> None:
    with pytest.raises(ValueError, match="one has 2 tasks, the other 3"):
        make(lambda t: chain(t[:2], t[2:5]))


def test_a_thing_that_is_no_task_is_named() -> None:
    with pytest.raises(TypeError, match="A str cannot be before or after a task: 'x'"):
        make(lambda t: t[0] >> "x")


def test_tasks_of_two_dags_do_not_connect() -> None:
    a, b = E(task_id="a", dag=DAG("one")), E(task_id="b", dag=DAG("two"))
    with pytest.raises(RuntimeError, match="'one', 'two'"):
        a >> b


def test_a_task_without_dag_joins_that_of_its_neighbour() -> None:
    dag = DAG("d")
    a, b = E(task_id="a", dag=dag), E(task_id="b")
    a >> b
    assert b.dag is dag
    assert dag.task_ids == ["a", "b"]


def test_tasks_without_any_dag_do_not_connect() -> None:
    with pytest.raises(ValueError, match="a, b"):
        E(task_id="a") >> E(task_id="b")


def test_a_cycle_is_found() -> None:
    with DAG("d") as dag:
        a, b = E(task_id="a"), E(task_id="b")
        a >> b >> a
    with pytest.raises(AirflowDagCycleException, match="DAG 'd' has a circle of tasks"):
        dag.check_cycle()


def test_an_id_is_used_once() -> None:
    with DAG("d"):
        E(task_id="a")
        with pytest.raises(DuplicateTaskIdFound, match="'a'"):
            E(task_id="a")
        with pytest.raises(DuplicateTaskIdFound, match="'a'"):
            TaskGroup("a")


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(TaskNotFound, match="nope"):
        DAG("d").get_task("nope")
    with pytest.raises(NodeNotFound, match="nope"):
        DAG("d")["nope"]


def test_groups_prefix_ids_and_connect_by_their_ends() -> None:
    with DAG("d") as dag:
        a = E(task_id="a")
        with TaskGroup("g") as g:
            E(task_id="b") >> E(task_id="c")
            with TaskGroup("plain", prefix_group_id=False):
                E(task_id="e")
        z = E(task_id="z")
        a >> g >> z
    assert edges(dag) == {"a": ["e", "g.b"], "e": ["z"], "g.b": ["g.c"], "g.c": ["z"]}
    assert sorted(dag.task_group_dict) == ["g", "g.plain"]
    assert dag.get_task("g.b").label == "b"


@pytest.mark.parametrize(
    "connect",
    [
        lambda a, b, g, h: a >> g >> h >> b,
        lambda a, b, g, h: (h >> b, g >> h, a >> g),
        lambda a, b, g, h: chain(a, [g], h, b),
        lambda a, b, g, h: [a] >> Label("why") >> g >> Label("so") >> b,
        lambda a, b, g, h: (b << h, h << a.output),
    ],
)
def test_an_empty_group_is_no_gap(connect: Callable[..., Any]) -> None:
    with DAG("d") as dag:
        a, b = E(task_id="a"), E(task_id="b")
        with TaskGroup("g") as g, TaskGroup("in_it"):
            pass
        connect(a, b, g, TaskGroup("h"))
    assert edges(dag) == {"a": ["b"]}


def test_empty_groups_in_a_circle_are_left_alone() -> None:
    with DAG("d") as dag:
        g, h = TaskGroup("g"), TaskGroup("h")
        g >> h >> g
        h >> E(task_id="a")
    assert edges(dag) == {}


def test_a_teardown_is_not_a_leaf_of_its_group() -> None:
    with DAG("d") as dag:
        with TaskGroup("g") as g:
            setup = E(task_id="s").as_setup()
            work = E(task_id="w")
            setup >> work >> E(task_id="t").as_teardown(setups=setup)
        g >> E(task_id="after")
    assert edges(dag)["g.w"] == ["after", "g.t"]
    assert "after" not in dag.get_task("g.t").downstream_task_ids


def test_a_decorated_group_can_be_used_twice() -> None:
    @task_group
    def pair(n: int) -> Any:
        """A tip."""
        first, second = E(task_id="first"), E(task_id="second")
        first >> second

    with DAG("d") as dag:
        pair(1) >> pair(2)
    assert edges(dag) == {
        "pair.first": ["pair.second"],
        "pair.second": ["pair__1.first"],
        "pair__1.first": ["pair__1.second"],
    }
    assert dag.task_group_dict["pair"].tooltip == "A tip."


def test_a_subset_keeps_the_relatives_asked_for() -> None:
    with DAG("d") as dag:
        with TaskGroup("g"):
            a, b = E(task_id="a"), E(task_id="b")
        a >> b >> E(task_id="c")
    subset = dag.partial_subset("g.b", include_upstream=False, include_downstream=True)
    assert sorted(subset.task_ids) == ["c", "g.b"]
    assert subset.get_task("g.b").upstream_task_ids == set()
    assert sorted(dag.task_ids) == ["c", "g.a", "g.b"]
