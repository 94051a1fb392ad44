"""``dags pause``, ``unpause``, ``delete``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from slipstream.cli.command import DAG_ID, OUTPUT, YES, Command, arg
from slipstream.cli.output import show
from slipstream.cli.session import confirm, open_store

if TYPE_CHECKING:
    from slipstream.store import Connection, Store


def pause(args: argparse.Namespace) -> None:
    _set_paused(args, True)


def unpause(args: argparse.Namespace) -> None:
    _set_paused(args, False)


def delete(args: argparse.Namespace) -> None:
    from slipstream import command
    from slipstream.cli.lookup import the_dag
    from slipstream.clock import utcnow

    def remove(conn: Connection) -> int:
        the_dag(conn, args.dag_id)
        return command.delete_dag(conn, args.dag_id, utcnow())

    with open_store(record=args) as store:
        with store.read() as conn:
            the_dag(conn, args.dag_id)
        confirm(f"Delete all that is known of DAG {args.dag_id}, all its runs too?", args.yes)
        n_rows = store.write(remove)
        store.wake("scheduler")
        store.wake("dag_processor")
    print(f"Removed {n_rows} record(s)")
    print("While its file is in the DAGs folder, the dag-processor brings the DAG back.")


def _set_paused(args: argparse.Namespace, paused: bool) -> None:
    from slipstream import command
    from slipstream.clock import SystemClock

    with open_store(record=args) as store:
        changing = _changing(store, args, paused)
        if not changing:
            print(f"Nothing to do: none of these DAGs is {'un' if paused else ''}paused.")
            return
        if args.treat_dag_id_as_regex:
            verb = "Pause" if paused else "Unpause"
            confirm(f"{verb} {len(changing)} DAGs: {', '.join(changing)}?", args.yes)
        rows = [
            command.set_paused(store, SystemClock(), dag_id=dag_id, paused=paused)
            for dag_id in changing
        ]
        args.changed = {
            "dag_ids": changing,
            "before": {"is_paused": not paused},
            "after": {"is_paused": paused},
        }
    show([{"dag_id": row.dag_id, "is_paused": row.is_paused} for row in rows], args.output)


def _changing(store: Store, args: argparse.Namespace, paused: bool) -> list[str]:
    """Return the DAGs that are meant and not yet in that state."""
    from slipstream.cli.lookup import the_dags

    with store.read() as conn:
        rows = the_dags(conn, args.dag_id, regex=args.treat_dag_id_as_regex)
    return [row.dag_id for row in rows if row.is_paused != paused]


_MANY = (
    DAG_ID,
    arg("--treat-dag-id-as-regex", action="store_true", help="all DAGs whose id matches"),
    YES,
    OUTPUT,
    arg("-S", "--subdir", help=argparse.SUPPRESS),
)

COMMANDS = (
    Command("pause", "Pause a DAG: no task of it is started", pause, _MANY, "dags pause demo"),
    Command("unpause", "Unpause a DAG", unpause, _MANY, "dags unpause demo"),
    Command(
        "delete",
        "Delete all that is known of a DAG, its runs too",
        delete,
        (DAG_ID, YES),
        "dags delete demo --yes",
    ),
)
