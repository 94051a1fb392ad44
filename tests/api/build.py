"""What the API's tests look at: a few DAGs, runs in several states, tries, XComs, a log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.store.build import outcome, parsed_dag, parsed_file

from slipstream import command
from slipstream.clock import FakeClock
from slipstream.config import conf
from slipstream.machine.decision import Decision, TaskInstanceChange
from slipstream.machine.event import TIKey
from slipstream.state import DagRunState, DagRunTriggeredByType, TaskInstanceState
from slipstream.store import Connection, Store, attempt, audit, dag, decision, job, run, xcom
from slipstream.store.parsed import ParsedError
from slipstream.store.row import RunRow

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAG = "sales"


def sales_spec() -> dict[str, Any]:
    """A DAG of three tasks: ``extract`` (retried), ``load`` (@task, mapped), ``tell``."""
    return {
        "timetable": {"type": "cron_trigger", "args": {"expression": "0 0 * * *"}},
        "timetable_summary": "0 0 * * *",
        "timetable_description": "At 00:00",
        "display_name": "Sales of the day",
        "description": "An example",
        "doc_md": "# Sales",
        "owners": ["ann", "bob"],
        "tags": ["etl", "shop"],
        "start_date": "2026-01-01T00:00:00+00:00",
        "dagrun_timeout_s": 3600.0,
        "default_args": {"retries": 1, "retry_delay": "PT5M"},
        "params": {"n": {"value": 3, "schema": {"type": "integer"}}},
        "tasks": [
            {
                "task_id": "extract",
                "type": "BashOperator",
                "module": "airflow.providers.standard.operators.bash",
                "downstream": ["load"],
                "retries": 1,
                "execution_timeout_s": 90061.5,
                "template_fields": ["bash_command", "env", "cwd"],
                "extra_links": {"Report": "_link_Report", "Log book": "_link_LogBook"},
            },
            {
                "task_id": "load",
                "type": "_PythonDecoratedOperator",
                "module": "airflow.providers.standard.decorators.python",
                "operator_name": "@task",
                "display_name": "Load it",
                "downstream": ["tell"],
                "mapped": {"kind": "expand", "by": {"x": [1, 2]}},
                "group": "middle",
            },
            {
                "task_id": "tell",
                "type": "EmptyOperator",
                "module": "airflow.providers.standard.operators.empty",
                "no_op": True,
            },
        ],
        "groups": [{"group_id": "middle"}],
    }


def save_dags(store: Store) -> None:
    sales = parsed_file("sales.py", parsed_dag(DAG, spec=sales_spec()), source="# sales\n")
    quiet = parsed_file(
        "quiet.py",
        parsed_dag(
            "quiet",
            is_paused_upon_creation=True,
            spec={
                "timetable": {"type": "null"},
                "tasks": [
                    {"task_id": "a", "type": "EmptyOperator", "module": "m", "downstream": ["b"]},
                    {"task_id": "b", "type": "EmptyOperator", "module": "m"},
                ],
            },
        ),
    )
    broken = parsed_file(
        "broken.py", errors=[ParsedError(stacktrace="ImportError: <b>no</b>", line=3)]
    )
    store.write(dag.upsert_file, [sales, quiet, broken], START)


def trigger(store: Store, clock: FakeClock, run_id: str, dag_id: str = DAG) -> RunRow:
    return command.trigger_run(
        store,
        clock,
        dag_id=dag_id,
        run_id=run_id,
        conf={"color": "red"},
        triggered_by=DagRunTriggeredByType.REST_API,
        user="admin",
    )


def fill(store: Store) -> None:
    """Save the DAGs; run ``sales`` to a success (``done``) and leave ``waiting`` queued."""
    save_dags(store)
    clock = FakeClock(START)
    done = trigger(store, clock, "done")
    clock.advance(60)
    trigger(store, clock, "waiting")
    _finish(store, done)
    log = Path(conf.get("logging", "base_log_folder"))
    log = log / f"dag_id={DAG}/run_id=done/task_id=extract/attempt=2.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"timestamp": "2026-03-01T12:00:05Z", "level": "info", "event": f"line {i}"})
        for i in range(3)
    ]
    log.write_text("\n".join([*lines, "raw <output>", ""]))
    store.write(_others, done)


def _finish(store: Store, row: RunRow) -> None:
    """Give ``extract`` two tries, ``load`` two instances, and the run its success."""
    ids = {
        (name, index, number): f"00000000-0000-7000-8000-{serial:012d}"
        for serial, (name, index, number) in enumerate(
            [("extract", -1, 1), ("extract", -1, 2), ("load", 0, 1), ("load", 1, 1)]
        )
    }
    attempts = [
        decision.NewAttempt(
            id=id, dag_run_id=row.id, task_id=name, map_index=index, try_number=number
        )
        for (name, index, number), id in ids.items()
    ]
    store.write(decision.save, [], attempts, START)
    starts = [
        attempt.AttemptStart(id, "host-1", "worker", 7, START + timedelta(seconds=5))
        for id in ids.values()
    ]
    store.write(attempt.start, starts)
    ends = START + timedelta(seconds=6.5)
    store.write(
        attempt.finish,
        [
            outcome(
                id,
                state=TaskInstanceState.FAILED
                if key[2] == 1 and key[0] == "extract"
                else "success",
                started_at=START + timedelta(seconds=5),
                ended_at=ends,
                rendered_fields={"bash_command": "date"},
            )
            for key, id in ids.items()
        ],
    )
    decided = Decision(run_state=DagRunState.SUCCESS)
    decided.run = {"state": "success", "start_date": START, "end_date": ends}
    base: dict[str, Any] = {
        "state": "success",
        "start_date": START,
        "end_date": ends,
        "hostname": "worker",
    }
    base["dag_version_id"] = row.dag_version_id
    for (name, index, number), id in ids.items():
        key = TIKey(name, index)
        values = {**base, "try_number": number, "attempt_id": id, "pid": 7, "queued_at": START}
        decided.changes[key] = TaskInstanceChange(key, values, is_new=index >= 0)
        decided.closed[id] = "failed" if (name, number) == ("extract", 1) else "success"
    decided.changes[TIKey("tell")] = TaskInstanceChange(TIKey("tell"), dict(base))
    store.write(decision.save, [(row.id, decided)], [], START + timedelta(seconds=7))


def _others(conn: Connection, row: RunRow) -> None:
    xcom.set(conn, row.id, "extract", "return_value", {"rows": 3}, now=START)
    run.set_note(conn, row.id, "a note")
    job.register(conn, job_type="DagProcessorJob", now=START)
    audit.add(conn, event="cli_trigger", now=START, owner="ann", dag_id=DAG, run_id="done")
