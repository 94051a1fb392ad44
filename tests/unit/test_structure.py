"""The order of a DAG's nodes, as Airflow's grid has it."""

from __future__ import annotations

from typing import Any

from slipstream.api.structure import graph_of, nodes_of


def task(task_id: str, *downstream: str, **kwargs: Any) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "type": "T",
        "module": "m",
        "downstream": list(downstream),
        **kwargs,
    }


def spec(*tasks: dict[str, Any], **kwargs: Any) -> Any:
    return {"tasks": list(tasks), **kwargs}


def ids(found: Any) -> list[str]:
    return [node["id"] for node in nodes_of(found)]


def test_siblings_are_in_the_order_of_their_ids_after_what_they_depend_on() -> None:
    assert ids(spec(task("c", "a"), task("b"), task("a"))) == ["b", "c", "a"]
    # Passing over the siblings again and again: d comes in the pass that freed it.
    assert ids(spec(task("z", "a"), task("a", "d"), task("b"), task("d"))) == ["b", "z", "a", "d"]


def test_a_group_stands_where_it_belongs_with_its_tasks_after_it() -> None:
    found = spec(
        task("start", "g.b"),
        task("g.b", "g.a", group="g"),
        task("g.a", "end", group="g"),
        task("g.in.x", "end", group="g.in"),
        task("end"),
        groups=[
            {"group_id": "g", "label": "g"},
            {"group_id": "g.in", "parent": "g", "label": "in"},
        ],
    )
    assert ids(found) == ["start", "g", "g.b", "g.in", "g.in.x", "g.a", "end"]
    shown = {n["id"]: (n["kind"], n["parent"], n["label"]) for n in nodes_of(found)}
    assert shown["g.in"] == ("group", "g", "in")
    assert shown["g.in.x"] == ("task", "g.in", "x")


def test_groups_that_wait_for_each_other_are_all_there() -> None:
    found = spec(
        task("a.1", "b.1", group="a"),
        task("b.1", "a.2", group="b"),
        task("a.2", group="a"),
        groups=[{"group_id": "a"}, {"group_id": "b"}],
    )
    assert ids(found) == ["a", "a.1", "a.2", "b", "b.1"]


def test_edges_carry_their_labels() -> None:
    found = graph_of(
        spec(
            task("a", "b", "c", is_setup=True),
            task("b"),
            task("c", is_teardown=True),
            edge_labels={"a": {"b": "yes"}},
        )
    )
    assert found["edges"] == [
        {"source": "a", "target": "b", "label": "yes"},
        {"source": "a", "target": "c", "label": None},
    ]
    assert [n["setup_or_teardown"] for n in found["nodes"]] == ["setup", None, "teardown"]
