"""``tasks list``, ``state``, ``states-for-dag-run``, ``failed-deps``, ``explain``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from slipstream.cli.command import BUNDLE, DAG_ID, MAP_INDEX, OUTPUT, RUN, Command, arg
from slipstream.cli.output import show
from slipstream.cli.session import open_store
from slipstream.state import TERMINAL_STATES

if TYPE_CHECKING:
    from slipstream.machine.explain import Explanation
    from slipstream.store import Store

TASK_ID = arg("task_id", metavar="TASK_ID", help="id of the task")


def list_tasks(args: argparse.Namespace) -> None:
    from slipstream.cli.lookup import the_spec

    with open_store() as store, store.read() as conn:
        spec = the_spec(conn, args.dag_id)
    if args.tree:
        from slipstream.cli.dags.show import tree_lines

        print("\n".join(tree_lines(spec)))
    else:
        print("\n".join(sorted(task["task_id"] for task in spec["tasks"])))


def state(args: argparse.Namespace) -> None:
    from slipstream.cli.lookup import the_run, the_task_instance

    with open_store() as store, store.read() as conn:
        row = the_run(conn, args.dag_id, args.logical_date_or_run_id)
        print(the_task_instance(conn, row, args.task_id, args.map_index).state)


def states_for_dag_run(args: argparse.Namespace) -> None:
    from slipstream.cli.lookup import the_run
    from slipstream.store import task_instance

    with open_store() as store, store.read() as conn:
        row = the_run(conn, args.dag_id, args.logical_date_or_run_id)
        tis = task_instance.load_run(conn, row.id)
    any_mapped = any(ti.map_index >= 0 for ti in tis)
    records = []
    for ti in sorted(tis, key=lambda each: (each.task_id, each.map_index)):
        record: dict[str, Any] = {
            "dag_id": row.dag_id,
            "logical_date": row.logical_date or "",
            "task_id": ti.task_id,
            "state": ti.state or "",
            "start_date": ti.start_date or "",
            "end_date": ti.end_date or "",
        }
        if any_mapped:
            record["map_index"] = ti.map_index if ti.map_index >= 0 else ""
        records.append(record)
    show(records, args.output)


def failed_deps(args: argparse.Namespace) -> None:
    with open_store() as store:
        found = _explanation(store, args)
    if found.state in TERMINAL_STATES:
        print(f"The task instance has ended as {found.state}:")
    elif found.code == "running":
        print("Nothing keeps the task instance from running.")
        return
    else:
        print("The task instance waits, because:")
    for reason in found.reasons:
        print(f"  {reason}")


def explain(args: argparse.Namespace) -> None:
    with open_store() as store:
        found = _explanation(store, args)
    if args.output in ("json", "yaml"):
        show(
            [
                {
                    "state": found.state,
                    "code": found.code,
                    "summary": found.summary,
                    "reasons": found.reasons,
                    "data": found.data,
                }
            ],
            args.output,
        )
        return
    print(f"{args.task_id} is {found.state or 'not scheduled yet'}.")
    for reason in found.reasons:
        print(reason)


def _explanation(store: Store, args: argparse.Namespace) -> Explanation:
    from slipstream import command
    from slipstream.cli.lookup import the_run, the_task_instance
    from slipstream.clock import SystemClock

    with store.read() as conn:
        row = the_run(conn, args.dag_id, args.logical_date_or_run_id)
        the_task_instance(conn, row, args.task_id, args.map_index)
    return command.explain(
        store,
        SystemClock(),
        dag_id=args.dag_id,
        run_id=row.run_id,
        task_id=args.task_id,
        map_index=args.map_index,
    )


_SUBDIR = arg("-S", "--subdir", help=argparse.SUPPRESS)
_INSTANCE = (DAG_ID, TASK_ID, RUN, MAP_INDEX, BUNDLE, _SUBDIR)

COMMANDS = (
    Command(
        "list",
        "List a DAG's tasks",
        list_tasks,
        (
            DAG_ID,
            arg("-t", "--tree", action="store_true", help="as a tree"),
            BUNDLE,
            _SUBDIR,
        ),
        "tasks list demo --tree",
    ),
    Command(
        "state",
        "Print the state of a task instance",
        state,
        _INSTANCE,
        "tasks state demo extract 2026-01-01",
    ),
    Command(
        "states-for-dag-run",
        "Show the states of all task instances of a run",
        states_for_dag_run,
        (DAG_ID, RUN, OUTPUT),
        "tasks states-for-dag-run demo 2026-01-01",
    ),
    Command(
        "failed-deps",
        "Say what keeps a task instance from running",
        failed_deps,
        _INSTANCE,
        "tasks failed-deps demo load 2026-01-01",
    ),
    Command(
        "explain",
        "Say why a task instance is where it is: upstream, pool, limit, retry, …",
        explain,
        (*_INSTANCE, OUTPUT),
        "tasks explain demo load 2026-01-01",
    ),
)
