"""Whole runs of real DAG files, each task in a process of its own."""

from __future__ import annotations

from tests.engine.scheduler.site import Site


def test_a_chain_passes_its_results_on(site: Site) -> None:
    site.write_dag(
        "chain",
        """
        with DAG("chain", schedule=None):
            @task
            def one():
                return 1

            @task
            def add(x):
                return x + 1

            add(add.override(task_id="second")(one()))
        """,
    )
    site.start()
    row = site.trigger("chain")
    assert site.finish(row) == "success"
    assert site.states(row) == {"one": "success", "second": "success", "add": "success"}
    assert site.xcom(row, "add") == 3
