"""``pools``: named sets of slots that tasks share."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from slipstream.cli.command import OUTPUT, Command, arg
from slipstream.cli.output import show
from slipstream.cli.session import Look, open_store
from slipstream.errors import NotFound, UserError

if TYPE_CHECKING:
    from slipstream.store import Connection, Store
    from slipstream.store.row import PoolRow


def list_pools(args: argparse.Namespace) -> None:
    from slipstream.store import pool

    with open_store() as store, store.read() as conn:
        show([_record(row) for row in pool.list_all(conn)], args.output)


def get(args: argparse.Namespace) -> None:
    from slipstream.store import pool

    with open_store() as store, store.read() as conn:
        row = pool.get(conn, args.pool)
    if row is None:
        raise NotFound(f"Pool {args.pool} does not exist.")
    show([_record(row)], args.output)


def set_pool(args: argparse.Namespace) -> None:
    new = {args.pool: _facts(args.slots, args.description, args.include_deferred)}
    with open_store(record=args, look=_look(args.pool)) as store:
        created = _save(store, new)
    print(f"Pool {args.pool} {'created' if created else 'updated'}")


def delete(args: argparse.Namespace) -> None:
    from slipstream.store import pool

    def remove(conn: Connection) -> None:
        if not pool.delete(conn, args.pool):
            raise NotFound(f"Pool {args.pool} does not exist.")
        _tell_scheduler(conn)

    with open_store(record=args, look=_look(args.pool)) as store:
        store.write(remove)
        store.wake("scheduler")
    print(f"Pool {args.pool} deleted")


def export(args: argparse.Namespace) -> None:
    from slipstream.cli.file import write_json
    from slipstream.store import pool

    with open_store() as store, store.read() as conn:
        rows = pool.list_all(conn)
    write_json(
        args.file,
        {r.name: _facts(r.slots, r.description, r.include_deferred) for r in rows},
    )
    if args.file != "-":
        print(f"Exported {len(rows)} pools to {args.file}")


def import_pools(args: argparse.Namespace) -> None:
    from slipstream.cli.file import read_mapping

    given = read_mapping(args.file)
    new: dict[str, dict[str, Any]] = {}
    for name, facts in given.items():
        if not isinstance(facts, dict) or not isinstance(facts.get("slots"), int):
            raise UserError(f'{args.file}: pool {name!r} needs an object with "slots", a number.')
        new[name] = _facts(
            facts["slots"], facts.get("description"), bool(facts.get("include_deferred", False))
        )
    with open_store(record=args) as store:
        _save(store, new)
    print(f"Imported {len(new)} pools from {args.file}")


def _look(name: str) -> Look:
    from slipstream.store import pool

    def look(conn: Connection) -> dict[str, Any] | None:
        row = pool.get(conn, name)
        return None if row is None else _record(row)

    return look


def _save(store: Store, pools: dict[str, dict[str, Any]]) -> bool:
    """Write pools in one transaction; tell whether all of them are new."""
    from slipstream.store import pool

    def save(conn: Connection) -> bool:
        created = [pool.upsert(conn, name, **facts) for name, facts in pools.items()]
        _tell_scheduler(conn)
        return all(created)

    created = store.write(save)
    store.wake("scheduler")
    return created


def _tell_scheduler(conn: Connection) -> None:
    from slipstream.clock import utcnow
    from slipstream.store import inbox

    inbox.post(conn, target="scheduler", kind="pool_changed", payload={}, now=utcnow())


def _facts(slots: int, description: str | None, include_deferred: bool) -> dict[str, Any]:
    return {"slots": slots, "description": description, "include_deferred": include_deferred}


def _record(row: PoolRow) -> dict[str, Any]:
    return {
        "pool": row.name,
        "slots": row.slots,
        "description": row.description,
        "include_deferred": row.include_deferred,
    }


_NAME = arg("pool", metavar="NAME", help="the pool's name")
_FILE = arg("file", metavar="FILEPATH", help="a JSON file")

COMMANDS = (
    Command("list", "List the pools", list_pools, (OUTPUT,), "pools list"),
    Command("get", "Show a pool", get, (_NAME, OUTPUT), "pools get default_pool"),
    Command(
        "set",
        "Create or change a pool",
        set_pool,
        (
            _NAME,
            arg("slots", type=int, metavar="SLOTS", help="-1: without a limit"),
            arg("description", metavar="DESCRIPTION"),
            arg("--include-deferred", action="store_true", help="deferred tasks keep their slots"),
            OUTPUT,
        ),
        "pools set reports 4 'four reports at a time'",
    ),
    Command("delete", "Delete a pool", delete, (_NAME, OUTPUT), "pools delete reports"),
    Command("import", "Create pools from a file", import_pools, (_FILE,), "pools import p.json"),
    Command("export", "Write all pools to a file", export, (_FILE,), "pools export p.json"),
)
