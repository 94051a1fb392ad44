"""What is said to running workers through the broker: list, shut down, change queues."""

from __future__ import annotations

import argparse
from typing import Any

from slipstream.cli.celery.extra import require
from slipstream.cli.command import OUTPUT, YES, Command, arg
from slipstream.errors import UserError

_TIMEOUT_S = 1.0


def list_workers(args: argparse.Namespace) -> None:
    from slipstream.cli.output import show

    found = _queues_by_worker(_app())
    rows = [{"worker_name": name, "queues": queues} for name, queues in sorted(found.items())]
    show(rows, args.output)


def shutdown_worker(args: argparse.Namespace) -> None:
    app = _app()
    _check_known(app, args.celery_hostname)
    app.control.shutdown(destination=[args.celery_hostname])
    print(f"{args.celery_hostname} ends when its tasks have.")


def shutdown_all_workers(args: argparse.Namespace) -> None:
    app = _app()
    if not args.yes:
        answer = input("This shuts down all Celery workers. Proceed? (y/n) ")
        if answer.strip().upper() not in ("Y", "YES"):
            raise UserError("Nothing was shut down.")
    app.control.shutdown()
    print("All workers end when their tasks have.")


def add_queue(args: argparse.Namespace) -> None:
    _for_each_queue(args, "add_consumer")
    print(f"{args.celery_hostname} serves {args.queues}, too.")


def remove_queue(args: argparse.Namespace) -> None:
    _for_each_queue(args, "cancel_consumer")
    print(f"{args.celery_hostname} no longer serves {args.queues}.")


def remove_all_queues(args: argparse.Namespace) -> None:
    app = _app()
    for queue in _check_known(app, args.celery_hostname):
        app.control.cancel_consumer(queue, destination=[args.celery_hostname])
    print(f"{args.celery_hostname} serves no queue any more.")


def _for_each_queue(args: argparse.Namespace, command: str) -> None:
    """Send the worker one of Celery's control commands for each queue that is named."""
    app = _app()
    _check_known(app, args.celery_hostname)
    for queue in _names(args.queues):
        getattr(app.control, command)(queue, destination=[args.celery_hostname])


def _app() -> Any:
    require("celery", "celery")
    from slipstream.executors.celery.app import create_app

    return create_app()


def _queues_by_worker(app: Any) -> dict[str, list[str]]:
    from kombu.exceptions import OperationalError

    connection = app.connection_for_write(connect_timeout=4)
    refusals = (*connection.connection_errors, *connection.channel_errors)
    try:
        with connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            inspect = app.control.inspect(timeout=_TIMEOUT_S, connection=connection)
            found = inspect.active_queues() or {}
    except (OperationalError, OSError, *refusals) as error:
        raise UserError(f"The broker does not answer: {error}") from error
    return {name: [queue["name"] for queue in queues] for name, queues in found.items()}


def _check_known(app: Any, name: str) -> list[str]:
    """Return the worker's queues; raise UserError unless it answers."""
    found = _queues_by_worker(app)
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise UserError(f"There is no worker {name!r}; those that answer: {known}.")
    return found[name]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


_WORKER = arg("-H", "--celery-hostname", required=True, metavar="NAME", help="which worker")
_QUEUES = arg("-q", "--queues", required=True, metavar="NAMES", help="separated by commas")

COMMANDS = (
    Command(
        "list-workers",
        "List the workers that answer, and their queues",
        list_workers,
        (OUTPUT,),
        "celery list-workers",
    ),
    Command(
        "shutdown-worker",
        "Stop a worker when its tasks have ended",
        shutdown_worker,
        (_WORKER,),
        "celery shutdown-worker -H celery@host",
    ),
    Command(
        "shutdown-all-workers",
        "Stop all workers when their tasks have ended",
        shutdown_all_workers,
        (YES,),
        "celery shutdown-all-workers --yes",
    ),
    Command(
        "add-queue",
        "Have a worker serve more queues",
        add_queue,
        (_WORKER, _QUEUES),
        "celery add-queue -H celery@host -q heavy",
    ),
    Command(
        "remove-queue",
        "Have a worker serve some queues no longer",
        remove_queue,
        (_WORKER, _QUEUES),
        "celery remove-queue -H celery@host -q heavy",
    ),
    Command(
        "remove-all-queues",
        "Have a worker serve no queue any more",
        remove_all_queues,
        (_WORKER,),
        "celery remove-all-queues -H celery@host",
    ),
)
