"""Reads, after the storm, whether everything is as it has to be."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from tests.chaos.stage import Stage, wait_until
from tests.occupancy import highest_use

from slipstream.store import Connection, attempt, inbox, run, story, task_instance, xcom
from slipstream.store.row import InboxMessage, RunRow, StoryRow

EXPECTED = {
    "chaos_chain": ("success", {f"s{i}": "success" for i in range(6)}),
    "chaos_fan": ("success", {f"leaf{i}": "success" for i in range(8)} | {"gather": "success"}),
    "chaos_branch": (
        "success",
        {"choose": "success", "left": "success", "right": "skipped", "join": "success"},
    ),
}
MAX_ACTIVE_RUNS = {"chaos_chain": 4, "chaos_fan": 2}
MAX_ACTIVE_TASKS = {"chaos_fan": 3}
"""Of each run."""
_READ_S = 25.0
"""Longer than a killed scheduler's lease on what is its own."""
MAX_ACTIVE_TIS = {("chaos_chain", "s3"): 2}


def check(stage: Stage, rows: list[RunRow]) -> None:
    """Raise AssertionError, naming the run, unless nothing was lost, doubled or left over.

    Messages still come now and then, such as a DAG processor's: a scheduler reads them soon.
    """
    wait_until(lambda: not _unread(stage), _READ_S, lambda: f"{_unread(stage)}\n{stage.tail()}")
    proof = stage.proof()
    doubled = [a for a, n in Counter(proof).items() if n > 1]
    assert not doubled, f"attempts that were executed twice: {doubled}"
    executed = set(proof)
    with stage.store.read() as conn:
        for row in rows:
            _check_run(conn, row, executed)


def most_at_once(stage: Stage, rows: list[RunRow]) -> int:
    """Return how many task instances were ever queued or running at once."""
    with stage.store.read() as conn:
        return _most([event for row in rows for event in _of_tasks(conn, row)])


def check_limits(stage: Stage, rows: list[RunRow], n_slots: int) -> None:
    """Raise AssertionError unless the pool and every limit of a DAG were kept at every moment."""
    of_dag: dict[str, list[StoryRow]] = defaultdict(list)
    of_task: dict[tuple[str, str | None], list[StoryRow]] = defaultdict(list)
    runs: dict[str, list[StoryRow]] = defaultdict(list)
    with stage.store.read() as conn:
        for row in rows:
            events = _of_tasks(conn, row)
            of_dag[row.dag_id] += events
            for event in events:
                of_task[row.dag_id, event.task_id].append(event)
            runs[row.dag_id] += story.of_run(conn, row.id)
            if row.dag_id in MAX_ACTIVE_TASKS:
                n = _most(events)
                assert n <= MAX_ACTIVE_TASKS[row.dag_id], f"{row.dag_id} {row.run_id}: {n} tasks"
    n = _most([event for events in of_dag.values() for event in events])
    assert n <= n_slots, f"the pool of {n_slots} held {n}"
    for dag_id, limit in MAX_ACTIVE_RUNS.items():
        n = highest_use(runs[dag_id], lambda event: 1, holding=("running",))
        assert n <= limit, f"{dag_id}: {n} runs at once"
    for key, limit in MAX_ACTIVE_TIS.items():
        assert (n := _most(of_task[key])) <= limit, f"{key}: {n} at once"


def check_times(stage: Stage, rows: list[RunRow], since: datetime, until: datetime) -> None:
    """Raise AssertionError unless all attempts began and ended between these, whatever clocks say."""
    little = timedelta(seconds=5)
    with stage.store.read() as conn:
        for row in rows:
            for task_id, _ in task_instance.states(conn, row.id):
                for each in attempt.list_tries(conn, row.id, task_id):
                    told = [at for at in (each.started_at, each.ended_at) if at is not None]
                    off = [at for at in told if not since - little < at < until + little]
                    assert not off, f"{row.dag_id} {row.run_id} {task_id} {each.id}: {off}"


def _unread(stage: Stage) -> list[InboxMessage]:
    with stage.store.read() as conn:
        return inbox.take(conn, "scheduler", 100)


def _most(events: list[StoryRow]) -> int:
    return highest_use(events, lambda event: 1)


def _of_tasks(conn: Connection, row: RunRow) -> list[StoryRow]:
    return [
        event
        for task_id, index in task_instance.states(conn, row.id)
        for event in story.of_task_instance(conn, row.id, task_id, index)
    ]


def _check_run(conn: Connection, row: RunRow, executed: set[str]) -> None:
    now = run.get_by_pk(conn, row.id)
    assert now is not None
    name = f"{row.dag_id} {row.run_id}"
    assert now.quarantined is None, f"{name}: {now.quarantined}"
    states = {t: s for (t, _), s in task_instance.states(conn, row.id).items()}
    if row.dag_id == "chaos_fail":
        # A kill may fail it before it fails by itself; the end is the same.
        assert (now.state, states) == ("failed", {"wrong": "failed", "never": "upstream_failed"})
    else:
        assert (now.state, states) == EXPECTED[row.dag_id], name
    for task_id, state in states.items():
        _check_task(conn, now, task_id, state, executed)


def _check_task(
    conn: Connection, row: RunRow, task_id: str, state: str | None, executed: set[str]
) -> None:
    name = f"{row.dag_id} {row.run_id} {task_id}"
    tries = attempt.list_tries(conn, row.id, task_id)
    left = [t.id for t in tries if t.state != "done" or not t.applied]
    assert not left, f"{name}: attempts that nobody closed: {left}"
    good = [t for t in tries if t.ti_state == "success"]
    assert len(good) == (state == "success"), f"{name}: {[t.ti_state for t in tries]}"
    for each in good:
        assert each.id in executed, f"{name}: {each.id} succeeded without being executed"
        told = [s for s in story.of_task_instance(conn, row.id, task_id) if s.attempt_id == each.id]
        assert sum(s.to_state == "success" for s in told) == 1, f"{name}: {told}"
        # As Airflow 3: what a branch pushes is its choice, not its return value.
        is_branch = task_id == "choose"
        key = "skipmixin_key" if is_branch else "return_value"
        value = xcom.get(conn, row.id, task_id, key)
        expected = {"followed": ["left"]} if is_branch else each.id
        assert value is not None, f"{name}: the XCom of its finished attempt is lost"
        assert value.value == expected, f"{name}: an XCom of another attempt"
