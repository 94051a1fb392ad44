"""``celery worker`` and ``celery stop``."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path

from slipstream.cli.celery.extra import require
from slipstream.cli.command import Command, arg
from slipstream.cli.service.process import SERVICE_ARGS, begin
from slipstream.config import conf
from slipstream.errors import UserError

_SERVICE = [each for each in SERVICE_ARGS if "--migrate" not in each.flags]


def run(args: argparse.Namespace) -> int:
    from slipstream.cli.service.daemon import went_to_background, write_pid

    require("celery", "celery")
    umask = _umask(args.umask)
    autoscale = _autoscale(args.autoscale)
    if args.concurrency is not None and args.concurrency < 1:
        raise UserError(f"--concurrency is {args.concurrency}; it must be 1 at least.")
    queues = _queues(args.queues)
    if went_to_background(args, "worker", command=["celery", "worker"], umask=umask):
        return 0
    begin(args, "celery")
    if umask:
        os.umask(int(umask, 8))
    from slipstream.executors.celery.worker import run_worker

    write_pid(args.pid or _pid_path(), "worker")
    return run_worker(
        queues=queues,
        concurrency=args.concurrency,
        autoscale=autoscale,
        hostname=args.celery_hostname,
    )


def stop(args: argparse.Namespace) -> None:
    from slipstream.cli.service.daemon import is_ours

    path = args.pid or _pid_path()
    try:
        pid = int(Path(path).read_text(encoding="utf-8"))
        if not 0 < pid < 2**31:  # 0 and less mean whole groups of processes, ours among them
            raise ValueError(pid)
        if not is_ours(pid):
            raise ProcessLookupError(pid)
        os.kill(pid, signal.SIGTERM)
    except FileNotFoundError:
        raise UserError(f"No worker runs here: there is no {path}.") from None
    except ValueError:
        raise UserError(f"{path} does not hold a process id.") from None
    except ProcessLookupError:
        Path(path).unlink(missing_ok=True)
        raise UserError(f"No worker runs here: the one in {path} is gone.") from None
    except OSError as error:
        raise UserError(f"The worker in {path} cannot be stopped: {error.strerror}.") from error
    print(f"The worker (pid {pid}) ends when its tasks have.")


def _umask(given: str | None) -> str | None:
    """Return the umask, in octal digits; raise UserError for anything else."""
    text = given or conf.get("celery", "worker_umask", fallback=None)
    if not text:
        return None
    try:
        if not 0 <= int(text, 8) <= 0o777:
            raise ValueError
    except ValueError:
        raise UserError(
            f"--umask ([celery] worker_umask) is {text!r}; it must be an octal number like 077"
        ) from None
    return text


def _autoscale(given: str | None) -> str | None:
    """Return ``MAX,MIN``; raise UserError for anything else."""
    text = given or conf.get("celery", "worker_autoscale", fallback=None)
    if not text:
        return None
    try:
        most, least = (int(part) for part in text.split(","))
        if not 0 <= least <= most or most < 1:
            raise ValueError
    except ValueError:
        raise UserError(
            f"--autoscale ([celery] worker_autoscale) is {text!r}; it must be like 16,4: at most 16 "
            "tasks at a time, and slots for 4 at least"
        ) from None
    return text


def _queues(given: str | None) -> list[str]:
    """Return the queues' names; raise UserError if there is none."""
    text = conf.get("operators", "default_queue") if given is None else given
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise UserError(f"--queues is {text!r}; it must name a queue, or several by commas.")
    return names


def _pid_path() -> str:
    return str(conf.home / "airflow-worker.pid")


WORKER = Command(
    "worker",
    "Start a Celery worker",
    run,
    (
        *_SERVICE,
        arg("-c", "--concurrency", type=int, metavar="N", help="tasks at a time"),
        arg("-q", "--queues", metavar="NAMES", help="queues to serve, separated by commas"),
        arg("-a", "--autoscale", metavar="MAX,MIN", help="tasks at a time, as many as there are"),
        arg(
            "-H", "--celery-hostname", metavar="NAME", help="the worker's name (%%h: this machine)"
        ),
        arg("-u", "--umask", metavar="OCTAL", help="umask of the worker and its tasks"),
        arg("--without-mingle", action="store_true", help="accepted: they never do"),
        arg("--without-gossip", action="store_true", help="accepted: they never do"),
        arg("-s", "--skip-serve-logs", action="store_true", help="accepted, unused"),
        arg("-t", "--team", help="accepted, unused"),
    ),
    "celery worker --queues default,heavy --concurrency 8",
)
STOP = Command(
    "stop",
    "Stop the worker of this machine when its tasks have ended",
    stop,
    (arg("--pid", metavar="FILE", help="where the worker's process id is"),),
    "celery stop",
)
