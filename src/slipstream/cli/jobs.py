"""``jobs``: are the services alive? For container health checks."""

from __future__ import annotations

import argparse
from datetime import timedelta

from slipstream.cli.command import Command, arg
from slipstream.cli.session import open_store
from slipstream.config import conf, host
from slipstream.errors import UserError

_TYPES = ("SchedulerJob", "DagProcessorJob", "TriggererJob")


def check(args: argparse.Namespace) -> None:
    from slipstream.clock import utcnow
    from slipstream.store import job

    if args.allow_multiple and args.limit == 1:
        raise UserError("--allow-multiple needs a --limit above 1, or 0 for no limit.")
    if args.hostname and args.local:
        raise UserError("Give either --hostname or --local.")
    threshold_s = conf.getfloat("scheduler", "scheduler_health_check_threshold")
    since = utcnow() - timedelta(seconds=threshold_s)
    name = host.hostname() if args.local else args.hostname
    with open_store() as store, store.read() as conn:
        found = [
            row
            for job_type in ([args.job_type] if args.job_type else _TYPES)
            for row in job.list_alive(conn, job_type, since)
            if name is None or row.hostname == name
        ]
    found.sort(key=lambda row: row.heartbeat_at, reverse=True)
    n_alive = len(found[: args.limit] if args.limit > 0 else found)
    if n_alive == 0:
        raise UserError("No service is alive.")
    if n_alive > 1 and not args.allow_multiple:
        raise UserError(
            f"{n_alive} services are alive: use --allow-multiple if more than one may be."
        )
    print("One service is alive." if n_alive == 1 else f"{n_alive} services are alive.")


COMMANDS = (
    Command(
        "check",
        "Exit with 0 if a service's heartbeat is recent, else with 1",
        check,
        (
            arg("--job-type", choices=_TYPES, help="only this kind of service"),
            arg("--hostname", help="only on this host"),
            arg("--local", action="store_true", help="only on this machine"),
            arg("--limit", type=int, default=1, help="look at the newest N; 0: at all (default 1)"),
            arg("--allow-multiple", action="store_true", help="several may be alive"),
        ),
        "jobs check --job-type SchedulerJob --local",
    ),
)
