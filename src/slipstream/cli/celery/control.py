"""What is said to running workers through the broker: list, shut down, change queues."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from slipstream.cli.celery.extra import require
from slipstream.cli.command import OUTPUT, YES, Command, arg
from slipstream.cli.session import confirm
from slipstream.errors import UserError

_TIMEOUT_S = 1.0


def list_workers(args: argparse.Namespace) -> None:
    from slipstream.cli.output import show

    with _control() as control:
        found = _queues_by_worker(control)
    rows = [{"worker_name": name, "queues": queues} for name, queues in sorted(found.items())]
    show(rows, args.output)


def shutdown_worker(args: argparse.Namespace) -> None:
    name = args.celery_hostname
    with _control() as control:
        _check_known(control, name)
        control("shutdown", destination=[name])
    print(f"{name} ends when its tasks have.")


def shutdown_all_workers(args: argparse.Namespace) -> None:
    confirm("This shuts down all Celery workers.", args.yes)
    with _control() as control:
        control("shutdown")
    print("All workers end when their tasks have.")


def add_queue(args: argparse.Namespace) -> None:
    name, queues = args.celery_hostname, _names(args.queues)
    with _control() as control:
        _check_known(control, name)
        for queue in queues:
            control("add_consumer", {"queue": queue}, destination=[name])
    print(f"{name} serves {', '.join(queues)}, too.")


def remove_queue(args: argparse.Namespace) -> None:
    name, queues = args.celery_hostname, _names(args.queues)
    with _control() as control:
        served = _check_known(control, name)
        if unknown := [queue for queue in queues if queue not in served]:
            raise UserError(
                f"{name} does not serve {', '.join(unknown)}, but {', '.join(served) or 'no queue'}."
            )
        _cancel(control, name, queues)
    print(f"{name} no longer serves {', '.join(queues)}.")


def remove_all_queues(args: argparse.Namespace) -> None:
    name = args.celery_hostname
    with _control() as control:
        _cancel(control, name, _check_known(control, name))
    print(f"{name} serves no queue any more.")


def _cancel(control: Control, name: str, queues: list[str]) -> None:
    for queue in queues:
        control("cancel_consumer", {"queue": queue}, destination=[name])


class Control:
    """Celery's control commands, over one connection that is ours."""

    def __init__(self, app: Any, connection: Any) -> None:
        app.control.mailbox.producer_pool = None  # it would make connections of its own
        self._app = app
        self._connection = connection

    def __call__(self, command: str, arguments: dict[str, Any] | None = None, **to: Any) -> None:
        self._app.control.broadcast(command, arguments, connection=self._connection, **to)

    def inspect(self) -> Any:
        return self._app.control.inspect(timeout=_TIMEOUT_S, connection=self._connection)


@contextmanager
def _control() -> Iterator[Control]:
    """Yield what talks to the workers; raise UserError when the broker does not answer."""
    require("celery", "celery")
    from kombu.exceptions import OperationalError

    from slipstream.executors.celery.app import create_app

    app = create_app()
    connection = app.connection_for_write(connect_timeout=4)
    refusals = (*connection.connection_errors, *connection.channel_errors)
    try:
        with connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            yield Control(app, connection)
    except (OperationalError, OSError, *refusals) as error:
        raise UserError(f"The broker does not answer: {error}") from error


def _queues_by_worker(control: Control) -> dict[str, list[str]]:
    found = control.inspect().active_queues() or {}
    return {name: [queue["name"] for queue in queues] for name, queues in found.items()}


def _check_known(control: Control, name: str) -> list[str]:
    """Return the worker's queues; raise UserError unless it answers."""
    found = _queues_by_worker(control)
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise UserError(f"There is no worker {name!r}; those that answer: {known}.")
    return found[name]


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UserError(f"--queues is {text!r}; it must name a queue, or several by commas.")
    return names


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
