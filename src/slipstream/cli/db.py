"""``db``: create, upgrade, check, empty and clean the metadata database."""

from __future__ import annotations

import argparse
import os
import time

from slipstream.cli.command import YES, Command, arg, at_least
from slipstream.cli.session import confirm, open_store
from slipstream.errors import StoreUnavailable, UserError


def migrate(args: argparse.Namespace) -> None:
    from slipstream.cli.setup import write_default_config
    from slipstream.store import migrate as schema

    target = _target(args) or schema.head()
    with open_store(check=False) as store:
        if args.show_sql_only:
            schema.print_sql(store, _start(args), target)
            return
        before = schema.current(store) if store.dialect != "sqlite" else None
        revision = schema.upgrade(store, target)
        change = "is up to date" if before == revision else "is ready"
        print(f"The database {store.url} {change} (schema {revision}).")
    write_default_config()


def downgrade(args: argparse.Namespace) -> None:
    from slipstream.store import migrate as schema

    target = _target(args)
    if target is None:
        raise UserError("Say where to: --to-revision or --to-version.")
    with open_store(check=False) as store:
        if args.show_sql_only:
            schema.print_sql(store, _start(args), target, down=True)
            return
        confirm(f"This deletes from {store.url} what schema {target} has no place for.", args.yes)
        print(f"The database {store.url} has schema {schema.downgrade(store, target)}.")


def _target(args: argparse.Namespace) -> str | None:
    from slipstream.store.migrate import revision

    if args.to_revision and args.to_version:
        raise UserError("Give either --to-revision or --to-version.")
    name = args.to_revision or args.to_version
    return revision(name) if name else None


def _start(args: argparse.Namespace) -> str | None:
    from slipstream.store.migrate import revision

    name = args.from_revision or args.from_version
    return revision(name) if name else None


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
    from slipstream.clock import utcnow
    from slipstream.store import archive
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
        suffix = None if args.skip_archive else archive.suffix(utcnow())
        how = "Delete them for ever?" if suffix is None else "Move them to archive tables?"
        confirm(how, args.yes)
        deleted = cleaning.clean(
            store,
            before,
            tables=tables,
            dag_ids=dag_ids,
            exclude_dag_ids=excluded,
            batch_size=args.batch_size,
            archive_as=suffix,
        )
        print(f"Deleted {sum(deleted.values())} rows.")
        if suffix is not None:
            made = [name for name in archive.names(store) if name.endswith(suffix)]
            print(f"They are kept in {', '.join(made)} until `db drop-archived`.")


def export_archived(args: argparse.Namespace) -> None:
    from pathlib import Path

    from slipstream.store import archive

    folder = Path(args.output_path)
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}.")
    with open_store(record=args) as store:
        found = archive.names(store, _names(args.tables))
        if args.drop_archives:
            confirm(f"Drop {len(found)} archive tables once they are exported?", args.yes)
        for path in archive.export(store, found, folder):
            print(f"Wrote {path}")
        if args.drop_archives:
            archive.drop(store, found)
    print(f"Exported {len(found)} archive tables.")


def drop_archived(args: argparse.Namespace) -> None:
    from slipstream.store import archive

    with open_store(record=args) as store:
        found = archive.names(store, _names(args.tables))
        if found:
            confirm(f"Drop {', '.join(found)} for ever?", args.yes)
            archive.drop(store, found)
    print(f"Dropped {len(found)} archive tables.")


def _names(text: str | None) -> list[str] | None:
    return [part.strip() for part in text.split(",") if part.strip()] if text else None


_TABLES = arg("-t", "--tables", metavar="NAMES", help="only these, separated by commas")
_REVISIONS = (
    arg("-r", "--to-revision", metavar="ID", help="to this revision of the schema"),
    arg("-n", "--to-version", metavar="VERSION", help="to that of a version of Slipstream"),
    arg("-s", "--show-sql-only", action="store_true", help="print the SQL, change nothing"),
    arg("--from-revision", metavar="ID", help="with -s: from here (default: the database's own)"),
    arg("--from-version", metavar="VERSION", help="with -s: likewise, of a version"),
)

COMMANDS = (
    Command(
        "migrate",
        "Create the tables, or bring them up to date",
        migrate,
        (
            *_REVISIONS,
            arg("-m", "--use-migration-files", action="store_true", help="accepted, unused"),
        ),
        "db migrate",
    ),
    Command(
        "downgrade",
        "Take the tables back to an earlier schema",
        downgrade,
        (*_REVISIONS, YES),
        "db downgrade --to-revision 0001",
    ),
    Command(
        "check",
        "Test the connection to the database",
        check,
        (
            arg("--retry", type=at_least(0), default=0, metavar="N", help="try again so often"),
            arg(
                "--retry-delay",
                type=at_least(0, float),
                default=1,
                metavar="S",
                help="seconds between",
            ),
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
        "Archive and delete old rows: finished runs, logs of changes, outdated versions",
        clean,
        (
            arg("--clean-before-timestamp", required=True, metavar="DATE", help="what is older"),
            _TABLES,
            arg("--dag-ids", metavar="IDS", help="only of these DAGs"),
            arg("--exclude-dag-ids", metavar="IDS", help="not of these DAGs"),
            arg("--dry-run", action="store_true", help="only count"),
            arg("--batch-size", type=int, default=1000, metavar="N", help="rows at a time"),
            arg(
                "--error-on-cleanup-failure", action="store_true", help="accepted: errors always do"
            ),
            arg("--skip-archive", action="store_true", help="keep no copies in archive tables"),
            YES,
        ),
        "db clean --clean-before-timestamp 2026-01-01 --dry-run",
    ),
    Command(
        "export-archived",
        "Write the archive tables of `db clean` to files",
        export_archived,
        (
            arg("--output-path", required=True, metavar="FOLDER", help="where to"),
            arg("--export-format", choices=("csv",), default="csv", help="(default: csv)"),
            _TABLES,
            arg("--drop-archives", action="store_true", help="drop the tables afterwards"),
            YES,
        ),
        "db export-archived --output-path archives",
    ),
    Command(
        "drop-archived",
        "Drop the archive tables of `db clean`",
        drop_archived,
        (_TABLES, YES),
        "db drop-archived --tables dag_run --yes",
    ),
)
