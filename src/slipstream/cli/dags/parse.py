"""``dags reserialize``, ``report``: read the DAG files, with no dag-processor running."""

from __future__ import annotations

import argparse
import sys

from slipstream.cli.command import BUNDLE, OUTPUT, Command, arg
from slipstream.cli.output import show
from slipstream.cli.session import open_store


def reserialize(args: argparse.Namespace) -> int:
    from slipstream.dagprocessor.service import DagProcessor
    from slipstream.sdk import bundle
    from slipstream.store import import_error

    with open_store() as store:
        report = DagProcessor(store, bundle_names=args.bundle_name).parse_once(force=True)
        with store.read() as conn:
            n_errors = import_error.count(conn)
    print(f"Read {report.n_parsed} files; {len(report.new_versions)} DAGs have a new version.")
    for name, root in bundle.roots().items():
        if not root.is_dir() and (args.bundle_name is None or name in args.bundle_name):
            print(f"There is no folder {root} (bundle {name}).", file=sys.stderr)
    if n_errors:
        print(f"{n_errors} could not be imported: see `dags list-import-errors`.", file=sys.stderr)
    return 0


def report(args: argparse.Namespace) -> None:
    """Show each file with its DAGs and the time that it took, after parsing what has changed."""
    from slipstream.dagprocessor.catalog import FileKey
    from slipstream.dagprocessor.service import DagProcessor
    from slipstream.dagprocessor.writer import file_key
    from slipstream.store import dag, dag_file

    with open_store() as store:
        DagProcessor(store, bundle_names=args.bundle_name).parse_once()
        with store.read() as conn:
            files = dag_file.list_all(conn)
            dags = dag.list_all(conn, stale=False)
            specs = dag.latest_specs(conn, [row.dag_id for row in dags])
    by_file: dict[FileKey, list[str]] = {}
    for row in dags:
        file_of = file_key(row.bundle_name, row.relative_fileloc)
        by_file.setdefault(file_of, []).append(row.dag_id)
    records = []
    for file in sorted(files, key=lambda each: -each.duration_s):
        ids = sorted(by_file.get(FileKey(file.bundle_name, file.relative_fileloc), []))
        records.append(
            {
                "file": file.relative_fileloc,
                "duration": f"{file.duration_s:.3f} s",
                "dag_num": len(ids),
                "task_num": sum(
                    len(specs[dag_id][1]["tasks"]) for dag_id in ids if dag_id in specs
                ),
                "dags": ids,
            }
        )
    show(records, args.output)


COMMANDS = (
    Command(
        "reserialize",
        "Read all DAG files now and write the DAGs into the database",
        reserialize,
        (BUNDLE,),
        "dags reserialize",
    ),
    Command(
        "report",
        "Show how long each DAG file takes to load and what is in it",
        report,
        (BUNDLE, OUTPUT, arg("-S", "--subdir", help=argparse.SUPPRESS)),
        "dags report",
    ),
)
