"""``jobs``: are the services alive? For container health checks."""

from __future__ import annotations

import argparse
import socket
from datetime import timedelta

from slipstream.cli.command import Command, arg
from slipstream.cli.session import open_store
from slipstream.config import conf
from slipstream.errors import UserError

_TYPES = ("SchedulerJob", "DagProcessorJob", "TriggererJob")


def check(args: argparse.Namespace) -> None:
    from slipstream.clock import utcnow
    from slipstream.store import job

    threshold_s = conf.getfloat("scheduler", "scheduler_health_check_threshold")
    since = utcnow() - timedelta(seconds=threshold_s)
    hostname = socket.gethostname() if args.local else args.hostname
    with open_store() as store, store.read() as conn:
        found = [
            row
            for job_type in ([args.job_type] if args.job_type else _TYPES)
            for row in job.list_alive(conn, job_type, since)
            if hostname is None or row.hostname == hostname
        ]
    if not found:
        raise UserError("No alive jobs found.")
    print(f"Found {len(found)} alive job{'s' if len(found) > 1 else ''}.")


COMMANDS = (
    Command(
        "check",
        "Exit with 0 if a service's heartbeat is recent, else with 1",
        check,
        (
            arg("--job-type", choices=_TYPES, help="only this kind of service"),
            arg("--hostname", help="only on this host"),
            arg("--local", action="store_true", help="only on this machine"),
            arg("--limit", type=int, default=1, help="how many to look at (default 1)"),
            arg("--allow-multiple", action="store_true", help="several may be alive"),
        ),
        "jobs check --job-type SchedulerJob --local",
    ),
)
