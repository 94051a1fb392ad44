"""``dags list``, ``list-import-errors``, ``list-jobs``, ``details``."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from slipstream.cli.command import BUNDLE, DAG_ID, OUTPUT, Command, arg, at_least
from slipstream.cli.output import show, show_fields
from slipstream.cli.session import open_store
from slipstream.errors import UserError

if TYPE_CHECKING:
    from slipstream.store import Connection
    from slipstream.store.row import DagRow

_COLUMNS = ("dag_id", "fileloc", "owners", "is_paused", "bundle_name", "bundle_version")


def list_dags(args: argparse.Namespace) -> None:
    from slipstream.store import dag, import_error

    with _source(args) as conn:
        rows = dag.list_all(conn, stale=False)
        n_errors = import_error.count(conn)
    records = [_record(row) for row in rows if _wanted(row.bundle_name, args.bundle_name)]
    columns = args.columns.split(",") if args.columns else list(_COLUMNS)
    if records:
        unknown = [name for name in columns if name not in records[0]]
        if unknown:
            raise UserError(
                f"There is no column {unknown[0]!r}; there are {', '.join(sorted(records[0]))}."
            )
    show([{name: record[name] for name in columns} for record in records], args.output)
    if n_errors:
        files = "1 file" if n_errors == 1 else f"{n_errors} files"
        see = "dags list-import-errors --local" if args.local else "dags list-import-errors"
        print(f"{files} could not be imported: see `{see}`.", file=sys.stderr)


def list_import_errors(args: argparse.Namespace) -> int:
    from slipstream.store import import_error

    with _source(args) as conn:
        rows = import_error.list_all(conn)
    found = [
        {"bundle_name": row.bundle_name, "filepath": row.filename, "error": row.stacktrace}
        for row in rows
        if _wanted(row.bundle_name, args.bundle_name)
    ]
    show(found, args.output)
    return 1 if found else 0


def list_jobs(args: argparse.Namespace) -> None:
    from slipstream.store.listing.filter import OneOf
    from slipstream.store.listing.page import Window
    from slipstream.store.listing.record import jobs

    filters = [OneOf("state", (args.state,))] if args.state else []
    with open_store() as store, store.read() as conn:
        found = jobs(conn, Window(args.limit), filters)
    columns = ("job_type", "state", "hostname", "started_at", "ended_at", "heartbeat_at")
    show([{name: getattr(row, name) for name in columns} for row in found.rows], args.output)


def details(args: argparse.Namespace) -> None:
    from slipstream.cli.lookup import the_dag
    from slipstream.store import dag

    with open_store() as store, store.read() as conn:
        row = the_dag(conn, args.dag_id)
        tags = dag.tags(conn, [args.dag_id]).get(args.dag_id, [])
    facts = _record(row)
    show_fields({**facts, "tags": tags}, args.output)


@contextlib.contextmanager
def _source(args: argparse.Namespace) -> Iterator[Connection]:
    """Yield the database, or with ``--local`` one of what the files hold now."""
    if args.local:
        from slipstream.cli.dags.local import parsed_here

        with parsed_here(args.bundle_name) as conn:
            yield conn
    else:
        with open_store() as store, store.read() as conn:
            yield conn


def _record(row: DagRow) -> dict[str, Any]:
    names = {
        "display_name": "dag_display_name",
        "last_parsed_at": "last_parsed_time",
        "parse_duration_s": "last_parse_duration",
        "next_logical_date": "next_dagrun_logical_date",
        "next_data_interval_start": "next_dagrun_data_interval_start",
        "next_data_interval_end": "next_dagrun_data_interval_end",
        "next_run_after": "next_dagrun_run_after",
    }
    facts = {names.get(key, key): value for key, value in row._asdict().items()}
    facts["owners"] = [owner.strip() for owner in row.owners.split(",") if owner.strip()]
    facts["dag_display_name"] = row.display_name or row.dag_id
    return facts


def _wanted(bundle_name: str, given: list[str] | None) -> bool:
    return given is None or bundle_name in given


_LOCAL = arg("-l", "--local", action="store_true", help="read the DAG files, not the database")

COMMANDS = (
    Command(
        "list",
        "List the DAGs",
        list_dags,
        (
            OUTPUT,
            arg("--columns", metavar="NAMES", help="these columns, separated by commas"),
            BUNDLE,
            _LOCAL,
            arg("-S", "--subdir", help=argparse.SUPPRESS),
        ),
        "dags list --columns dag_id,is_paused,next_dagrun_run_after",
    ),
    Command(
        "list-import-errors",
        "List the DAG files that could not be imported; exit with 1 if there are any",
        list_import_errors,
        (OUTPUT, BUNDLE, _LOCAL, arg("-S", "--subdir", help=argparse.SUPPRESS)),
        "dags list-import-errors -o json",
    ),
    Command(
        "list-jobs",
        "List the services that run or ran",
        list_jobs,
        (
            OUTPUT,
            arg("--state", choices=("running", "success", "failed"), help="only in this state"),
            arg("--limit", type=at_least(1), default=100, help="at most so many (default 100)"),
            arg("-d", "--dag-id", help=argparse.SUPPRESS),
        ),
        "dags list-jobs --state running",
    ),
    Command(
        "details", "Show all that is known of a DAG", details, (DAG_ID, OUTPUT), "dags details demo"
    ),
)
