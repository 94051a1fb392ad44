"""``sync-perm``: give the standard roles what they lack."""

from __future__ import annotations

import argparse

from slipstream.cli.command import Command, arg
from slipstream.cli.session import open_store


def run(args: argparse.Namespace) -> None:
    from slipstream.api.auth.first import sync_standard
    from slipstream.store import Connection, dag, role

    def sync(conn: Connection) -> list[str]:
        n_new = sync_standard(conn)
        lines = [f"Added {n_new} permission(s) to the standard roles"]
        if not args.include_dags:
            return lines
        ids = [row.dag_id for row in dag.list_all(conn)]
        for dag_id, (_, spec) in dag.latest_specs(conn, ids).items():
            access_control = spec.get("access_control")
            if access_control is not None:
                unknown = role.sync_dag(conn, dag_id, access_control)
                lines += [f"DAG {dag_id} names a role that does not exist: {n}" for n in unknown]
        return [*lines, "Updated the permissions on DAGs from their access_control"]

    with open_store(record=args) as store:
        print("\n".join(store.write(sync)))


COMMAND = Command(
    "sync-perm",
    "Give the standard roles the permissions that they lack",
    run,
    (arg("--include-dags", action="store_true", help="apply each DAG's access_control, too"),),
    "sync-perm --include-dags",
)
