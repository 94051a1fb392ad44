"""``db``: create, upgrade, check, empty and clean the metadata database."""

from __future__ import annotations

import argparse
import os
import time

from slipstream.cli.command import YES, Command, arg
from slipstream.cli.session import confirm, open_store
from slipstream.errors import StoreUnavailable, UserError


def migrate(args: argparse.Namespace) -> None:
    from slipstream.cli.setup import write_default_config
    from slipstream.store import migrate as schema

    with open_store(check=False) as store:
        before = schema.current(store) if store.dialect != "sqlite" else None
        revision = schema.upgrade(store)
        change = "is up to date" if before == revision else "is ready"
        print(f"The database {store.url} {change} (schema {revision}).")
    write_default_config()


def check(args: argparse.Namespace) -> None:
    from slipstream.store import migrate as schema

    for left in range(args.retry, -1, -1):
        try:
            with open_store(check=False) as store:
                schema.ping(store)
                print(f"The database {store.url} answers.")
                return
        except StoreUnavailable:
            if left == 0:
                raise
            time.sleep(args.retry_delay)


def check_migrations(args: argparse.Namespace) -> None:
    """Wait until the schema is up to date, for as long as allowed."""
    from slipstream.store import migrate as schema

    deadline = time.monotonic() + args.migration_wait_timeout
    while True:
        try:
            with open_store(check=False) as store:
                schema.check(store)
                return
        except UserError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(min(1.0, max(0.0, deadline - time.monotonic())))


def reset(args: argparse.Namespace) -> None:
    from slipstream.store import migrate as schema

    with open_store(check=False) as store:
        confirm(f"This deletes all runs, DAGs and settings in {store.url}. Go on?", args.yes)
        schema.reset(store)
        if args.skip_init:
            print(f"The database {store.url} is empty; `db migrate` creates its tables.")
        else:
            print(f"The database {store.url} is as new (schema {schema.upgrade(store)}).")


def shell(args: argparse.Namespace) -> None:
    """Become the database's own client."""
    from slipstream.cli.db_shell import client_command

    with open_store(check=False) as store:
        command, extra_env = client_command(store.raw_url)
    try:
        os.execvpe(command[0], command, {**os.environ, **extra_env})
    except FileNotFoundError:
        raise UserError(f"The program {command[0]!r} is not installed.") from None


def clean(args: argparse.Namespace) -> None:
    from slipstream.cli.date import parse_date
    from slipstream.store import clean as cleaning

    before = parse_date(args.clean_before_timestamp)
    tables, dag_ids, excluded = map(_names, (args.tables, args.dag_ids, args.exclude_dag_ids))
    with open_store(record=args) as store:
        counts = cleaning.count(
            store, before, tables=tables, dag_ids=dag_ids, exclude_dag_ids=excluded
        )
        for table, n_rows in counts.items():
            print(f"{table}: {n_rows} rows from before {before.isoformat()}")
        if args.dry_run or not any(counts.values()):
            return
        confirm("Delete them for ever?", args.yes)
        deleted = cleaning.clean(
            store,
            before,
            tables=tables,
            dag_ids=dag_ids,
            exclude_dag_ids=excluded,
            batch_size=args.batch_size,
        )
    print(f"Deleted {sum(deleted.values())} rows.")


def _names(text: str | None) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] if text else None


COMMANDS = (
    Command(
        "migrate",
        "Create the tables, or bring them up to date",
        migrate,
        (
            arg("-m", "--use-migration-files", action="store_true", help="accepted, unused"),
            arg("-r", "--to-revision", help=argparse.SUPPRESS),
        ),
        "db migrate",
    ),
    Command(
        "check",
        "Check if the database can be reached",
        check,
        (
            arg("--retry", type=int, default=0, metavar="N", help="try again so often"),
            arg("--retry-delay", type=float, default=1, metavar="S", help="seconds between"),
        ),
        "db check --retry 10",
    ),
    Command(
        "check-migrations",
        "Wait until the tables are up to date",
        check_migrations,
        (
            arg(
                "-t",
                "--migration-wait-timeout",
                type=float,
                default=60,
                metavar="S",
                help="seconds to wait (default 60)",
            ),
        ),
        "db check-migrations --migration-wait-timeout 30",
    ),
    Command(
        "reset",
        "Drop all tables and create them anew",
        reset,
        (
            YES,
            arg("-s", "--skip-init", action="store_true", help="leave the database empty"),
            arg("-m", "--use-migration-files", action="store_true", help="accepted, unused"),
        ),
        "db reset --yes",
    ),
    Command("shell", "Open the database's own client", shell, (), "db shell"),
    Command(
        "clean",
        "Delete old rows: finished runs, logs of changes, outdated versions",
        clean,
        (
            arg("--clean-before-timestamp", required=True, metavar="DATE", help="what is older"),
            arg("-t", "--tables", metavar="NAMES", help="only these, separated by commas"),
            arg("--dag-ids", metavar="IDS", help="only of these DAGs"),
            arg("--exclude-dag-ids", metavar="IDS", help="not of these DAGs"),
            arg("--dry-run", action="store_true", help="only count"),
            arg("--batch-size", type=int, default=1000, metavar="N", help="rows at a time"),
            arg(
                "--error-on-cleanup-failure", action="store_true", help="accepted: errors always do"
            ),
            arg("--skip-archive", action="store_true", help="accepted: nothing is archived"),
            YES,
        ),
        "db clean --clean-before-timestamp 2026-01-01 --dry-run",
    ),
)
