"""Mapped tasks and groups: expansion, zero lengths, revisions, index by index dependencies."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.machine.build import Driver, dag, key, task

from slipstream.machine.event import Cleared, Marked, RunStarted
from slipstream.machine.mapping_plan import compile_mapping
from slipstream.state import DagRunState
from slipstream.state import TaskInstanceState as S


def over(*task_ids: str, **literals: Any) -> dict[str, Any]:
    by: dict[str, Any] = {f"x{i}": {"xcom": [t, "return_value"]} for i, t in enumerate(task_ids)}
    return {"kind": "expand", "by": by | literals}


def mapped(length: int = 3, **fields: Any) -> Driver:
    r = Driver(dag(task("src", "m"), task("m", "end", mapped=over("src"), **fields), task("end")))
    r.run("src", map_length=length)
    return r


def test_a_task_maps_over_the_length_of_its_upstream() -> None:
    r = mapped(3)
    assert r.states() == {
        "src": S.SUCCESS,
        "m[0]": S.SCHEDULED,
        "m[1]": S.SCHEDULED,
        "m[2]": S.SCHEDULED,
        "end": None,
    }
    assert key("m") not in r.db.rows
    for k in range(3):
        assert r.state("end") is None
        r.run(f"m[{k}]")
    r.run("end")
    assert r.run_state is DagRunState.SUCCESS


def test_literals_are_expanded_from_the_start_as_a_cross_product() -> None:
    r = Driver(dag(task("m", mapped=over(a=[1, 2, 3], b=["x", "y"]))))
    assert len(r.states()) == 6


def test_expand_kwargs_has_the_length_of_its_list() -> None:
    spec = {"kind": "expand_kwargs", "by": {"*": [{"x": 1}, {"x": 2}]}}
    assert len(Driver(dag(task("m", mapped=spec))).states()) == 2


def test_nothing_to_map_over_skips() -> None:
    r = mapped(0)
    assert r.states() == {"src": S.SUCCESS, "m": S.SKIPPED, "end": S.SKIPPED}
    assert Driver(dag(task("m", mapped=over(a=[])))).states() == {"m": S.SKIPPED}


@pytest.mark.parametrize(
    ("state", "expected"), [(S.FAILED, S.UPSTREAM_FAILED), (S.SKIPPED, S.SKIPPED)]
)
def test_what_it_maps_over_must_succeed_whatever_the_rule(state: S, expected: S) -> None:
    r = Driver(dag(task("src", "m"), task("m", mapped=over("src"), trigger_rule="all_done")))
    r.run("src", state)
    assert r.state("m") is expected


def test_a_result_without_a_length_fails_what_maps_over_it() -> None:
    r = Driver(dag(task("src", "m"), task("m", mapped=over("src"))))
    r.run("src")
    assert r.state("m") is S.UPSTREAM_FAILED


def test_one_failed_instance_fails_the_downstream_once_and_retries_alone() -> None:
    r = mapped(2, retries=1, retry_delay_s=0)
    r.run("m[0]", S.FAILED)
    assert (r.state("m[0]"), r.state("m[1]")) == (S.SCHEDULED, S.SCHEDULED)
    r.run("m[0]", S.FAILED)
    assert r.state("end") is S.UPSTREAM_FAILED
    r.run("m[1]")
    assert r.run_state is DagRunState.FAILED


def test_a_map_over_a_map_counts_the_results_that_were_pushed() -> None:
    r = Driver(
        dag(task("a", "b", mapped=over(x=[1, 2, 3])), task("b", mapped=over("a"))),
    )
    pushed = [{"key": "return_value", "value": 1}]
    r.run("a[0]", xcoms=pushed)
    r.run("a[1]")
    assert r.state("b") is None
    r.run("a[2]", xcoms=pushed)
    assert [k.map_index for k in r.machine.tis if k.task_id == "b"] == [0, 1]


def test_a_cleared_map_grows_and_shrinks_with_its_source() -> None:
    r = mapped(3)
    for k in range(3):
        r.run(f"m[{k}]")
    r.run("end")
    everything = tuple(r.machine.tis)
    r.on(Cleared(everything))
    r.on(RunStarted())
    r.run("src", map_length=2)
    assert (r.state("m[1]"), r.state("m[2]")) == (S.SCHEDULED, S.REMOVED)
    r.run("m[0]")
    r.run("m[1]")
    r.run("end")
    assert r.run_state is DagRunState.SUCCESS
    r.on(Cleared(tuple(r.machine.tis)))
    r.on(RunStarted())
    r.run("src", map_length=5)
    assert [r.state(f"m[{k}]") for k in range(5)] == [S.SCHEDULED] * 5


def test_tasks_of_a_mapped_group_meet_index_by_index() -> None:
    r = Driver(
        dag(
            task("src", "a", "b"),
            task("a", "b", group="g"),
            task("b", "end", group="g"),
            task("end"),
            groups=[{"group_id": "g", "mapped": over("src")}],
        )
    )
    r.run("src", map_length=2)
    assert r.states() == {
        "src": S.SUCCESS,
        "a[0]": S.SCHEDULED,
        "a[1]": S.SCHEDULED,
        "b[0]": None,
        "b[1]": None,
        "end": None,
    }
    r.run("a[1]")
    assert (r.state("b[0]"), r.state("b[1]")) == (None, S.SCHEDULED)
    r.run("a[0]", S.FAILED)
    assert r.state("b[0]") is S.UPSTREAM_FAILED
    r.run("b[1]")
    assert r.state("end") is S.UPSTREAM_FAILED


def test_a_branch_inside_a_mapped_group_skips_in_its_own_instance() -> None:
    r = Driver(
        dag(
            task("br", "x", "y", group="g"),
            task("x", group="g"),
            task("y", group="g"),
            groups=[{"group_id": "g", "mapped": over(x=[1, 2])}],
        )
    )
    r.run("br[0]", skip=["x"])
    r.run("br[1]", skip=["y"])
    assert [r.state(t) for t in ("x[0]", "y[0]", "x[1]", "y[1]")] == [
        S.SKIPPED,
        S.SCHEDULED,
        S.SCHEDULED,
        S.SKIPPED,
    ]
    r.on(Cleared((key("x[0]"),)))
    assert r.state("x[0]") is S.SKIPPED


def test_a_branch_skips_waiting_mapped_instances_but_leaves_decided_ones() -> None:
    spec = dag(task("a", "m"), task("br", "m"), task("m", mapped=over(x=[1, 2])))
    r = Driver(spec)
    r.run("br", skip=["m"])
    assert (r.state("m[0]"), r.state("m[1]")) == (S.SKIPPED, S.SKIPPED)
    r = Driver(spec)
    r.run("a", S.FAILED)
    r.run("br", skip=["m"])
    assert (r.state("m[0]"), r.state("m[1]")) == (S.UPSTREAM_FAILED, S.UPSTREAM_FAILED)


def test_an_eager_rule_inside_a_mapped_group_looks_at_its_own_index() -> None:
    r = Driver(
        dag(
            task("a", "b", group="g"),
            task("b", group="g", trigger_rule="one_failed"),
            groups=[{"group_id": "g", "mapped": over(x=[1, 2])}],
        )
    )
    r.run("a[0]", S.FAILED)
    r.run("a[1]")
    assert (r.state("b[0]"), r.state("b[1]")) == (S.SCHEDULED, S.SKIPPED)


def test_nested_mapped_groups_multiply() -> None:
    r = Driver(
        dag(
            task("o", "i", group="outer"),
            task("i", "e", group="inner"),
            task("e", group="outer"),
            groups=[
                {"group_id": "outer", "mapped": over(x=[1, 2])},
                {"group_id": "inner", "parent": "outer", "mapped": over(y=[1, 2, 3])},
            ],
        )
    )
    r.run("o[1]")
    assert [r.state(f"i[{k}]") for k in range(6)] == [None] * 3 + [S.SCHEDULED] * 3
    for k in (3, 4, 5):
        assert r.state("e[1]") is None
        r.run(f"i[{k}]")
    assert (r.state("e[0]"), r.state("e[1]")) == (None, S.SCHEDULED)


def test_a_marked_instance_counts_like_any_other() -> None:
    r = mapped(2)
    r.on(Marked((key("m[0]"), key("m[1]")), S.SUCCESS))
    assert r.state("end") is S.SCHEDULED


def test_a_restart_in_the_middle_of_a_map_changes_nothing() -> None:
    r = mapped(4)
    r.run("m[2]")
    r.start("m[1]")
    machine, d = r.restored()
    machine.validate_state()
    assert not d.changes
    assert d.ready == [key("m[0]"), key("m[3]")]


def test_lengths_of_zip_map_and_concat() -> None:
    a, b = {"xcom": ["a", "return_value"]}, {"xcom": ["b", "return_value"]}
    lengths = {"a": 2, "b": 5}.get
    cases = [
        ({"zip": [a, b]}, 2),
        ({"zip": [a, b], "fill": True}, 5),
        ({"concat": [a, b]}, 7),
        ({"map": a}, 2),
    ]
    for argument, expected in cases:
        mapping = compile_mapping({"kind": "expand", "by": {"x": argument}})
        assert mapping.length(lengths) == expected
    assert compile_mapping({"kind": "expand", "by": {"x": {"zip": [a, b]}}}).dependencies == (
        "a",
        "b",
    )
